// AdamW whose moments are held in 8 bits: codes of the dynamic maps of bitsandbytes (8-bit Optimizers
// via Block-wise Quantization, arXiv 2110.02861), each times the largest magnitude of its block.
#include "internal.h"
#include "moments.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Parallel.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace {

constexpr int64_t block = MT_MOMENT_BLOCK;

// A sorted map of 256 numbers and what finds the nearest of them.
struct Code {
    std::array<float, 256> values{};
    // Middles between neighbours, behind the last one infinity.
    std::array<float, 256> bounds{};
    // By the upper 16 bits of a number from -1 to 1: the code nearest to the smallest number with
    // them. The next one at most is nearest to any other, so close are numbers with equal upper bits.
    std::vector<uint8_t> places;

    explicit Code(bool is_signed);

    uint8_t nearest(float x) const {
        uint32_t bits;
        std::memcpy(&bits, &x, sizeof bits);
        const uint8_t place = places[bits >> 16];
        return static_cast<uint8_t>(place + (x > bounds[place] ? 1 : 0));
    }
};

Code::Code(bool is_signed) : places(1 << 16) {
    std::vector<float> numbers = {0, 1};
    for (int exponent = 0; exponent < 7; exponent++) {
        const int64_t count = int64_t{1} << (is_signed ? exponent : exponent + 1);
        const at::Tensor steps = at::linspace(0.1, 1, count + 1, at::kFloat);
        const at::Tensor means = (steps.narrow(0, 0, count) + steps.narrow(0, 1, count)) / 2.0;
        const at::Tensor scaled = (means * std::pow(10.0, exponent - 6)).contiguous();
        const float *data = scaled.const_data_ptr<float>();
        for (int64_t i = 0; i < count; i++) {
            numbers.push_back(data[i]);
            if (is_signed) {
                numbers.push_back(-data[i]);
            }
        }
    }
    std::sort(numbers.begin(), numbers.end());
    std::copy_n(numbers.begin(), values.size(), values.begin());
    for (size_t i = 0; i + 1 < values.size(); i++) {
        bounds[i] = (values[i] + values[i + 1]) / 2;
    }
    bounds.back() = std::numeric_limits<float>::infinity();
    for (uint32_t upper = 0; upper < places.size(); upper++) {
        // The smallest number: with a sign, the one of the largest magnitude.
        const uint32_t bits = (upper << 16) | (upper >= 0x8000U ? 0xFFFFU : 0U);
        float smallest;
        std::memcpy(&smallest, &bits, sizeof smallest);
        const auto place = std::lower_bound(bounds.begin(), bounds.end() - 1, smallest);
        places[upper] = static_cast<uint8_t>(place - bounds.begin());
    }
}

const Code &signed_code() {
    static const Code code(true);
    return code;
}

const Code &unsigned_code() {
    static const Code code(false);
    return code;
}

struct Constants {
    float beta1, beta2, rest1, rest2, shrink, rate, correction, epsilon;
};

// The values of codes.
MIPHA_VECTORIZED void unpack(const uint8_t *codes, const float *values, float scale,
                             float *__restrict__ out, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        out[i] = values[codes[i]] * scale;
    }
}

// The step in float32; the largest magnitudes of the new moments come back. They are compared as bits,
// whose order is that of numbers without a sign, because vector code keeps no order of floats.
MIPHA_VECTORIZED void advance(float *parameter, const float *gradient, float *first, float *second,
                              const Constants &constants, int64_t count, float *largest) {
    const Constants k = constants;
    uint32_t highest1 = 0, highest2 = 0;
    for (int64_t i = 0; i < count; i++) {
        const float g = gradient[i];
        const float m = first[i] * k.beta1 + k.rest1 * g;
        const float v = second[i] * k.beta2 + k.rest2 * g * g;
        first[i] = m;
        second[i] = v;
        parameter[i] = parameter[i] * k.shrink -
                       k.rate * m / (__builtin_elementwise_sqrt(v) * k.correction + k.epsilon);
        uint32_t bits1, bits2;
        std::memcpy(&bits1, &m, sizeof bits1);
        std::memcpy(&bits2, &v, sizeof bits2);
        bits1 &= 0x7FFFFFFFU;
        highest1 = bits1 > highest1 ? bits1 : highest1;
        highest2 = bits2 > highest2 ? bits2 : highest2;
    }
    std::memcpy(largest, &highest1, sizeof highest1);
    std::memcpy(largest + 1, &highest2, sizeof highest2);
}

void pack(const float *values, float largest, const Code &code, uint8_t *codes, float *scale,
          int64_t count) {
    *scale = largest;
    if (largest == 0) {
        std::memset(codes, 0, static_cast<size_t>(count)); // any code times 0
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        codes[i] = code.nearest(values[i] / largest);
    }
}

} // namespace

void mipha::update_coded_moments(const MomentRange &range, const mt_adamw_options &options,
                                 double step) {
    const Code &first_code = signed_code(), &second_code = unsigned_code();
    const double correction1 = 1 - std::pow(options.beta1, step);
    const double correction2 = std::sqrt(1 - std::pow(options.beta2, step));
    const Constants constants{static_cast<float>(options.beta1),
                              static_cast<float>(options.beta2),
                              static_cast<float>(1 - options.beta1),
                              static_cast<float>(1 - options.beta2),
                              static_cast<float>(1 - options.learning_rate * options.weight_decay),
                              static_cast<float>(options.learning_rate / correction1),
                              static_cast<float>(1 / correction2),
                              static_cast<float>(options.epsilon)};
    const int64_t blocks = (range.count + block - 1) / block;
    at::parallel_for(0, blocks, 64, [&](int64_t begin, int64_t end) {
        std::array<float, block> first, second;
        std::array<float, 2> largest;
        for (int64_t index = begin; index < end; index++) {
            const int64_t start = index * block, count = std::min(block, range.count - start);
            uint8_t *codes1 = range.first + start, *codes2 = range.second + start;
            float *scale1 = range.first_scales + index, *scale2 = range.second_scales + index;
            unpack(codes1, first_code.values.data(), *scale1, first.data(), count);
            unpack(codes2, second_code.values.data(), *scale2, second.data(), count);
            advance(range.parameter + start, range.gradient + start, first.data(), second.data(),
                    constants, count, largest.data());
            pack(first.data(), largest[0], first_code, codes1, scale1, count);
            pack(second.data(), largest[1], second_code, codes2, scale2, count);
        }
    });
}
