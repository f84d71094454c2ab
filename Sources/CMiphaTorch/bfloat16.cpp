#include "elements.h"
// Products of bfloat16 matrices on processors without AVX-512, for which oneDNN has no bfloat16 kernels.
//
// libtorch multiplies bfloat16 there at a tenth of the rate of float32. Of many rows, pieces of the
// weight become float32 in the cache and are multiplied by the float32 kernel; of few, as in decoding,
// each number of the weight is widened in a register. Either way a product of two bfloat16 numbers is
// exact and sums are float32, which is what processors with bfloat16 arithmetic do.
#include "bfloat16.h"
#include "parallel.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <cstdlib>
#include <string>

namespace {

// oneDNN's own names of the instruction sets below AVX-512 with byte and word operations.
bool is_limited(const char *variable) {
    const char *const limit = std::getenv(variable);
    if (limit == nullptr) {
        return false;
    }
    const std::string name(limit);
    return name.rfind("SSE41", 0) == 0 || name.rfind("AVX2", 0) == 0 || name == "AVX" ||
           name.rfind("sse41", 0) == 0 || name.rfind("avx2", 0) == 0 || name == "avx";
}

constexpr int64_t fewest_of_many = 9;      // rows of x from which the weight is widened first
constexpr int64_t rows_at_once = 2048;     // of x in float32
constexpr int64_t piece_elements = 1 << 19; // of the weight in float32: 2 MiB

at::Tensor many_rows(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    const int64_t rows = x.size(0), width = weight.size(0);
    const int64_t piece = std::max<int64_t>(64, piece_elements / std::max<int64_t>(1, x.size(1)));
    at::Tensor out = at::empty({rows, width}, x.options());
    for (int64_t row = 0; row < rows; row += rows_at_once) {
        const int64_t count = std::min(rows_at_once, rows - row);
        const at::Tensor wide = x.narrow(0, row, count).to(at::kFloat);
        for (int64_t first = 0; first < width; first += piece) {
            const int64_t length = std::min(piece, width - first);
            const at::Tensor part = weight.narrow(0, first, length).to(at::kFloat);
            std::optional<at::Tensor> offset;
            if (bias.defined()) {
                offset = bias.narrow(0, first, length).to(at::kFloat);
            }
            out.narrow(0, row, count).narrow(1, first, length)
                .copy_(mipha::product(wide, part, offset));
        }
    }
    return out;
}

at::Tensor few_rows(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    const int64_t rows = x.size(0), columns = x.size(1), width = weight.size(0);
    const int64_t half = columns / 2;
    const at::Tensor dense = weight.contiguous();
    const at::Tensor wide = x.to(at::kFloat).contiguous();
    at::Tensor sums = at::empty({rows, width}, wide.options());
    if (x.is_meta()) {
        return sums.to(x.scalar_type());
    }
    at::Tensor even = at::empty({rows, half}, wide.options()), odd = at::empty_like(even);
    const at::Tensor pairs = wide.narrow(1, 0, 2 * half).view({rows, half, 2});
    even.copy_(pairs.select(2, 0));
    odd.copy_(pairs.select(2, 1));
    const auto *numbers =
        reinterpret_cast<const uint16_t *>(mipha::elements<at::BFloat16>(dense));
    constexpr int64_t at_once = 4; // rows of x
    for (int64_t row = 0; row < rows; row += at_once) {
        const mipha::FewRows task{numbers,
                                  mipha::elements<float>(even) + row * half,
                                  mipha::elements<float>(odd) + row * half,
                                  sums.mutable_data_ptr<float>() + row * width,
                                  std::min(at_once, rows - row),
                                  width,
                                  columns,
                                  half};
        mipha::parallel_for(width, 64, [&](int64_t begin, int64_t end) {
            mipha::multiply_few_rows(task, begin, end);
        });
    }
    if (columns % 2 == 1) {
        sums.addmm_(wide.narrow(1, columns - 1, 1),
                    dense.narrow(1, columns - 1, 1).to(at::kFloat).t());
    }
    if (bias.defined()) {
        sums.add_(bias);
    }
    return sums.to(x.scalar_type());
}

} // namespace

bool mipha::has_bfloat16() {
#if !defined(__x86_64__)
    return true; // libtorch has kernels of its own there
#else
    static const bool has = [] {
        // The operator below asks the processor, not the limits that were set for it.
        const std::string capability = at::get_cpu_capability();
        if (capability == "AVX2" || capability == "DEFAULT" || is_limited("ONEDNN_MAX_CPU_ISA") ||
            is_limited("DNNL_MAX_CPU_ISA")) {
            return false;
        }
        const auto found =
            c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
        return found.has_value() && found->typed<bool()>().call();
    }();
    return has;
#endif
}

bool mipha::computes_in_float(const at::Tensor &x) {
    return x.scalar_type() == at::kBFloat16 && acts_on_cpu(x) && !has_bfloat16();
}

at::Tensor mipha::product_in_float(const at::Tensor &x, const at::Tensor &weight,
                                   const std::optional<at::Tensor> &bias) {
    TORCH_CHECK(x.dim() >= 1 && weight.dim() == 2 && x.size(-1) == weight.size(1) &&
                    weight.scalar_type() == x.scalar_type(),
                "input and weight do not fit together: ", x.sizes(), " ", x.scalar_type(), " and ",
                weight.sizes(), " ", weight.scalar_type());
    at::DimVector sizes(x.sizes());
    sizes.back() = weight.size(0);
    TORCH_CHECK(!bias.has_value() || (bias->dim() == 1 && bias->size(0) == weight.size(0) &&
                                      bias->scalar_type() == x.scalar_type()),
                "weight and bias do not fit together");
    const at::Tensor rows = x.reshape({-1, weight.size(1)});
    const at::Tensor offset = bias.value_or(at::Tensor());
    const bool is_few = rows.size(0) < fewest_of_many && weight.stride(1) == 1;
    return (is_few ? few_rows(rows, weight, offset) : many_rows(rows, weight, offset)).view(sizes);
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct FloatAttention : torch::autograd::Function<FloatAttention> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &queries,
                              const at::Tensor &keys, const at::Tensor &values,
                              const std::optional<at::Tensor> &mask, bool causal, double scale) {
        const at::AutoDispatchBelowADInplaceOrView below;
        const auto [mixed, sums] = at::_scaled_dot_product_flash_attention_for_cpu(
            queries.to(at::kFloat), keys.to(at::kFloat), values.to(at::kFloat), /*dropout_p=*/0.0,
            causal, mask, scale);
        at::Tensor out = mixed.to(queries.scalar_type());
        context->save_for_backward(
            {queries, keys, values, out, sums, mask.value_or(at::Tensor())});
        context->saved_data["causal"] = causal;
        context->saved_data["scale"] = scale;
        return out;
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto wide = [](const at::Tensor &x) { return x.to(at::kFloat); };
        const auto [queries, keys, values] =
            at::_scaled_dot_product_flash_attention_for_cpu_backward(
                wide(gradients[0]), wide(saved[0]), wide(saved[1]), wide(saved[2]), wide(saved[3]),
                saved[4], /*dropout_p=*/0.0, context->saved_data["causal"].toBool(),
                saved[5].defined() ? std::optional(saved[5]) : std::nullopt,
                context->saved_data["scale"].toDouble());
        const at::ScalarType type = saved[0].scalar_type();
        const at::Tensor none;
        return {queries.to(type), keys.to(type), values.to(type), none, none, none};
    }
};

} // namespace

at::Tensor mipha::attention_in_float(const at::Tensor &queries, const at::Tensor &keys,
                                     const at::Tensor &values,
                                     const std::optional<at::Tensor> &mask, bool causal,
                                     double scale) {
    return FloatAttention::apply(queries, keys, values, mask, causal, scale);
}

bool mt_computes_bfloat16_in_float(void) {
    try {
        return !mipha::has_bfloat16();
    } catch (...) {
        return true;
    }
}
