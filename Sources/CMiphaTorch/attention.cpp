// Scaled dot-product attention, whole and in parts.
#include "bfloat16.h"
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/core/dispatch/Dispatcher.h>
#pragma clang diagnostic pop

#include <limits>
#include <map>
#include <mutex>

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
        all.keys.size(0) != all.queries.size(0) || all.keys.size(1) == 0 ||
        all.queries.size(1) % all.keys.size(1) != 0) {
        throw std::invalid_argument("queries, keys and values do not fit together");
    }
    mipha::require_together("attention", {{"queries", all.queries},
                                          {"keys", all.keys},
                                          {"values", all.values}});
    return all;
}

// The operands in the type in which this device multiplies fastest.
Operands computing(const Operands &all) {
    return mipha::computes_in_float(all.queries)
               ? Operands{all.queries.to(at::kFloat), all.keys.to(at::kFloat),
                          all.values.to(at::kFloat)}
               : all;
}

std::optional<at::Tensor> checked_mask(mt_tensor mask_or_null, const Operands &all) {
    std::optional<at::Tensor> mask = unwrap_optional(mask_or_null);
    mipha::require_together("attention", {{"queries", all.queries}, {"the mask", mask}});
    return mask;
}

// x [batch, heads, tokens, width] with every head repeated.
at::Tensor repeated(const at::Tensor &x, int64_t times) {
    return x.unsqueeze(2)
        .expand({x.size(0), x.size(1), times, x.size(2), x.size(3)})
        .reshape({x.size(0), x.size(1) * times, x.size(2), x.size(3)});
}

// The operands with as many heads of keys as of queries. Where a mask treats all queries alike, the
// queries that share a head become queries of that head, and nothing else is copied.
Operands evened(const Operands &all, const std::optional<at::Tensor> &mask, bool causal) {
    const int64_t heads = all.keys.size(1), times = all.queries.size(1) / heads;
    if (times == 1) {
        return all;
    }
    const bool is_even = !mask.has_value() || (mask->dim() == 4 && mask->size(1) == 1 &&
                                               mask->size(2) == 1);
    if (is_even && !causal) {
        return {all.queries.reshape({all.queries.size(0), heads, times * all.queries.size(2),
                                     all.queries.size(3)}),
                all.keys, all.values};
    }
    return {all.queries, repeated(all.keys, times), repeated(all.values, times)};
}

// A result [batch, heads of keys, times * tokens, ...] of folded queries by their own heads.
at::Tensor unfolded(const at::Tensor &result, const at::Tensor &queries) {
    at::DimVector sizes(result.sizes());
    sizes[1] = queries.size(1);
    sizes[2] = queries.size(2);
    return result.sizes() == at::IntArrayRef(sizes) ? result : result.reshape(sizes);
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

// The definition, for devices without a fused kernel that gives the sums too, and for capped scores.
std::tuple<at::Tensor, at::Tensor> composed(const Operands &all,
                                            const std::optional<at::Tensor> &mask, bool causal,
                                            double scale, double softcap = 0) {
    const at::ScalarType computing =
        all.queries.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const int64_t times = all.queries.size(1) / all.keys.size(1);
    // On a device the queries that share a head are rows of one product, and no head is copied.
    const bool folds = times > 1 && !mipha::acts_on_cpu(all.queries);
    const bool repeats = times > 1 && !folds;
    const at::Tensor keys = repeats ? repeated(all.keys, times) : all.keys;
    const at::Tensor values = repeats ? repeated(all.values, times) : all.values;
    const at::Tensor queries =
        folds ? all.queries.reshape({all.queries.size(0), all.keys.size(1),
                                     times * all.queries.size(2), all.queries.size(3)})
              : all.queries;
    at::Tensor scores =
        at::matmul(queries.to(computing), keys.to(computing).transpose(-2, -1)).mul(scale);
    if (folds) {
        scores = unfolded(scores, all.queries);
    }
    if (softcap != 0) {
        scores = scores.div(softcap).tanh().mul(softcap);
    }
    const double nothing = -std::numeric_limits<double>::infinity();
    if (mask.has_value()) { // filling, unlike adding, stops the gradient of a query without keys
        scores = mask->scalar_type() == at::kBool ? scores.masked_fill(mask->bitwise_not(), nothing)
                                                  : scores + mask->to(computing);
    }
    if (causal) {
        const at::Tensor hidden =
            at::ones({scores.size(-2), scores.size(-1)}, scores.options().dtype(at::kBool)).triu(1);
        scores = scores.masked_fill(hidden, nothing);
    }
    const at::Tensor sums = scores.logsumexp(-1);
    at::Tensor shares = (scores - sums.masked_fill(sums.eq(nothing), 0).unsqueeze(-1)).exp();
    if (folds) {
        shares = shares.reshape({shares.size(0), keys.size(1), queries.size(2), shares.size(3)});
    }
    const at::Tensor mixed = at::matmul(shares, values.to(computing)).to(queries.scalar_type());
    return {unfolded(mixed, all.queries), sums};
}

// Whether the device itself has a kernel for one of libtorch's operators.
bool has_kernel(const std::optional<c10::OperatorHandle> &found, const at::Tensor &tensor) {
    const c10::DispatchKey key = c10::computeDispatchKey(
        tensor.scalar_type(), std::nullopt, tensor.device());
    return found.has_value() && found->hasKernelForDispatchKey(key);
}

std::optional<c10::OperatorHandle> find_operator(const char *name) {
    return c10::Dispatcher::singleton().findSchema({name, ""});
}

bool is_half(const at::Tensor &tensor) {
    return tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
}

// The kernels of a device's own, as its `_fused_sdp_choice` numbers them.
enum class Fused : int64_t { none = 0, flash = 1, efficient = 2, cudnn = 3 };

// What the device itself chooses for operands of a type: a library has kernels that a card of its kind
// cannot run. Asked once, of operands that every kernel takes.
Fused chosen_kernel(at::Device device, at::ScalarType type, bool is_masked) {
    static std::mutex mutex;
    static auto *const known = new std::map<std::tuple<std::string, at::ScalarType, bool>, Fused>;
    const std::lock_guard<std::mutex> lock(mutex);
    const auto key = std::make_tuple(device.str(), type, is_masked);
    const auto found = known->find(key);
    if (found != known->end()) {
        return found->second;
    }
    const c10::NoGradGuard unrecorded;
    const at::Tensor x = at::empty({1, 1, 16, 64}, at::TensorOptions(type).device(device));
    std::optional<at::Tensor> mask;
    if (is_masked) {
        mask = at::empty({1, 1, 16, 16}, x.options());
    }
    Fused choice = Fused::none;
    try {
        choice = static_cast<Fused>(at::_fused_sdp_choice(x, x, x, mask));
    } catch (const c10::Error &) { // a device that is not asked, or whose choice is none
    }
    (*known)[key] = choice;
    return choice;
}

// Whether the device runs the kernel without a mask: what cuDNN's takes, so does it.
bool has_flash(const at::Tensor &tensor) {
    static const auto flash = find_operator("aten::_scaled_dot_product_flash_attention");
    if (!is_half(tensor) || !has_kernel(flash, tensor)) {
        return false;
    }
    const Fused choice =
        chosen_kernel(tensor.device(), tensor.scalar_type(), /*is_masked=*/false);
    return choice == Fused::flash || choice == Fused::cudnn;
}

bool has_efficient(const at::Tensor &tensor, bool is_masked) {
    static const auto efficient = find_operator("aten::_scaled_dot_product_efficient_attention");
    return has_kernel(efficient, tensor) &&
           chosen_kernel(tensor.device(), tensor.scalar_type(), is_masked) != Fused::none;
}

// A mask for the fused kernel, whose rows begin at multiples of 16 elements.
at::Tensor aligned_mask(const at::Tensor &mask, const Operands &all) {
    constexpr int64_t step = 16;
    const int64_t keys = all.keys.size(2);
    at::Tensor added = additive(mask, all.queries.scalar_type());
    added = added.expand({added.size(0), added.size(1), added.size(2), keys});
    if (keys % step != 0) {
        added = at::constant_pad_nd(added, {0, step - keys % step}).narrow(3, 0, keys);
    }
    return added.expand({all.queries.size(0), all.queries.size(1), all.queries.size(2), keys});
}

// One of a device's fused kernels, which read keys and values as they are; nothing where none fits.
std::optional<std::tuple<at::Tensor, at::Tensor>>
fused(const Operands &all, const std::optional<at::Tensor> &mask, bool causal, double scale) {
    const at::ScalarType type = all.queries.scalar_type();
    const int64_t width = all.queries.size(3), tokens = all.queries.size(2);
    const bool is_square = tokens == all.keys.size(2); // else kernels differ in what causal means
    if ((!is_half(all.queries) && type != at::kFloat) || width % 8 != 0 || width > 256 ||
        (causal && !is_square) || (mask.has_value() && mask->dim() != 4)) {
        return std::nullopt;
    }
    const bool is_flash = !mask.has_value() && has_flash(all.queries);
    if (!is_flash && !has_efficient(all.queries, mask.has_value())) {
        return std::nullopt;
    }
    const Operands even = evened(all, mask, causal);
    if (is_flash) {
        const auto result = at::_scaled_dot_product_flash_attention(
            even.queries, even.keys, even.values, /*dropout_p=*/0.0, causal,
            /*return_debug_mask=*/false, scale);
        return std::make_tuple(unfolded(std::get<0>(result), all.queries),
                               unfolded(std::get<1>(result), all.queries));
    }
    std::optional<at::Tensor> added;
    if (mask.has_value()) {
        added = aligned_mask(*mask, even);
    }
    const auto result = at::_scaled_dot_product_efficient_attention(
        even.queries, even.keys, even.values, added, /*compute_log_sumexp=*/true,
        /*dropout_p=*/0.0, causal, scale);
    const at::Tensor sums = std::get<1>(result).narrow(2, 0, even.queries.size(2));
    return std::make_tuple(unfolded(std::get<0>(result), all.queries),
                           unfolded(sums, all.queries));
}

} // namespace

mt_status mt_attention(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null, bool causal,
                       double scale, mt_tensor *out) {
    return guard([&] {
        const Operands all = operands(q, k, v);
        const std::optional<at::Tensor> mask = checked_mask(mask_or_null, all);
        if (causal && mask.has_value()) {
            throw std::invalid_argument("causal attention takes no mask");
        }
        // Of a device's kernels the one without a mask shares heads; the others would not be taken.
        const bool differs = all.queries.size(1) != all.keys.size(1);
        const bool shares = differs && !mipha::acts_on_cpu(all.queries) && !mask.has_value() &&
                            (all.queries.is_meta() ? is_half(all.queries) : has_flash(all.queries));
        const Operands even = shares ? all : evened(all, mask, causal);
        at::Tensor mixed;
        const bool is_empty = even.queries.numel() == 0 || even.keys.numel() == 0;
        if (mipha::computes_in_float(all.queries) && !is_empty) {
            mixed = mipha::attention_in_float(
                even.queries, even.keys, even.values,
                mask.has_value() ? std::optional(additive(*mask, at::kFloat)) : std::nullopt, causal,
                scale);
        } else if (all.queries.is_meta()) { // what the CPU chooses
            const std::optional<at::Tensor> added =
                mask.has_value() ? std::optional(additive(*mask, all.queries.scalar_type()))
                                 : std::nullopt;
            mixed = std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
                even.queries, even.keys, even.values, /*dropout_p=*/0.0, causal, added, scale));
        } else {
            mixed = at::scaled_dot_product_attention(even.queries, even.keys, even.values, mask,
                                                     /*dropout_p=*/0.0, causal, scale,
                                                     /*enable_gqa=*/shares);
        }
        *out = mipha::wrap(unfolded(mixed, all.queries));
    });
}

mt_status mt_attention_part(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null,
                            bool causal, double scale, mt_tensor *out, mt_tensor *sums) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const Operands all = operands(q, k, v);
        std::optional<at::Tensor> mask = checked_mask(mask_or_null, all);
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
            const Operands even = computing(evened(all, mask, causal));
            if (mask.has_value()) {
                mask = additive(*mask, even.queries.scalar_type());
            }
            std::tie(mixed, exponents) = at::_scaled_dot_product_flash_attention_for_cpu(
                even.queries, even.keys, even.values, /*dropout_p=*/0.0, causal, mask, scale);
            mixed = unfolded(mixed.to(all.queries.scalar_type()), all.queries);
            exponents = unfolded(exponents, all.queries);
        } else if (const auto result = fused(all, mask, causal, scale)) {
            std::tie(mixed, exponents) = *result;
        } else {
            std::tie(mixed, exponents) = composed(all, mask, causal, scale);
        }
        exponents = exponents.to(at::kFloat);
        *out = mipha::wrap(std::move(mixed));
        *sums = mipha::wrap(std::move(exponents));
    });
}

mt_status mt_attention_composed(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null,
                                bool causal, double scale, double softcap, mt_tensor *out,
                                mt_tensor *sums) {
    return guard([&] {
        const Operands all = operands(q, k, v);
        if (!(softcap >= 0)) {
            throw std::invalid_argument("the cap must not be negative");
        }
        auto [mixed, exponents] =
            composed(all, checked_mask(mask_or_null, all), causal, scale, softcap);
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
        mipha::require_together("joining attention", {{"a", first},
                                                      {"its sums", first_sums},
                                                      {"b", second},
                                                      {"its sums", second_sums}});
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

mt_status mt_attention_mask(mt_tensor key_mask_or_null, int64_t tokens, int64_t window,
                            mt_device device, mt_tensor *out) {
    return guard([&] {
        const at::Tensor places =
            at::arange(tokens, at::TensorOptions(at::kLong).device(mipha::device(device)));
        const at::Tensor token = places.unsqueeze(1), key = places.unsqueeze(0);
        at::Tensor sees = key.le(token);
        if (window > 0) {
            sees = sees.logical_and(key.gt(token.sub(window)));
        }
        sees = sees.view({1, 1, tokens, tokens});
        if (const auto real = unwrap_optional(key_mask_or_null)) {
            if (real->dim() != 2 || real->size(1) != tokens) {
                throw std::invalid_argument("expected a mask of keys for each token of each row");
            }
            mipha::require_together("attention mask", {{"places", places}, {"keys", *real}});
            sees = sees.logical_and(real->to(at::kBool).view({-1, 1, 1, tokens}));
            const at::Tensor alone = sees.any(-1, /*keepdim=*/true).logical_not();
            sees = sees.logical_or(alone.logical_and(key.eq(token)));
        }
        *out = mipha::wrap(std::move(sees));
    });
}
