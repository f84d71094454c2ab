// Rotary position embeddings, with their own gradient.
#include "elements.h"
#include "internal.h"
#include "parallel.h"

#include <map>
#include <mutex>
#include <tuple>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <torch/csrc/autograd/custom_function.h>
#pragma clang diagnostic pop

using mipha::guard;
using mipha::unwrap;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// One row: `direction` +1 rotates by the angle, -1 back.
template <typename Scalar>
void rotate_rows(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin,
                 at::Tensor &out, float direction) {
    const int64_t batch = x.size(0), tokens = x.size(1), heads = x.size(2), width = x.size(3);
    const int64_t half = cos.size(-1), angle_stride = cos.size(0) == 1 ? 0 : tokens * half;
    const Scalar *source = mipha::elements<Scalar>(x);
    const float *cosines = mipha::elements<float>(cos), *sines = mipha::elements<float>(sin);
    Scalar *target = out.mutable_data_ptr<Scalar>();
    mipha::parallel_for(batch * tokens, 16, [&](int64_t begin, int64_t end) {
        for (int64_t position = begin; position < end; position++) {
            const int64_t angle =
                (position / tokens) * angle_stride + (position % tokens) * half;
            const float *c = cosines + angle, *s = sines + angle;
            for (int64_t head = 0; head < heads; head++) {
                const Scalar *from = source + (position * heads + head) * width;
                Scalar *to = target + (position * heads + head) * width;
                for (int64_t i = 0; i < half; i++) {
                    const float low = static_cast<float>(from[i]);
                    const float high = static_cast<float>(from[half + i]);
                    const float turn = direction * s[i];
                    to[i] = static_cast<Scalar>(low * c[i] - high * turn);
                    to[half + i] = static_cast<Scalar>(high * c[i] + low * turn);
                }
                for (int64_t i = 2 * half; i < width; i++) {
                    to[i] = from[i];
                }
            }
        }
    });
}

at::Tensor rotate(const at::Tensor &input, const at::Tensor &cos, const at::Tensor &sin,
                  float direction) {
    const int64_t half = cos.size(-1);
    if (mipha::acts_on_cpu(input) &&
        (input.scalar_type() == at::kFloat || input.scalar_type() == at::kBFloat16)) {
        const at::Tensor x = input.contiguous();
        at::Tensor out = at::empty_like(x);
        if (x.is_meta()) {
            return out;
        }
        mipha::require_cpu("rotary", {{"x", x}, {"cos", cos}, {"sin", sin}});
        if (x.scalar_type() == at::kFloat) {
            rotate_rows<float>(x, cos, sin, out, direction);
        } else {
            rotate_rows<at::BFloat16>(x, cos, sin, out, direction);
        }
        return out;
    }
    const at::Tensor c = cos.unsqueeze(2), s = sin.unsqueeze(2) * direction;
    const at::Tensor low = input.narrow(-1, 0, half).to(at::kFloat);
    const at::Tensor high = input.narrow(-1, half, half).to(at::kFloat);
    const at::Tensor rest = input.narrow(-1, 2 * half, input.size(-1) - 2 * half);
    return at::cat({(low * c - high * s).to(input.scalar_type()),
                    (high * c + low * s).to(input.scalar_type()), rest},
                   -1);
}

struct Rotary : torch::autograd::Function<Rotary> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &cos,
                              const at::Tensor &sin) {
        context->save_for_backward({cos, sin});
        const at::AutoDispatchBelowADInplaceOrView below;
        return rotate(x, cos, sin, 1);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        return {rotate(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
    }
};

} // namespace

mt_status mt_rotary(mt_tensor x, mt_tensor cos, mt_tensor sin, mt_tensor *out) {
    return guard([&] {
        const at::Tensor input = unwrap(x);
        const at::Tensor c = unwrap(cos).contiguous(), s = unwrap(sin).contiguous();
        const bool fits = input.dim() == 4 && c.dim() == 3 && c.sizes() == s.sizes() &&
                          c.scalar_type() == at::kFloat && s.scalar_type() == at::kFloat &&
                          c.size(1) == input.size(1) && 2 * c.size(2) <= input.size(3) &&
                          (c.size(0) == 1 || c.size(0) == input.size(0));
        if (!fits) {
            throw std::invalid_argument("rotary angles do not fit the input");
        }
        mipha::require_together("rotary", {{"x", input}, {"cos", c}, {"sin", s}});
        *out = mipha::wrap(Rotary::apply(input, c, s));
    });
}

namespace {

at::Tensor frequencies(int64_t rotary, double theta) {
    const at::Tensor exponents = at::arange(0, rotary, 2, at::kLong).to(at::kFloat).div(rotary);
    return at::pow(at::Scalar(theta), exponents).reciprocal();
}

} // namespace

mt_status mt_rotary_frequencies(int64_t rotary, double theta, mt_device device, mt_tensor *out) {
    return guard([&] {
        const at::Device place = mipha::device(device);
        if (place.is_cpu() || place.is_meta()) {
            *out = mipha::wrap(frequencies(rotary, theta).to(place));
            return;
        }
        // Those on a device are made on the CPU, as everywhere, and sent once.
        static std::mutex mutex;
        static auto *const sent = new std::map<std::tuple<int64_t, double, std::string>, at::Tensor>;
        const std::lock_guard<std::mutex> lock(mutex);
        at::Tensor &known = (*sent)[{rotary, theta, place.str()}];
        if (!known.defined()) {
            known = frequencies(rotary, theta).to(place);
        }
        *out = mipha::wrap(at::Tensor(known));
    });
}

mt_status mt_rotary_angles(mt_tensor positions, mt_tensor frequencies, mt_tensor *cos,
                           mt_tensor *sin) {
    return guard([&] {
        const at::Tensor places = unwrap(positions);
        const at::Tensor rates = unwrap(frequencies);
        mipha::require_together("rotary angles", {{"positions", places}, {"frequencies", rates}});
        const at::Tensor angles = places.to(at::kFloat).unsqueeze(-1) * rates;
        at::Tensor cosines = angles.cos(), sines = angles.sin();
        *cos = mipha::wrap(std::move(cosines));
        *sin = mipha::wrap(std::move(sines));
    });
}
