// Shape and arithmetic.
#include "internal.h"

#include <algorithm>
#include <cmath>

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

namespace {

// Accumulated in float64, piece by piece: the reduction copies its input to that.
double norm_on_cpu(const std::vector<at::Tensor> &tensors) {
    constexpr int64_t longest = 1 << 22;
    double sum = 0;
    for (const at::Tensor &tensor : tensors) {
        const at::Tensor flat = tensor.reshape({-1});
        for (int64_t start = 0; start < flat.numel(); start += longest) {
            const at::Tensor part = flat.narrow(0, start, std::min(longest, flat.numel() - start));
            if (part.is_meta()) {
                part.to(at::kDouble);
                continue;
            }
            const double norm =
                at::linalg_vector_norm(part, 2, std::nullopt, false, at::kDouble).item<double>();
            sum += norm * norm;
        }
    }
    return std::sqrt(sum);
}

bool all_on_cpu(const std::vector<at::Tensor> &tensors) {
    return std::all_of(tensors.begin(), tensors.end(), mipha::acts_on_cpu);
}

void require_one_device(const char *function, const std::vector<at::Tensor> &tensors) {
    for (const at::Tensor &tensor : tensors) {
        mipha::require_together(function, {{"the first tensor", tensors[0]}, {"another", tensor}});
    }
}

} // namespace

mt_status mt_tensors_norm(const mt_tensor *tensors, size_t count, mt_tensor *out) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        std::vector<at::Tensor> all = mipha::unwrap_all(tensors, count);
        require_one_device("norm", all);
        if (all_on_cpu(all)) {
            *out = mipha::wrap(at::full({}, norm_on_cpu(all), at::kDouble));
            return;
        }
        const at::TensorOptions options = all[0].options().dtype(at::kFloat);
        all.erase(std::remove_if(all.begin(), all.end(),
                                 [](const at::Tensor &one) { return one.numel() == 0; }),
                  all.end());
        *out = mipha::wrap(all.empty() ? at::zeros({}, options)
                                       : at::linalg_vector_norm(
                                             at::stack(at::_foreach_norm(all, 2, at::kFloat)), 2));
    });
}

mt_status mt_tensors_scale_(const mt_tensor *tensors, size_t count, double factor) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        if (count > 0) {
            at::_foreach_mul_(mipha::unwrap_all(tensors, count), factor);
        }
    });
}

mt_status mt_tensors_add_scalar_(const mt_tensor *tensors, size_t count, double value) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        if (count > 0) {
            at::_foreach_add_(mipha::unwrap_all(tensors, count), value);
        }
    });
}
