// Creation, information, movement, in-place updates and autograd state of tensors.
#include "internal.h"

#include <cstring>

namespace mipha {

at::ScalarType scalar_type(mt_dtype dtype) {
    switch (dtype) {
    case MT_FLOAT32: return at::kFloat;
    case MT_FLOAT64: return at::kDouble;
    case MT_FLOAT16: return at::kHalf;
    case MT_BFLOAT16: return at::kBFloat16;
    case MT_FLOAT8_E4M3: return at::kFloat8_e4m3fn;
    case MT_FLOAT8_E5M2: return at::kFloat8_e5m2;
    case MT_INT64: return at::kLong;
    case MT_INT32: return at::kInt;
    case MT_INT16: return at::kShort;
    case MT_INT8: return at::kChar;
    case MT_UINT64: return at::kUInt64;
    case MT_UINT32: return at::kUInt32;
    case MT_UINT16: return at::kUInt16;
    case MT_UINT8: return at::kByte;
    case MT_BOOL: return at::kBool;
    }
    throw std::invalid_argument("unknown dtype");
}

} // namespace mipha

using mipha::guard;
using mipha::implementation;
using mipha::unwrap;

static at::TensorOptions options(mt_dtype dtype, mt_device device) {
    return at::TensorOptions().dtype(mipha::scalar_type(dtype)).device(mipha::device(device));
}

static at::Tensor drawn_from(mt_generator generator, mt_shape shape) {
    return at::empty(mipha::sizes(shape),
                     at::TensorOptions(at::kFloat).device(unwrap(generator).device()));
}

void mt_tensor_free(mt_tensor tensor) {
    if (tensor != nullptr) {
        c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
            implementation(tensor));
    }
}

mt_status mt_tensor_from_bytes(const void *bytes, size_t count, mt_shape shape, mt_dtype dtype,
                               mt_device device, mt_tensor *out) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        at::Tensor tensor = at::empty(mipha::sizes(shape), mipha::scalar_type(dtype));
        if (tensor.nbytes() != count) {
            throw std::invalid_argument("expected " + std::to_string(tensor.nbytes()) +
                                        " bytes for this shape and dtype, found " +
                                        std::to_string(count));
        }
        if (count > 0) {
            std::memcpy(tensor.mutable_data_ptr(), bytes, count);
        }
        *out = mipha::wrap(target.is_cpu() ? std::move(tensor) : tensor.to(target));
    });
}

mt_status mt_tensor_from_blob(const void *bytes, mt_shape shape, mt_dtype dtype,
                              void (*deleter)(void *), void *context, mt_tensor *out) {
    return guard([&] {
        *out = mipha::wrap(at::from_blob(
            const_cast<void *>(bytes), mipha::sizes(shape),
            [deleter, context](void *) { deleter(context); },
            at::TensorOptions().dtype(mipha::scalar_type(dtype))));
    });
}

mt_status mt_tensor_empty(mt_shape shape, mt_dtype dtype, mt_device device, mt_tensor *out) {
    MT_RETURN(out, at::empty(mipha::sizes(shape), options(dtype, device)));
}

mt_status mt_tensor_full(mt_shape shape, double value, mt_dtype dtype, mt_device device,
                         mt_tensor *out) {
    MT_RETURN(out, at::full(mipha::sizes(shape), value, options(dtype, device)));
}

mt_status mt_tensor_normal(mt_shape shape, double mean, double deviation, mt_generator generator,
                           mt_dtype dtype, mt_device device, mt_tensor *out) {
    MT_RETURN(out, drawn_from(generator, shape)
                       .normal_(mean, deviation, unwrap(generator))
                       .to(options(dtype, device)));
}

mt_status mt_tensor_uniform(mt_shape shape, double low, double high, mt_generator generator,
                            mt_dtype dtype, mt_device device, mt_tensor *out) {
    MT_RETURN(out, drawn_from(generator, shape)
                       .uniform_(low, high, unwrap(generator))
                       .to(options(dtype, device)));
}

mt_dtype mt_tensor_dtype(mt_tensor tensor) {
    switch (c10::typeMetaToScalarType(implementation(tensor)->dtype())) {
    case at::kFloat: return MT_FLOAT32;
    case at::kDouble: return MT_FLOAT64;
    case at::kHalf: return MT_FLOAT16;
    case at::kBFloat16: return MT_BFLOAT16;
    case at::kFloat8_e4m3fn: return MT_FLOAT8_E4M3;
    case at::kFloat8_e5m2: return MT_FLOAT8_E5M2;
    case at::kLong: return MT_INT64;
    case at::kInt: return MT_INT32;
    case at::kShort: return MT_INT16;
    case at::kChar: return MT_INT8;
    case at::kUInt64: return MT_UINT64;
    case at::kUInt32: return MT_UINT32;
    case at::kUInt16: return MT_UINT16;
    case at::kByte: return MT_UINT8;
    default: return MT_BOOL;
    }
}

mt_device mt_tensor_device(mt_tensor tensor) {
    return mipha::device(implementation(tensor)->device());
}

size_t mt_tensor_rank(mt_tensor tensor) {
    return static_cast<size_t>(implementation(tensor)->dim());
}

int64_t mt_tensor_size(mt_tensor tensor, size_t dimension) {
    const at::IntArrayRef sizes = implementation(tensor)->sizes();
    return dimension < sizes.size() ? sizes[dimension] : 1;
}

int64_t mt_tensor_element_count(mt_tensor tensor) { return implementation(tensor)->numel(); }

bool mt_tensor_is_contiguous(mt_tensor tensor) { return implementation(tensor)->is_contiguous(); }

const void *mt_tensor_data(mt_tensor tensor) {
    return implementation(tensor)->is_cpu() ? implementation(tensor)->data() : nullptr;
}

mt_status mt_tensor_to(mt_tensor tensor, mt_dtype dtype, mt_device device, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).to(mipha::device(device), mipha::scalar_type(dtype)));
}

mt_status mt_tensor_contiguous(mt_tensor tensor, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).contiguous());
}

mt_status mt_tensor_clone(mt_tensor tensor, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).clone(at::MemoryFormat::Contiguous));
}

mt_status mt_tensor_copy_out(mt_tensor tensor, void *bytes, size_t count) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor source = unwrap(tensor);
        const bool is_counted = source.is_meta() && mipha::counts_memory();
        const at::Tensor dense = is_counted
                                     ? at::zeros(source.sizes(), source.options().device(at::kCPU))
                                     : source.to(at::kCPU).contiguous();
        if (dense.nbytes() != count) {
            throw std::invalid_argument("the buffer has " + std::to_string(count) +
                                        " bytes, the tensor " + std::to_string(dense.nbytes()));
        }
        if (count > 0) {
            std::memcpy(bytes, dense.const_data_ptr(), count);
        }
    });
}

mt_status mt_tensor_copy_(mt_tensor target, mt_tensor source) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        unwrap(target).copy_(unwrap(source));
    });
}

mt_status mt_tensor_copy_rows_(mt_tensor target, mt_tensor indices, mt_tensor source) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor rows = unwrap(target), places = unwrap(indices), values = unwrap(source);
        mipha::require_together("assign rows",
                                {{"target", rows}, {"indices", places}, {"source", values}});
        rows.index_copy_(0, places, values);
    });
}

mt_status mt_tensor_zero_(mt_tensor target) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        unwrap(target).zero_();
    });
}

mt_status mt_tensor_add_(mt_tensor target, mt_tensor other, double alpha) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor sum = unwrap(target);
        at::Tensor part = unwrap(other);
        mipha::require_together("accumulate", {{"target", sum}, {"other", part}});
        if (mipha::acts_on_cpu(sum) &&
            c10::promoteTypes(sum.scalar_type(), part.scalar_type()) == sum.scalar_type()) {
            part = part.to(sum.scalar_type()); // as the addition does, but its memory is counted
        }
        sum.add_(part, alpha);
    });
}

mt_status mt_tensor_scale_(mt_tensor target, double factor) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        unwrap(target).mul_(factor);
    });
}

bool mt_tensor_requires_grad(mt_tensor tensor) { return implementation(tensor)->requires_grad(); }

mt_status mt_tensor_set_requires_grad(mt_tensor tensor, bool value) {
    return guard([&] { unwrap(tensor).requires_grad_(value); });
}

mt_status mt_tensor_grad(mt_tensor tensor, mt_tensor *out) {
    return guard([&] {
        at::Tensor gradient = unwrap(tensor).grad();
        *out = gradient.defined() ? mipha::wrap(std::move(gradient)) : nullptr;
    });
}

mt_status mt_tensor_set_grad(mt_tensor tensor, mt_tensor gradient_or_null) {
    return guard([&] {
        unwrap(tensor).mutable_grad() =
            gradient_or_null == nullptr ? at::Tensor() : unwrap(gradient_or_null);
    });
}

mt_status mt_tensor_detach(mt_tensor tensor, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).detach());
}

mt_status mt_tensor_backward(mt_tensor output, mt_tensor gradient_or_null) {
    return guard([&] {
        unwrap(output).backward(
            gradient_or_null == nullptr ? at::Tensor() : unwrap(gradient_or_null));
    });
}
