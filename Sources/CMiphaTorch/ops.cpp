// Shape and arithmetic.
#include "internal.h"

using mipha::guard;
using mipha::sizes;
using mipha::unwrap;

mt_status mt_tensor_reshape(mt_tensor tensor, mt_shape shape, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).reshape(sizes(shape)));
}

mt_status mt_tensor_permute(mt_tensor tensor, mt_shape order, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).permute(sizes(order)));
}

mt_status mt_tensor_transpose(mt_tensor tensor, int64_t a, int64_t b, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).transpose(a, b));
}

mt_status mt_tensor_narrow(mt_tensor tensor, int64_t dimension, int64_t start, int64_t length,
                           mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).narrow(dimension, start, length));
}

mt_status mt_tensor_cat(const mt_tensor *tensors, size_t count, int64_t dimension, mt_tensor *out) {
    MT_RETURN(out, at::cat(mipha::unwrap_all(tensors, count), dimension));
}

mt_status mt_tensor_index_select(mt_tensor tensor, int64_t dimension, mt_tensor indices,
                                 mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).index_select(dimension, unwrap(indices)));
}

mt_status mt_tensor_add(mt_tensor a, mt_tensor b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).add(unwrap(b)));
}

mt_status mt_tensor_sub(mt_tensor a, mt_tensor b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).sub(unwrap(b)));
}

mt_status mt_tensor_mul(mt_tensor a, mt_tensor b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).mul(unwrap(b)));
}

mt_status mt_tensor_div(mt_tensor a, mt_tensor b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).div(unwrap(b)));
}

mt_status mt_tensor_add_scalar(mt_tensor a, double b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).add(b));
}

mt_status mt_tensor_mul_scalar(mt_tensor a, double b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).mul(b));
}

mt_status mt_tensor_matmul(mt_tensor a, mt_tensor b, mt_tensor *out) {
    MT_RETURN(out, unwrap(a).matmul(unwrap(b)));
}

mt_status mt_tensor_sum(mt_tensor tensor, mt_tensor *out) { MT_RETURN(out, unwrap(tensor).sum()); }

mt_status mt_tensor_abs_max(mt_tensor tensor, double *out) {
    return guard([&] {
        const at::Tensor values = unwrap(tensor);
        *out = values.numel() == 0 ? 0 : values.abs().max().item<double>();
    });
}

mt_status mt_tensor_softmax(mt_tensor tensor, int64_t dimension, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).softmax(dimension));
}

mt_status mt_tensor_log_softmax(mt_tensor tensor, int64_t dimension, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).log_softmax(dimension));
}

mt_status mt_tensor_argmax(mt_tensor tensor, int64_t dimension, mt_tensor *out) {
    MT_RETURN(out, unwrap(tensor).argmax(dimension));
}

mt_status mt_tensor_topk(mt_tensor tensor, int64_t count, mt_tensor *values, mt_tensor *indices) {
    return guard([&] {
        auto [best, places] = unwrap(tensor).topk(count);
        *values = mipha::wrap(std::move(best));
        *indices = mipha::wrap(std::move(places));
    });
}

mt_status mt_tensors_norm(const mt_tensor *tensors, size_t count, double *out) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        constexpr int64_t longest = 1 << 22; // the reduction copies its input to float64
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            const at::Tensor flat = unwrap(tensors[i]).reshape({-1});
            for (int64_t start = 0; start < flat.numel(); start += longest) {
                const at::Tensor part =
                    flat.narrow(0, start, std::min(longest, flat.numel() - start));
                if (part.is_meta()) {
                    part.to(at::kDouble);
                    continue;
                }
                const double norm =
                    at::linalg_vector_norm(part, 2, std::nullopt, false, at::kDouble)
                        .item<double>();
                sum += norm * norm;
            }
        }
        *out = std::sqrt(sum);
    });
}
