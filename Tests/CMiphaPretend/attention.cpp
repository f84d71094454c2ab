// The fused attention of GPUs, called by name, where the CPU's computes the same.
#include "pretend.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <torch/library.h>
#pragma clang diagnostic pop

#include "call.h"
#include "checks.h"
#include "counts.h"
#include "streams.h"

namespace pretend {
namespace {

struct Mixed {
    at::Tensor output, sums; // sums: [batch, heads, queries] float32
};

// What both kernels of CUDA demand, beside the CPU's own limits.
void check_operands(const char *name, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                    double dropout, bool causal) {
    TORCH_CHECK(q.dim() == 4 && k.dim() == 4 && v.dim() == 4 && q.size(3) == k.size(3) &&
                    k.size(3) == v.size(3) && q.size(1) == k.size(1),
                name, ": the pretend device takes four dimensions, as many heads of keys as of "
                "queries and one width");
    TORCH_CHECK(q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type(), name,
                ": queries, keys and values differ in type");
    TORCH_CHECK(q.stride(3) == 1 && k.stride(3) == 1 && v.stride(3) == 1, name,
                ": the last dimension must be dense");
    TORCH_CHECK(dropout == 0, name, ": the pretend device has no dropout");
    TORCH_CHECK(!causal || q.size(2) == k.size(2), name,
                ": causal attention of a part of the queries means different things to kernels");
}

// The CPU's fused kernel on the operands' memory.
Mixed mix(const char *name, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
          const std::optional<at::Tensor> &bias, bool causal, std::optional<double> scale) {
    count_kernel(name);
    const int device =
        common_device(name, {q, k, v, bias.value_or(at::Tensor())}).value_or(current_device());
    settle_for_kernel(device);
    Call call(device);
    const std::optional<at::Tensor> host_bias =
        bias.has_value() ? std::optional(call.lend(*bias)) : std::nullopt;
    const auto [output, sums] = at::_scaled_dot_product_flash_attention_for_cpu(
        call.lend(q), call.lend(k), call.lend(v), /*dropout_p=*/0.0, causal, host_bias, scale);
    return {call.take_back(output), call.take_back(sums.contiguous())};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, c10::SymInt, c10::SymInt, at::Tensor,
           at::Tensor, at::Tensor>
flash(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, double dropout, bool causal,
      bool wants_debug_mask, std::optional<double> scale) {
    const char *const name = "aten::_scaled_dot_product_flash_attention";
    TORCH_CHECK(q.scalar_type() == at::kHalf || q.scalar_type() == at::kBFloat16,
                "FlashAttention only supports fp16 and bf16 data type (", name, ")");
    check_operands(name, q, k, v, dropout, causal);
    TORCH_CHECK(q.size(3) <= 256, name, ": the width of a head is at most 256");
    TORCH_CHECK(!wants_debug_mask, name, ": the pretend device has no debug mask");
    const Mixed mixed = mix(name, q, k, v, std::nullopt, causal, scale);
    const at::Tensor seed = at::zeros({2}, q.options().dtype(at::kUInt64));
    return {mixed.output, mixed.sums, at::Tensor(),  at::Tensor(),
            q.size(2),    k.size(2),  seed,          seed.narrow(0, 0, 0),
            at::empty({0}, q.options())};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>
efficient(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
          const std::optional<at::Tensor> &bias, bool wants_sums, double dropout, bool causal,
          std::optional<double> scale) {
    const char *const name = "aten::_scaled_dot_product_efficient_attention";
    check_operands(name, q, k, v, dropout, causal);
    TORCH_CHECK(q.scalar_type() == at::kHalf || q.scalar_type() == at::kBFloat16 ||
                    q.scalar_type() == at::kFloat,
                name, ": only float32, bfloat16 and float16");
    if (bias.has_value()) {
        const std::vector<int64_t> sizes{q.size(0), q.size(1), q.size(2), k.size(2)};
        TORCH_CHECK(bias->scalar_type() == q.scalar_type() && bias->sizes() == at::IntArrayRef(sizes),
                    name, ": the bias must have the type of the queries and all four sizes");
        const int64_t aligned = 16 / static_cast<int64_t>(bias->element_size());
        for (int64_t i = 0; i < 3; i++) {
            TORCH_CHECK(bias->size(i) == 1 || bias->stride(i) % aligned == 0, name,
                        ": the bias is not aligned (stride ", bias->stride(i), " of dimension ", i,
                        ")");
        }
    }
    const Mixed mixed = mix(name, q, k, v, bias, causal, scale);
    // CUDA pads the sums to whole tiles of 32 queries.
    const int64_t tiles = (q.size(2) + 31) / 32 * 32;
    const at::Tensor sums = at::full({q.size(0), q.size(1), wants_sums ? tiles : 0},
                                     std::numeric_limits<double>::infinity(),
                                     q.options().dtype(at::kFloat));
    if (wants_sums) {
        sums.narrow(2, 0, q.size(2)).copy_(mixed.sums);
    }
    const at::Tensor seed = at::zeros({}, q.options().dtype(at::kLong));
    return {mixed.output, sums, seed, at::zeros_like(seed)};
}

} // namespace
} // namespace pretend

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
    library.impl("_scaled_dot_product_flash_attention", &pretend::flash);
    library.impl("_scaled_dot_product_efficient_attention", &pretend::efficient);
}
