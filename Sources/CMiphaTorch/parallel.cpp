// Loops over libtorch's own threads.
#include "parallel.h"
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>
#pragma clang diagnostic pop

void mipha::parallel_for(int64_t count, int64_t grain,
                         c10::function_ref<void(int64_t, int64_t)> body) {
    if (count <= grain) {
        if (count > 0) {
            body(0, count);
        }
        return;
    }
    // An iterator over tensors divides its elements among threads within the library. Nothing is read
    // or written: the address of an element is its number.
    const at::Tensor numbers = at::empty({count}, at::kByte);
    const char *start = static_cast<const char *>(numbers.const_data_ptr());
    at::TensorIterator iterator = at::TensorIterator::borrowing_nullary_op(numbers);
    iterator.for_each(
        [&](char **data, const int64_t * /*strides*/, int64_t width, int64_t height) {
            const int64_t begin = data[0] - start;
            body(begin, begin + width * height);
        },
        grain);
}
