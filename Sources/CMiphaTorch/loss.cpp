// Cross-entropy, of given logits and of those of a linear map that are never all in memory.
#include "bfloat16.h"
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <torch/csrc/autograd/custom_function.h>
#pragma clang diagnostic pop

using mipha::guard;
using mipha::unwrap;
using mipha::unwrap_optional;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// Bytes of the logits of one chunk in float32: what stays near a processor, or fills a device.
int64_t chunk_bytes(const at::Tensor &x) {
    return mipha::acts_on_cpu(x) ? 24 << 20 : 256 << 20;
}

// Rows of the logits that are in memory at one time. In low precision the head's gradient needs a sum
// in float32 where there are several chunks: all rows are one when their logits are no larger than it.
int64_t chunk_rows(const at::Tensor &x, int64_t classes, bool sums_in_float) {
    const int64_t rows = x.size(0), width = x.size(1);
    if (sums_in_float && 2 * rows <= width) {
        return rows;
    }
    const int64_t longest =
        std::max<int64_t>(1, chunk_bytes(x) / (4 * std::max<int64_t>(1, classes)));
    const int64_t chunks = std::max<int64_t>(1, (rows + longest - 1) / longest);
    return (rows + chunks - 1) / chunks;
}

at::ScalarType computing_type(const at::Tensor &x) {
    return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

struct Wanted {
    bool x, weight, bias;
    bool any() const { return x || weight || bias; }
};

struct Gradients {
    at::Tensor x, weight, bias;
};

struct Head {
    const at::Tensor &weight;
    const std::optional<at::Tensor> &bias;
    double softcap; // 0: none

    at::Tensor logits(const at::Tensor &x) const {
        return mipha::product(x, weight, bias);
    }
};

void add(at::Tensor &sum, const at::Tensor &part) {
    if (sum.defined()) {
        sum.add_(part);
    } else {
        sum = part;
    }
}

// Adds what the logits of one chunk give; `logit_gradient` is that of its loss, in x's dtype.
void add_gradients(Gradients &gradients, const Wanted &wanted, const Head &head,
                   const at::Tensor &x, int64_t start, const at::Tensor &logit_gradient,
                   bool is_only) {
    const at::ScalarType computing = computing_type(x);
    if (wanted.x) {
        at::Tensor rows = gradients.x.narrow(0, start, x.size(0));
        if (mipha::computes_in_float(logit_gradient)) {
            rows.copy_(mipha::matrix_product(logit_gradient, head.weight));
        } else {
            at::mm_out(rows, logit_gradient, head.weight);
        }
    }
    if (wanted.weight) {
        const at::Tensor turned = logit_gradient.t();
        if (!gradients.weight.defined()) {
            gradients.weight = mipha::matrix_product(turned, x);
            if (!is_only) { // sums over chunks keep all bits
                gradients.weight = gradients.weight.to(computing);
            }
        } else if (gradients.weight.scalar_type() == x.scalar_type()) {
            gradients.weight.addmm_(turned, x);
        } else {
            gradients.weight.add_(mipha::matrix_product(turned, x).to(computing));
        }
    }
    if (wanted.bias) {
        add(gradients.bias, logit_gradient.sum(0, false, computing));
    }
}

at::Tensor chunked_loss(const at::Tensor &x, const Head &head, const at::Tensor &targets,
                        const std::optional<at::Tensor> &weights, double z_loss,
                        const Wanted &wanted, Gradients &gradients) {
    const at::ScalarType computing = computing_type(x);
    const int64_t rows = x.size(0), classes = head.weight.size(0);
    const int64_t length =
        chunk_rows(x, classes, wanted.weight && computing != x.scalar_type());
    at::Tensor loss = at::zeros({}, x.options().dtype(computing));
    if (wanted.x) {
        gradients.x = at::empty_like(x, at::MemoryFormat::Contiguous);
    }
    for (int64_t start = 0; start < rows; start += length) {
        const int64_t count = std::min(length, rows - start);
        const at::Tensor part = x.narrow(0, start, count);
        const at::Tensor places = targets.narrow(0, start, count).unsqueeze(1);
        at::Tensor logits = head.logits(part).to(computing);
        at::Tensor slopes; // of the cap
        if (head.softcap != 0) {
            const at::Tensor bent = logits.div(head.softcap).tanh_();
            logits = bent.mul(head.softcap);
            if (wanted.any()) {
                slopes = 1 - bent.square();
            }
        }
        at::Tensor logs = at::log_softmax(logits, 1);
        const at::Tensor chosen = logs.gather(1, places);
        std::optional<at::Tensor> shares; // of each row
        if (weights.has_value()) {
            shares = weights->narrow(0, start, count).to(computing).unsqueeze(1);
        }
        loss.sub_(shares.has_value() ? chosen.mul(*shares).sum() : chosen.sum());
        at::Tensor sums; // log sum exp of each row
        if (z_loss != 0) {
            sums = logits.gather(1, places).sub_(chosen);
            loss.add_(sums.square().sum(), z_loss);
        }
        logits.reset();
        if (!wanted.any()) {
            continue;
        }
        at::Tensor change = logs.exp_(); // d loss / d logits, in place
        if (z_loss != 0) {
            change.mul_(sums.mul(2 * z_loss).add_(1));
        }
        if (mipha::acts_on_cpu(change)) {
            change.scatter_add_(1, places, at::full_like(chosen, -1));
        } else { // no sums, whose order a device does not promise
            change.scatter_(1, places, change.gather(1, places).sub_(1));
        }
        if (shares.has_value()) {
            change.mul_(*shares);
        }
        if (slopes.defined()) {
            change.mul_(slopes);
        }
        add_gradients(gradients, wanted, head, part, start, change.to(x.scalar_type()),
                      count == rows);
    }
    return loss;
}

struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x,
                              const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                              const at::Tensor &targets,
                              const std::optional<at::Tensor> &weights, double z_loss,
                              double softcap, const Wanted &wanted) {
        const at::AutoDispatchBelowADInplaceOrView below;
        Gradients gradients;
        at::Tensor loss =
            chunked_loss(x, Head{weight, bias, softcap}, targets, weights, z_loss, wanted, gradients);
        context->saved_data["dtype"] = static_cast<int64_t>(x.scalar_type());
        context->saved_data["x"] = std::move(gradients.x);
        context->saved_data["weight"] = std::move(gradients.weight);
        context->saved_data["bias"] = std::move(gradients.bias);
        return loss;
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto &saved = context->saved_data;
        if (saved.empty()) {
            throw std::invalid_argument("the gradients of this loss were handed out already");
        }
        const auto dtype = static_cast<at::ScalarType>(saved["dtype"].toInt());
        variable_list result(8);
        const char *const names[] = {"x", "weight", "bias"};
        for (size_t i = 0; i < 3; i++) {
            at::Tensor gradient = std::move(saved[names[i]]).toTensor();
            if (gradient.defined()) { // not shared: the chunks are summed in memory of their own
                result[i] = gradient.mul_(gradients[0]).to(dtype);
            }
        }
        saved.clear();
        return result;
    }
};

} // namespace

mt_status mt_cross_entropy_sum(mt_tensor logits, mt_tensor targets, double z_loss,
                               mt_tensor *out) {
    return guard([&] {
        const at::Tensor values = unwrap(logits).to(at::kFloat), places = unwrap(targets);
        mipha::require_together("cross entropy", {{"logits", values}, {"targets", places}});
        at::Tensor loss = at::cross_entropy_loss(values, places, {}, at::Reduction::Sum);
        if (z_loss != 0) {
            const at::Tensor counted = places.ne(-100).to(at::kFloat);
            loss = loss + values.logsumexp(1).square().mul(counted).sum() * z_loss;
        }
        *out = mipha::wrap(std::move(loss));
    });
}

mt_status mt_linear_cross_entropy_sum(mt_tensor x, mt_tensor weight, mt_tensor bias_or_null,
                                      mt_tensor targets, mt_tensor weights_or_null, double z_loss,
                                      double softcap, mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x), matrix = unwrap(weight), places = unwrap(targets);
        const std::optional<at::Tensor> bias = unwrap_optional(bias_or_null);
        if (input.dim() != 2 || matrix.dim() != 2 || input.size(1) != matrix.size(1) ||
            places.dim() != 1 || places.size(0) != input.size(0) ||
            (bias.has_value() && bias->numel() != matrix.size(0))) {
            throw std::invalid_argument("states, head and targets do not fit together");
        }
        const std::optional<at::Tensor> shares = unwrap_optional(weights_or_null);
        if (shares.has_value() &&
            (shares->dim() != 1 || shares->size(0) != input.size(0) || z_loss != 0)) {
            throw std::invalid_argument("expected one weight for each row, and no z-loss with weights");
        }
        if (!(softcap >= 0)) {
            throw std::invalid_argument("the cap must not be negative");
        }
        mipha::require_together("linear cross entropy", {{"x", input},
                                                         {"weight", matrix},
                                                         {"bias", bias},
                                                         {"targets", places},
                                                         {"weights", shares}});
        const bool records = c10::GradMode::is_enabled();
        const Wanted wanted{records && input.requires_grad(), records && matrix.requires_grad(),
                            records && bias.has_value() && bias->requires_grad()};
        *out = mipha::wrap(
            LinearCrossEntropy::apply(input, matrix, bias, places, shares, z_loss, softcap, wanted));
    });
}
