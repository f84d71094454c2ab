// The optimiser step.
#include "internal.h"

using mipha::guard;

namespace {

// The tensors of one parameter.
struct Slot {
    at::Tensor parameter, gradient, first, second, step;
    std::optional<at::Tensor> copy;

    bool is_plain() const {
        return !copy.has_value() && gradient.scalar_type() == parameter.scalar_type();
    }
};

void update(const std::vector<at::Tensor> &parameters, const std::vector<at::Tensor> &gradients,
            const std::vector<at::Tensor> &first, const std::vector<at::Tensor> &second,
            const std::vector<at::Tensor> &steps, const mt_adamw_options &options) {
    at::_fused_adamw_(parameters, gradients, first, second, {}, steps, options.learning_rate,
                      options.beta1, options.beta2, options.weight_decay, options.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
}

// In pieces that stay in the processor's cache between conversion, update and copy.
void update_in_pieces(const Slot &slot, const mt_adamw_options &options) {
    constexpr int64_t longest = 1 << 20;
    const at::Tensor parameter = slot.parameter.view({-1}), first = slot.first.view({-1}),
                     second = slot.second.view({-1}), gradient = slot.gradient.reshape({-1});
    for (int64_t start = 0; start < parameter.numel(); start += longest) {
        const int64_t count = std::min(longest, parameter.numel() - start);
        const at::Tensor piece = parameter.narrow(0, start, count);
        update({piece}, {gradient.narrow(0, start, count).to(parameter.scalar_type())},
               {first.narrow(0, start, count)}, {second.narrow(0, start, count)}, {slot.step},
               options);
        if (slot.copy.has_value()) {
            slot.copy->view({-1}).narrow(0, start, count).copy_(piece);
        }
    }
}

} // namespace

mt_status mt_adamw_step(const mt_tensor *parameters, const mt_tensor *gradients,
                        const mt_tensor *first_moments, const mt_tensor *second_moments,
                        const mt_tensor *steps, const mt_tensor *copies, size_t count,
                        mt_adamw_options options) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        std::vector<at::Tensor> targets, changes, first, second, counts;
        std::vector<Slot> others;
        for (size_t i = 0; i < count; i++) {
            Slot slot{mipha::unwrap(parameters[i]),     mipha::unwrap(gradients[i]),
                      mipha::unwrap(first_moments[i]),  mipha::unwrap(second_moments[i]),
                      mipha::unwrap(steps[i]),          std::nullopt};
            if (copies != nullptr) {
                slot.copy = mipha::unwrap_optional(copies[i]);
            }
            bool fits = !slot.copy.has_value() || slot.copy->sizes() == slot.parameter.sizes();
            for (const at::Tensor &other : {slot.gradient, slot.first, slot.second}) {
                fits = fits && other.sizes() == slot.parameter.sizes();
            }
            if (!fits) { // the kernel trusts its caller
                throw std::invalid_argument("parameter " + std::to_string(i) +
                                            " and its gradient, moments or copy differ in shape");
            }
            if (slot.is_plain()) {
                targets.push_back(slot.parameter);
                changes.push_back(slot.gradient);
                first.push_back(slot.first);
                second.push_back(slot.second);
                counts.push_back(slot.step);
            } else {
                others.push_back(std::move(slot));
            }
        }
        if (!targets.empty()) {
            update(targets, changes, first, second, counts, options);
        }
        for (const Slot &slot : others) {
            update_in_pieces(slot, options);
        }
    });
}
