// Layers, with the fused operations that carry their own gradient.
#include "bfloat16.h"
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#pragma clang diagnostic pop

using mipha::guard;
using mipha::unwrap;
using mipha::unwrap_optional;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using mipha::prefers_onednn;
using mipha::product;

namespace {

// MKL runs float32 products at about half speed on AMD; oneDNN does not. In bfloat16 libtorch takes
// oneDNN by itself, but adds the bias after the product, reading it back; the operator here adds it
// within, to the same bits. It has no gradient formula, so both directions are in `OwnLinear`.
using PointwiseLinear = at::Tensor(const at::Tensor &, const at::Tensor &,
                                   const std::optional<at::Tensor> &, std::string_view,
                                   c10::List<std::optional<at::Scalar>>,
                                   std::optional<std::string_view>);

const std::optional<c10::TypedOperatorHandle<PointwiseLinear>> &onednn_operator() {
    static const std::optional<c10::TypedOperatorHandle<PointwiseLinear>> handle =
        []() -> std::optional<c10::TypedOperatorHandle<PointwiseLinear>> {
        const auto found =
            c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
        if (!found.has_value() || !at::globalContext().hasMKLDNN()) {
            return std::nullopt;
        }
        return found->typed<PointwiseLinear>();
    }();
    return handle;
}

} // namespace

at::Tensor mipha::product(const at::Tensor &x, const at::Tensor &weight,
                          const std::optional<at::Tensor> &bias) {
    if (computes_in_float(x)) {
        return product_in_float(x, weight, bias);
    }
    if (!prefers_onednn(x, weight, bias)) {
        return at::linear(x, weight, bias);
    }
    if (x.is_meta()) { // the operator has no kernel there
        at::DimVector sizes(x.sizes());
        sizes.back() = weight.size(0);
        return at::empty(sizes, x.contiguous().options());
    }
    const c10::List<std::optional<at::Scalar>> no_scalars;
    return onednn_operator()->call(x, weight, bias, "none", no_scalars, std::nullopt);
}

bool mipha::prefers_onednn(const at::Tensor &x, const at::Tensor &weight,
                           const std::optional<at::Tensor> &bias) {
    constexpr int64_t fewest_rows = 4; // below, the product is bound by memory and MKL is as good
    const at::ScalarType type = x.scalar_type();
    const bool gains = type == at::kFloat ||
                       (type == at::kBFloat16 && bias.has_value() &&
                        bias->scalar_type() == type && has_bfloat16());
    return gains && acts_on_cpu(x) && acts_on_cpu(weight) && weight.scalar_type() == type &&
           x.dim() >= 2 && weight.dim() == 2 && x.size(-1) == weight.size(1) &&
           x.numel() >= fewest_rows * weight.size(1) && weight.size(1) > 0 &&
           onednn_operator().has_value();
}

namespace {

// x W^T + b that keeps x only for a weight that learns.
struct OwnLinear : torch::autograd::Function<OwnLinear> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x,
                              const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
        context->save_for_backward({weight.requires_grad() ? x : at::Tensor(), weight});
        context->saved_data["bias"] = bias.has_value();
        const at::AutoDispatchBelowADInplaceOrView below;
        return product(x, weight, bias);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1];
        const at::Tensor gradient = gradients[0].reshape({-1, weight.size(0)});
        at::Tensor x_gradient, weight_gradient, bias_gradient;
        if (context->needs_input_grad(0)) {
            at::DimVector sizes(gradients[0].sizes());
            sizes.back() = weight.size(1);
            x_gradient = product(gradient, weight.t()).view(sizes);
        }
        if (context->needs_input_grad(1)) {
            const at::Tensor rows = x.reshape({-1, weight.size(1)});
            weight_gradient = product(gradient.t(), rows.t());
        }
        if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) {
            bias_gradient = gradient.sum(0);
        }
        return {x_gradient, weight_gradient, bias_gradient};
    }
};

constexpr double quick_slope = 1.702;

at::Tensor activated(const at::Tensor &x, mt_activation activation) {
    switch (activation) {
    case MT_GELU_EXACT: return at::gelu(x);
    case MT_GELU_TANH: return at::gelu(x, "tanh");
    case MT_GELU_QUICK: return x * x.mul(quick_slope).sigmoid();
    case MT_SILU: return at::silu(x);
    }
    throw std::invalid_argument("unknown activation");
}

at::Tensor activated_backward(const at::Tensor &gradient, const at::Tensor &x,
                              mt_activation activation) {
    switch (activation) {
    case MT_GELU_EXACT: return at::gelu_backward(gradient, x);
    case MT_GELU_TANH: return at::gelu_backward(gradient, x, "tanh");
    case MT_GELU_QUICK: {
        const at::Tensor gate = x.mul(quick_slope).sigmoid();
        return gradient * (gate + x * gate * (1 - gate) * quick_slope);
    }
    case MT_SILU: return at::silu_backward(gradient, x);
    }
    throw std::invalid_argument("unknown activation");
}

// act(x) W^T + b that keeps x only: act(x), as large, is computed again for the weight's gradient.
struct ActivatedLinear : torch::autograd::Function<ActivatedLinear> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x,
                              const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                              int64_t activation) {
        context->save_for_backward({x, weight});
        context->saved_data["bias"] = bias.has_value();
        context->saved_data["activation"] = activation;
        const at::AutoDispatchBelowADInplaceOrView below;
        return product(activated(x, static_cast<mt_activation>(activation)), weight, bias);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1];
        const auto activation =
            static_cast<mt_activation>(context->saved_data["activation"].toInt());
        const at::Tensor gradient = gradients[0].reshape({-1, weight.size(0)});
        variable_list result(4);
        if (context->needs_input_grad(1)) {
            const at::Tensor rows = activated(x, activation).reshape({-1, weight.size(1)});
            result[1] = product(gradient.t(), rows.t());
        }
        if (context->needs_input_grad(0)) {
            result[0] = activated_backward(product(gradient, weight.t()).view(x.sizes()), x,
                                           activation);
        }
        if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) {
            result[2] = gradient.sum(0);
        }
        return result;
    }
};

// With y = x / r, r = sqrt(mean(x^2) + epsilon), the gradient of x is (g - y mean(g y)) / r. Where the
// weight is a difference to one, its product is computed before rounding, else after.
struct RMSNorm : torch::autograd::Function<RMSNorm> {
    static at::ScalarType computing_type(const at::Tensor &x) {
        return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    }

    static at::Tensor forward(AutogradContext *context, const at::Tensor &x,
                              const at::Tensor &weight, bool adds_one, double epsilon) {
        const at::AutoDispatchBelowADInplaceOrView below;
        const at::Tensor wide = x.to(computing_type(x));
        const at::Tensor inverse = wide.square().mean(-1, true).add_(epsilon).rsqrt_();
        context->save_for_backward({x, weight, inverse});
        context->saved_data["adds_one"] = adds_one;
        if (adds_one) {
            return (wide * inverse)
                .mul_(weight.to(computing_type(x)).add(1))
                .to(x.scalar_type());
        }
        return weight * (wide * inverse).to(x.scalar_type());
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &inverse = saved[2];
        const bool adds_one = context->saved_data["adds_one"].toBool();
        const at::Tensor normal = x.to(computing_type(x)) * inverse;
        variable_list result(4);
        if (context->needs_input_grad(0)) {
            const at::Tensor gradient =
                adds_one ? gradients[0].to(normal.scalar_type()) *
                               weight.to(normal.scalar_type()).add(1)
                         : (gradients[0] * weight).to(normal.scalar_type());
            const at::Tensor share = (gradient * normal).mean(-1, true);
            result[0] = ((gradient - normal * share) * inverse).to(x.scalar_type());
        }
        if (context->needs_input_grad(1)) {
            const at::Tensor product =
                adds_one ? gradients[0].to(normal.scalar_type()) * normal
                         : gradients[0] * normal.to(x.scalar_type());
            result[1] = product.reshape({-1, weight.size(0)}).sum(0).to(weight.scalar_type());
        }
        return result;
    }
};

} // namespace

mt_status mt_linear(mt_tensor x, mt_tensor weight, mt_tensor bias_or_null, mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x), matrix = unwrap(weight);
        const std::optional<at::Tensor> bias = unwrap_optional(bias_or_null);
        mipha::require_together("linear", {{"x", input}, {"weight", matrix}, {"bias", bias}});
        const bool is_own = mipha::computes_in_float(input) || prefers_onednn(input, matrix, bias);
        *out = mipha::wrap(is_own ? OwnLinear::apply(input, matrix, bias)
                                  : at::linear(input, matrix, bias));
    });
}

mt_status mt_layer_norm(mt_tensor x, mt_tensor weight, mt_tensor bias, double epsilon,
                        mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x), scale = unwrap(weight), shift = unwrap(bias);
        mipha::require_together("layer norm", {{"x", input}, {"weight", scale}, {"bias", shift}});
        *out = mipha::wrap(at::layer_norm(input, scale.sizes(), scale, shift, epsilon));
    });
}

mt_status mt_rms_norm(mt_tensor x, mt_tensor weight, bool adds_one, double epsilon,
                      mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x), scale = unwrap(weight);
        if (input.dim() < 1 || scale.dim() != 1 || input.size(-1) != scale.size(0)) {
            throw std::invalid_argument("input and weight do not fit together");
        }
        mipha::require_together("rms norm", {{"x", input}, {"weight", scale}});
        *out = mipha::wrap(RMSNorm::apply(input, scale, adds_one, epsilon));
    });
}

mt_status mt_softcap(mt_tensor x, double cap, mt_tensor *out) {
    return guard([&] {
        if (!(cap > 0)) {
            throw std::invalid_argument("the cap must be positive");
        }
        *out = mipha::wrap(unwrap(x).div(cap).tanh().mul(cap));
    });
}

mt_status mt_embedding(mt_tensor weight, mt_tensor indices, mt_tensor *out) {
    return guard([&] {
        const at::Tensor rows = unwrap(weight), places = unwrap(indices);
        mipha::require_together("embedding", {{"weight", rows}, {"indices", places}});
        *out = mipha::wrap(at::embedding(rows, places));
    });
}

mt_status mt_conv2d(mt_tensor x, mt_tensor weight, mt_tensor bias_or_null, int64_t stride,
                    mt_tensor *out) {
    return guard([&] {
        at::Tensor input = unwrap(x), kernels = unwrap(weight);
        std::optional<at::Tensor> bias = unwrap_optional(bias_or_null);
        mipha::require_together("convolution",
                                {{"x", input}, {"weight", kernels}, {"bias", bias}});
        const at::ScalarType type = input.scalar_type();
        if (mipha::computes_in_float(input)) {
            input = input.to(at::kFloat);
            kernels = kernels.to(at::kFloat);
            bias = bias.has_value() ? std::optional(bias->to(at::kFloat)) : bias;
        }
        *out = mipha::wrap(at::conv2d(input, kernels, bias, stride).to(type));
    });
}

mt_status mt_upsample_bicubic2d(mt_tensor x, int64_t height, int64_t width, double height_scale,
                                double width_scale, bool antialias, mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x);
        if (input.dim() != 4 || height < 1 || width < 1) {
            throw std::invalid_argument("expected [images, channels, height, width] and a size");
        }
        const auto scale = [](double value) {
            return value > 0 ? std::optional<double>(value) : std::nullopt;
        };
        const int64_t size[] = {height, width};
        *out = mipha::wrap(antialias
                               ? at::_upsample_bicubic2d_aa(input, size, false, scale(height_scale),
                                                            scale(width_scale))
                               : at::upsample_bicubic2d(input, size, false, scale(height_scale),
                                                        scale(width_scale)));
    });
}

mt_status mt_activate(mt_tensor x, mt_activation activation, mt_tensor *out) {
    MT_RETURN(out, activated(unwrap(x), activation));
}

mt_status mt_activated_linear(mt_tensor x, mt_activation activation, mt_tensor weight,
                              mt_tensor bias_or_null, mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x), matrix = unwrap(weight);
        if (input.dim() < 2 || matrix.dim() != 2 || input.size(-1) != matrix.size(1)) {
            throw std::invalid_argument("input and weight do not fit together");
        }
        const std::optional<at::Tensor> bias = unwrap_optional(bias_or_null);
        mipha::require_together("activated linear",
                                {{"x", input}, {"weight", matrix}, {"bias", bias}});
        *out = mipha::wrap(
            ActivatedLinear::apply(input, matrix, bias, static_cast<int64_t>(activation)));
    });
}

mt_status mt_dropout(mt_tensor x, double probability, mt_generator generator, mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x);
        if (!(probability >= 0 && probability < 1)) {
            throw std::invalid_argument("the probability must be at least 0 and below 1");
        }
        if (probability == 0) {
            *out = mipha::wrap(input);
            return;
        }
        const double kept = 1 - probability;
        const at::Generator source = unwrap(generator);
        if (!input.is_meta() && source.device() != input.device()) {
            throw std::invalid_argument("dropout: x is on " + input.device().str() +
                                        ", but the generator on " + source.device().str());
        }
        at::Tensor keep =
            at::empty(input.sizes(), at::TensorOptions(at::kFloat).device(input.device()));
        if (!keep.is_meta()) {
            keep.bernoulli_(kept, source).div_(kept);
        }
        *out = mipha::wrap(input.mul(keep.to(input.options())));
    });
}

mt_status mt_low_rank_norms(mt_tensor weight, mt_tensor up, mt_tensor down, double scale,
                            mt_tensor *out) {
    return guard([&] {
        const at::NoGradGuard unrecorded;
        const at::Tensor matrix = unwrap(weight);
        const at::Tensor left = unwrap(up).to(at::kFloat), right = unwrap(down).to(at::kFloat);
        mipha::require_together("row norms", {{"weight", matrix}, {"up", left}, {"down", right}});
        constexpr int64_t rows_at_once = 512; // bounds the dense copy
        std::vector<at::Tensor> norms;
        for (int64_t row = 0; row < matrix.size(0); row += rows_at_once) {
            const int64_t count = std::min(rows_at_once, matrix.size(0) - row);
            const at::Tensor sum = matrix.narrow(0, row, count).to(at::kFloat) +
                                   left.narrow(0, row, count).matmul(right) * scale;
            norms.push_back(at::linalg_vector_norm(sum, 2, at::IntArrayRef({1})));
        }
        *out = mipha::wrap(at::cat(norms));
    });
}
