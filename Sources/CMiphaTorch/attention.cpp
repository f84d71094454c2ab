// Scaled dot-product attention, whole and in parts.
#include "internal.h"

#include <limits>

using mipha::guard;
using mipha::unwrap;
using mipha::unwrap_optional;

namespace {

struct Operands {
    at::Tensor queries, keys, values;
};

// The fused kernel takes the number of keys from k and never looks at v's.
Operands operands(mt_tensor q, mt_tensor k, mt_tensor v) {
    Operands all{unwrap(q), unwrap(k), unwrap(v)};
    if (all.queries.dim() != 4 || all.keys.dim() != 4 || all.values.dim() != 4 ||
        all.keys.sizes().slice(0, 3) != all.values.sizes().slice(0, 3) ||
        all.keys.sizes().slice(0, 2) != all.queries.sizes().slice(0, 2)) {
        throw std::invalid_argument("queries, keys and values do not fit together");
    }
    return all;
}

// 0 where a boolean mask is true, minus infinity elsewhere.
at::Tensor additive(const at::Tensor &mask, at::ScalarType dtype) {
    if (mask.scalar_type() != at::kBool) {
        return mask.to(dtype);
    }
    if (mask.is_meta()) {
        return at::empty(mask.sizes(), mask.options().dtype(dtype));
    }
    return at::zeros(mask.sizes(), mask.options().dtype(dtype))
        .masked_fill_(mask.logical_not(), -std::numeric_limits<double>::infinity());
}

// The definition in float32, for devices without a fused kernel that gives the sums too.
std::tuple<at::Tensor, at::Tensor> composed(const Operands &all,
                                            const std::optional<at::Tensor> &mask, bool causal,
                                            double scale) {
    at::Tensor scores = at::matmul(all.queries.to(at::kFloat),
                                   all.keys.to(at::kFloat).transpose(-2, -1))
                            .mul_(scale);
    if (mask.has_value()) {
        scores = scores + additive(*mask, at::kFloat);
    }
    if (causal) {
        const at::Tensor sees =
            at::ones({scores.size(-2), scores.size(-1)}, scores.options().dtype(at::kBool)).tril();
        scores = scores + additive(sees, at::kFloat);
    }
    const at::Tensor sums = scores.logsumexp(-1);
    const at::Tensor shares = (scores - sums.unsqueeze(-1)).exp();
    return {at::matmul(shares, all.values.to(at::kFloat)).to(all.queries.scalar_type()), sums};
}

} // namespace

mt_status mt_attention(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null, bool causal,
                       double scale, mt_tensor *out) {
    return guard([&] {
        const Operands all = operands(q, k, v);
        if (causal && mask_or_null != nullptr) {
            throw std::invalid_argument("causal attention takes no mask");
        }
        if (all.queries.is_meta()) { // what the CPU chooses
            std::optional<at::Tensor> mask = unwrap_optional(mask_or_null);
            if (mask.has_value()) {
                mask = additive(*mask, all.queries.scalar_type());
            }
            *out = mipha::wrap(std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
                all.queries, all.keys, all.values, /*dropout_p=*/0.0, causal, mask, scale)));
            return;
        }
        *out = mipha::wrap(at::scaled_dot_product_attention(
            all.queries, all.keys, all.values, unwrap_optional(mask_or_null), /*dropout_p=*/0.0,
            causal, scale));
    });
}

mt_status mt_attention_part(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null,
                            bool causal, double scale, mt_tensor *out, mt_tensor *sums) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const Operands all = operands(q, k, v);
        std::optional<at::Tensor> mask = unwrap_optional(mask_or_null);
        if (causal && mask.has_value()) {
            throw std::invalid_argument("causal attention takes no mask");
        }
        if (all.queries.numel() == 0 || all.keys.numel() == 0) {
            throw std::invalid_argument("attention in parts needs at least one query and one key");
        }
        if (all.queries.scalar_type() != all.keys.scalar_type() ||
            all.queries.scalar_type() != all.values.scalar_type() ||
            all.queries.size(3) != all.keys.size(3) || all.queries.size(3) != all.values.size(3)) {
            throw std::invalid_argument("queries, keys and values do not fit together");
        }
        at::Tensor mixed, exponents;
        if (mipha::acts_on_cpu(all.queries)) {
            if (mask.has_value()) {
                mask = additive(*mask, all.queries.scalar_type());
            }
            std::tie(mixed, exponents) = at::_scaled_dot_product_flash_attention_for_cpu(
                all.queries, all.keys, all.values, /*dropout_p=*/0.0, causal, mask, scale);
        } else {
            std::tie(mixed, exponents) = composed(all, mask, causal, scale);
        }
        exponents = exponents.to(at::kFloat);
        *out = mipha::wrap(std::move(mixed));
        *sums = mipha::wrap(std::move(exponents));
    });
}

mt_status mt_attention_join(mt_tensor a, mt_tensor a_sums, mt_tensor b, mt_tensor b_sums,
                            mt_tensor *out) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor first = unwrap(a), second = unwrap(b);
        const at::Tensor first_sums = unwrap(a_sums), second_sums = unwrap(b_sums);
        if (first.sizes() != second.sizes() || first_sums.sizes() != second_sums.sizes() ||
            first.dim() < 1 || first_sums.sizes() != first.sizes().slice(0, first.dim() - 1)) {
            throw std::invalid_argument("the parts do not fit together");
        }
        // e^a / (e^a + e^b), which is 0 for a part without keys.
        const at::Tensor share = (first_sums - second_sums).sigmoid().unsqueeze(-1);
        *out = mipha::wrap(second.to(at::kFloat)
                               .lerp(first.to(at::kFloat), share)
                               .to(first.scalar_type()));
    });
}
