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
// Whether a failure is one of memory, by what a device's library says where it has no type of its own.
bool tells_shortage(const std::string &message) noexcept;
// Remembers which device ran short of memory, and of how much, by what its library says.
void note_shortage(const std::string &message) noexcept;

// Every fallible function of the interface runs its body through here.
template <typename Body> mt_status guard(Body &&body) noexcept {
    try {
        body();
        return MT_OK;
    } catch (const c10::OutOfMemoryError &error) {
        last_error() = error.what_without_backtrace();
        note_shortage(last_error());
        return MT_ERROR_OUT_OF_MEMORY;
    } catch (const c10::Error &error) {
        last_error() = error.what_without_backtrace();
        if (tells_shortage(last_error())) {
            note_shortage(last_error());
            return MT_ERROR_OUT_OF_MEMORY;
        }
        return MT_ERROR_TORCH;
    } catch (const std::bad_alloc &) {
        last_error() = "out of memory";
        note_shortage(last_error());
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

// The kind of a device; throws for one that the interface does not know.
mt_device_kind device_kind(at::Device device);

// Hands the tensor's reference to the caller.
inline mt_tensor wrap(at::Tensor tensor) {
    device_kind(tensor.device());
    return reinterpret_cast<mt_tensor>(tensor.unsafeReleaseTensorImpl());
}

inline at::IntArrayRef sizes(mt_shape shape) { return {shape.sizes, shape.count}; }

at::ScalarType scalar_type(mt_dtype dtype);
// Loads the library of a device's kind where that is still to be done.
at::Device device(mt_device device);
mt_device device(at::Device device);
at::Generator unwrap(mt_generator generator);

// Loads libtorch's library for CUDA unless it is there; says why there are no devices, or nothing.
const std::string &load_cuda();

// A tensor that an operation takes, absent for an optional one without a value.
struct Operand {
    const char *name;
    const at::Tensor *tensor;

    Operand(const char *name, const at::Tensor &tensor)
        : name(name), tensor(tensor.defined() ? &tensor : nullptr) {}
    Operand(const char *name, const std::optional<at::Tensor> &tensor)
        : name(name), tensor(tensor.has_value() ? &*tensor : nullptr) {}
};

// Throws unless all operands are on the CPU, naming the function, the operand and its device: for who
// goes on to read their memory.
void require_cpu(const char *function, std::initializer_list<Operand> operands);
// The same unless all operands are on one device; the meta device and the CPU count as one.
void require_together(const char *function, std::initializer_list<Operand> operands);

// A copy of a CPU tensor on the device, through pinned memory; see mt_tensor_upload.
at::Tensor uploaded(const at::Tensor &tensor, at::Device device);

// A parameter with moments in 8 bits; see moments.h.
struct MomentTensors {
    at::Tensor parameter, gradient, first, second, first_scales, second_scales;
};

// Whether this thread counts the memory of meta tensors.
bool counts_memory() noexcept;
// Whether it counts it as that of a device.
bool counts_device_memory() noexcept;
// Whether the tensor is on the CPU, or on the meta device as if it were.
inline bool acts_on_cpu(const at::Tensor &tensor) {
    return tensor.is_cpu() || (tensor.is_meta() && !counts_device_memory());
}

// Whether oneDNN's linear operator is there and faster with these operands than `at::linear`.
bool prefers_onednn(const at::Tensor &x, const at::Tensor &weight,
                    const std::optional<at::Tensor> &bias);
// x [..., in] times weight [out, in] transposed, any strides, by the faster way; no gradient.
at::Tensor product(const at::Tensor &x, const at::Tensor &weight,
                   const std::optional<at::Tensor> &bias = std::nullopt);

// out = expression, inside the boundary.
#define MT_RETURN(out, ...) return mipha::guard([&] { *(out) = mipha::wrap(__VA_ARGS__); })

} // namespace mipha
