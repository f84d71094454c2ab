// Shared by the translation units of the shim: handle conversion and the one exception boundary.
#pragma once

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#pragma clang diagnostic pop

#include <string>
#include <vector>

#include "CMiphaTorch.h"

#pragma clang diagnostic error "-Wall"
#pragma clang diagnostic error "-Wextra"
#pragma clang diagnostic error "-Wconversion-null"

namespace mipha {

std::string &last_error() noexcept;

// Every fallible function of the interface runs its body through here.
template <typename Body> mt_status guard(Body &&body) noexcept {
    try {
        body();
        return MT_OK;
    } catch (const c10::OutOfMemoryError &error) {
        last_error() = error.what_without_backtrace();
        return MT_ERROR_OUT_OF_MEMORY;
    } catch (const c10::Error &error) {
        last_error() = error.what_without_backtrace();
        return MT_ERROR_TORCH;
    } catch (const std::bad_alloc &) {
        last_error() = "out of memory";
        return MT_ERROR_OUT_OF_MEMORY;
    } catch (const std::invalid_argument &error) {
        last_error() = error.what();
        return MT_ERROR_INVALID_ARGUMENT;
    } catch (const std::exception &error) {
        last_error() = error.what();
        return MT_ERROR_TORCH;
    } catch (...) {
        last_error() = "an exception of unknown type";
        return MT_ERROR_INTERNAL;
    }
}

inline at::TensorImpl *implementation(mt_tensor tensor) noexcept {
    return reinterpret_cast<at::TensorImpl *>(tensor);
}

// Borrows: the handle keeps its reference, the result holds one more.
inline at::Tensor unwrap(mt_tensor tensor) {
    return at::Tensor(
        c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim_copy(
            implementation(tensor)));
}

inline std::optional<at::Tensor> unwrap_optional(mt_tensor tensor) {
    return tensor == nullptr ? std::nullopt : std::optional<at::Tensor>(unwrap(tensor));
}

inline std::vector<at::Tensor> unwrap_all(const mt_tensor *tensors, size_t count) {
    std::vector<at::Tensor> result;
    result.reserve(count);
    for (size_t i = 0; i < count; i++) {
        result.push_back(unwrap(tensors[i]));
    }
    return result;
}

// Hands the tensor's reference to the caller.
inline mt_tensor wrap(at::Tensor tensor) {
    return reinterpret_cast<mt_tensor>(tensor.unsafeReleaseTensorImpl());
}

inline at::IntArrayRef sizes(mt_shape shape) { return {shape.sizes, shape.count}; }

at::ScalarType scalar_type(mt_dtype dtype);
at::Device device(mt_device device);
at::Generator unwrap(mt_generator generator);

// Whether this thread counts the memory of meta tensors.
bool counts_memory() noexcept;
// Whether the tensor is on the CPU, or on the meta device as if it were.
inline bool acts_on_cpu(const at::Tensor &tensor) { return tensor.is_cpu() || tensor.is_meta(); }

// Whether oneDNN's linear operator is there and faster with these operands than `at::linear`.
bool prefers_onednn(const at::Tensor &x, const at::Tensor &weight,
                    const std::optional<at::Tensor> &bias);
// x [..., in] times weight [out, in] transposed, any strides, by the faster way; no gradient.
at::Tensor product(const at::Tensor &x, const at::Tensor &weight,
                   const std::optional<at::Tensor> &bias = std::nullopt);

// out = expression, inside the boundary.
#define MT_RETURN(out, ...) return mipha::guard([&] { *(out) = mipha::wrap(__VA_ARGS__); })

} // namespace mipha
