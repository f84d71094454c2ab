// The optimiser step.
#include "elements.h"
#include "internal.h"
#include "moments.h"
#include "parallel.h"

#include <cstring>

using mipha::guard;
using mipha::unwrap;
using mipha::unwrap_optional;

// Loops that the compiler turns into vector instructions of the processor at hand.
#if defined(__x86_64__) && defined(__linux__)
#define MIPHA_VECTORIZED                                                                           \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MIPHA_VECTORIZED
#endif

namespace {

// The tensors of one parameter.
struct Slot {
    at::Tensor parameter, gradient, first, second, step;
    double count; // what `step` holds, or 0
    std::optional<at::Tensor> master, remainder, first_scales, second_scales;

    bool has_codes() const { return first_scales.has_value(); }
    bool is_plain() const {
        return !master.has_value() && !remainder.has_value() && !has_codes() &&
               gradient.scalar_type() == parameter.scalar_type();
    }
};

void update(const std::vector<at::Tensor> &parameters, const std::vector<at::Tensor> &gradients,
            const std::vector<at::Tensor> &first, const std::vector<at::Tensor> &second,
            const std::vector<at::Tensor> &steps, const mt_adamw_options &options) {
    at::_fused_adamw_(parameters, gradients, first, second, {}, steps, options.learning_rate,
                      options.beta1, options.beta2, options.weight_decay, options.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
}

// ---- float32 as bfloat16 and a remainder ----
//
// `rounded` holds the upper half of the value's bits, rounded to nearest, and `rest` the lower half.
// A lower half of exactly one half does not show which way it was rounded: such a value moves by one
// in its last place, away from the tie.

MIPHA_VECTORIZED void join_range(const uint16_t *rounded, const uint16_t *rest, float *out,
                                 int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const uint32_t low = rest[i];
        const uint32_t bits = ((static_cast<uint32_t>(rounded[i]) << 16) | low) -
                              (low > 0x8000U ? 0x10000U : 0U);
        std::memcpy(out + i, &bits, sizeof bits);
    }
}

MIPHA_VECTORIZED void split_range(const float *values, uint16_t *rounded, uint16_t *rest,
                                  int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        std::memcpy(&bits, values + i, sizeof bits);
        const uint32_t high = bits >> 16, low = bits & 0xFFFFU, odd = high & 1U;
        const bool is_number = (bits & 0x7FFFFFFFU) <= 0x7F800000U;
        const uint32_t moved = low == 0x8000U ? 0x7FFFU + 2 * odd : low;
        rounded[i] =
            static_cast<uint16_t>(is_number ? high + (moved > 0x8000U ? 1U : 0U) : 0x7FC0U);
        rest[i] = static_cast<uint16_t>(is_number ? moved : 0U);
    }
}

uint16_t *halves(const at::Tensor &tensor) {
    return static_cast<uint16_t *>(tensor.mutable_data_ptr());
}

constexpr int64_t grain = 1 << 14;

void join(const at::Tensor &rounded, const at::Tensor &rest, const at::Tensor &out) {
    if (out.is_meta()) {
        return;
    }
    const uint16_t *high = halves(rounded), *low = halves(rest);
    float *target = out.mutable_data_ptr<float>();
    mipha::parallel_for(out.numel(), grain, [&](int64_t begin, int64_t end) {
        join_range(high + begin, low + begin, target + begin, end - begin);
    });
}

void split(const at::Tensor &values, const at::Tensor &rounded, const at::Tensor &rest) {
    if (values.is_meta()) {
        return;
    }
    const float *source = mipha::elements<float>(values);
    uint16_t *high = halves(rounded), *low = halves(rest);
    mipha::parallel_for(values.numel(), grain, [&](int64_t begin, int64_t end) {
        split_range(source + begin, high + begin, low + begin, end - begin);
    });
}

void check_halves(const at::Tensor &rounded, const at::Tensor &rest) {
    if (!mipha::acts_on_cpu(rounded) || rest.device() != rounded.device() ||
        rounded.scalar_type() != at::kBFloat16 || rest.scalar_type() != at::kShort ||
        rounded.sizes() != rest.sizes() || !rounded.is_contiguous() || !rest.is_contiguous()) {
        throw std::invalid_argument("a remainder is int16 beside dense bfloat16 of its shape, on "
                                    "the CPU or the meta device");
    }
}

void update_codes(const at::Tensor &parameter, const at::Tensor &gradient, const Slot &slot,
                  int64_t start, const mt_adamw_options &options) {
    const mipha::MomentRange range{
        parameter.mutable_data_ptr<float>(),
        mipha::elements<float>(gradient),
        slot.first.mutable_data_ptr<uint8_t>() + start,
        slot.second.mutable_data_ptr<uint8_t>() + start,
        slot.first_scales->mutable_data_ptr<float>() + start / MT_MOMENT_BLOCK,
        slot.second_scales->mutable_data_ptr<float>() + start / MT_MOMENT_BLOCK,
        parameter.numel()};
    mipha::update_coded_moments(range, options, slot.step.item<double>());
}

// In pieces that stay in the processor's cache between conversion, update and copy.
void update_in_pieces(const Slot &slot, const mt_adamw_options &options) {
    constexpr int64_t longest = 1 << 20;
    const bool is_split = slot.remainder.has_value();
    static_assert(longest % MT_MOMENT_BLOCK == 0);
    const at::Tensor parameter = slot.parameter.view({-1}), first = slot.first.view({-1}),
                     second = slot.second.view({-1}), gradient = slot.gradient.reshape({-1});
    const at::Tensor master = slot.master.has_value() ? slot.master->view({-1}) : parameter;
    const at::Tensor rest = is_split ? slot.remainder->view({-1}) : at::Tensor();
    const int64_t total = parameter.numel();
    const at::Tensor joined =
        is_split ? at::empty({std::min(longest, total)}, parameter.options().dtype(at::kFloat))
                 : at::Tensor();
    for (int64_t start = 0; start < total; start += longest) {
        const int64_t count = std::min(longest, total - start);
        const at::Tensor shown = parameter.narrow(0, start, count);
        const at::Tensor piece =
            is_split ? joined.narrow(0, 0, count) : master.narrow(0, start, count);
        if (is_split) {
            join(shown, rest.narrow(0, start, count), piece);
        }
        const at::Tensor change =
            gradient.narrow(0, start, count).to(piece.scalar_type()).contiguous();
        if (slot.has_codes()) {
            update_codes(piece, change, slot, start, options);
        } else {
            update({piece}, {change}, {first.narrow(0, start, count)},
                   {second.narrow(0, start, count)}, {slot.step}, options);
        }
        if (is_split) {
            split(piece, shown, rest.narrow(0, start, count));
        } else if (slot.master.has_value()) {
            shown.copy_(piece);
        }
    }
}

// Slots with masters or gradients of another dtype, on a device: as few calls as its memory allows.
class DeviceBatch {
  public:
    DeviceBatch(const mt_adamw_options &options, bool *began) : options(options), began(began) {}

    void add(const Slot &slot) {
        const at::Tensor parameter = slot.parameter.view({-1}), first = slot.first.view({-1}),
                         second = slot.second.view({-1}), gradient = slot.gradient.reshape({-1});
        const at::Tensor target = slot.master.has_value() ? slot.master->view({-1}) : parameter;
        for (int64_t start = 0; start < parameter.numel();) {
            const int64_t count = std::min(longest - held, parameter.numel() - start);
            const at::Tensor piece = target.narrow(0, start, count);
            targets.push_back(piece);
            changes.push_back(gradient.narrow(0, start, count).to(piece.scalar_type()));
            firsts.push_back(first.narrow(0, start, count));
            seconds.push_back(second.narrow(0, start, count));
            steps.push_back(slot.step);
            if (slot.master.has_value()) {
                shown.push_back(parameter.narrow(0, start, count));
                masters.push_back(piece);
            }
            start += count;
            held += count;
            if (held == longest) {
                flush();
            }
        }
    }

    void flush() {
        if (targets.empty()) {
            return;
        }
        if (!targets[0].is_meta()) { // there the gradients of other types are all that is taken
            *began = true;
            update(targets, changes, firsts, seconds, steps, options);
            if (!shown.empty()) {
                at::_foreach_copy_(shown, masters);
            }
        }
        for (auto *list : {&targets, &changes, &firsts, &seconds, &steps, &shown, &masters}) {
            list->clear();
        }
        held = 0;
    }

  private:
    static constexpr int64_t longest = 64 << 20; // elements: 256 MB of gradients in float32
    const mt_adamw_options &options;
    bool *const began;
    std::vector<at::Tensor> targets, changes, firsts, seconds, steps, shown, masters;
    int64_t held = 0;
};

void update_codes_on_device(const Slot &slot, const mt_adamw_options &options, bool *began) {
    const at::Tensor parameter = slot.parameter.view({-1});
    const at::Tensor target = slot.master.has_value() ? slot.master->view({-1}) : parameter;
    const double step = slot.count > 0 ? slot.count : slot.step.item<double>();
    mipha::update_coded_moments({target, slot.gradient.reshape({-1}), slot.first.view({-1}),
                                 slot.second.view({-1}), slot.first_scales->view({-1}),
                                 slot.second_scales->view({-1})},
                                options, step, began);
    if (slot.master.has_value()) {
        parameter.copy_(target);
    }
}

void check_codes(const Slot &slot) {
    const int64_t blocks =
        (slot.parameter.numel() + MT_MOMENT_BLOCK - 1) / MT_MOMENT_BLOCK;
    bool fits = slot.first_scales.has_value() && slot.second_scales.has_value() &&
                (slot.parameter.scalar_type() == at::kFloat || slot.master.has_value() ||
                 slot.remainder.has_value()) &&
                (!slot.master.has_value() || slot.master->scalar_type() == at::kFloat);
    for (const at::Tensor &codes : {slot.first, slot.second}) {
        fits = fits && codes.scalar_type() == at::kByte && codes.is_contiguous();
    }
    for (const auto &scales : {slot.first_scales, slot.second_scales}) {
        fits = fits && scales->scalar_type() == at::kFloat && scales->is_contiguous() &&
               scales->numel() == blocks;
    }
    if (!fits || !slot.parameter.is_contiguous()) {
        throw std::invalid_argument(
            "moments are floats, or uint8 codes with a float32 scale for each block of " +
            std::to_string(MT_MOMENT_BLOCK) +
            " beside a dense float32 parameter or master");
    }
}

Slot slot_of(const mt_adamw_slot &given, size_t index) {
    Slot slot{unwrap(given.parameter),
              unwrap(given.gradient),
              unwrap(given.first),
              unwrap(given.second),
              unwrap(given.step),
              given.count,
              unwrap_optional(given.master_or_null),
              unwrap_optional(given.remainder_or_null),
              unwrap_optional(given.first_scales_or_null),
              unwrap_optional(given.second_scales_or_null)};
    bool fits = !slot.master.has_value() || slot.master->sizes() == slot.parameter.sizes();
    for (const at::Tensor &other : {slot.gradient, slot.first, slot.second}) {
        fits = fits && other.sizes() == slot.parameter.sizes();
    }
    if (!fits) { // the kernel trusts its caller
        throw std::invalid_argument("parameter " + std::to_string(index) +
                                    " and its gradient, moments or master differ in shape");
    }
    mipha::require_together("adamw", {{"parameter", slot.parameter},
                                      {"gradient", slot.gradient},
                                      {"first moment", slot.first},
                                      {"second moment", slot.second},
                                      {"steps", slot.step},
                                      {"master", slot.master},
                                      {"remainder", slot.remainder},
                                      {"first scales", slot.first_scales},
                                      {"second scales", slot.second_scales}});
    if (slot.remainder.has_value()) {
        check_halves(slot.parameter, *slot.remainder);
    }
    if (slot.has_codes() || slot.second_scales.has_value() ||
        !slot.first.is_floating_point() || !slot.second.is_floating_point()) {
        check_codes(slot);
    }
    return slot;
}

} // namespace

mt_status mt_adamw_step(const mt_adamw_slot *slots, size_t count, mt_adamw_options options,
                        bool *began) {
    *began = false;
    return guard([&] {
        const c10::NoGradGuard no_grad;
        std::vector<at::Tensor> targets, changes, first, second, counts;
        std::vector<Slot> others;
        for (size_t i = 0; i < count; i++) {
            Slot slot = slot_of(slots[i], i);
            if (slot.parameter.is_meta()) {
                if (!mipha::counts_memory()) {
                    throw std::invalid_argument("parameter " + std::to_string(i) +
                                                " is on the meta device, and no memory is counted");
                }
                if (mipha::acts_on_cpu(slot.parameter) || slot.is_plain() || slot.has_codes()) {
                    continue; // nothing that lasts is taken
                }
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
            *began = true;
            update(targets, changes, first, second, counts, options);
        }
        DeviceBatch batch(options, began);
        for (const Slot &slot : others) {
            if (mipha::acts_on_cpu(slot.parameter)) {
                *began = true;
                update_in_pieces(slot, options);
            } else if (slot.has_codes()) {
                update_codes_on_device(slot, options, began);
            } else {
                batch.add(slot);
            }
        }
        batch.flush();
    });
}

mt_status mt_tensor_join_remainder(mt_tensor rounded, mt_tensor remainder, mt_tensor *out) {
    return guard([&] {
        const at::Tensor high = unwrap(rounded).detach(), low = unwrap(remainder);
        check_halves(high, low);
        at::Tensor joined = at::empty(high.sizes(), high.options().dtype(at::kFloat));
        join(high, low, joined);
        *out = mipha::wrap(std::move(joined));
    });
}

mt_status mt_tensor_split_remainder(mt_tensor values, mt_tensor rounded, mt_tensor remainder) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor source = unwrap(values).to(at::kFloat).contiguous();
        const at::Tensor high = unwrap(rounded).detach(), low = unwrap(remainder);
        check_halves(high, low);
        mipha::require_together("split into halves", {{"values", source}, {"rounded", high}});
        if (source.sizes() != high.sizes()) {
            throw std::invalid_argument("values and their halves differ in shape");
        }
        split(source, high, low);
    });
}
