// AdamW whose moments are held in 8 bits: codes of the dynamic maps of bitsandbytes (8-bit Optimizers
// via Block-wise Quantization, arXiv 2110.02861), each times the largest magnitude of its block.
#include "internal.h"
#include "moments.h"
#include "parallel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace {

constexpr int64_t block = MT_MOMENT_BLOCK;
constexpr float infinity = std::numeric_limits<float>::infinity();

uint32_t bits_of(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

float float_of(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

float magnitude(int32_t place, const mipha::MomentCode &code) {
    const uint32_t bits = bits_of(static_cast<float>(place));
    const auto row = static_cast<size_t>(std::max(static_cast<int32_t>(bits >> 23) - 126, 0));
    const float share = float_of((bits & 0x7FFFFFU) | 0x3F800000U) - 1;
    return code.lows[row] + code.steps[row] * share;
}

int32_t nearest(float x, const mipha::MomentCode &code) {
    const int32_t exponent =
        static_cast<int32_t>(bits_of(x) >> 23) - mipha::MomentCode::lowest_exponent;
    const auto index = static_cast<size_t>(std::clamp(exponent, 0, 31));
    const auto row = static_cast<size_t>(code.rows[index] + (x > code.edges[index] ? 1 : 0));
    const float place = x * code.slopes[row] + code.offsets[row];
    // Comparisons in this order let what is not a number become a place.
    const float least = place > code.firsts[row] ? place : code.firsts[row];
    return static_cast<int32_t>((least < code.lasts[row] ? least : code.lasts[row]) + 0.5F);
}

void update_blocks(const mipha::MomentRange &range, const mipha::MomentConstants &k, int64_t begin,
                   int64_t end) {
    const mipha::MomentCode &first_code = mipha::signed_moments(),
                            &second_code = mipha::unsigned_moments();
    std::array<float, block> first, second;
    for (int64_t index = begin; index < end; index++) {
        const int64_t start = index * block, count = std::min(block, range.count - start);
        uint8_t *codes1 = range.first + start, *codes2 = range.second + start;
        float &scale1 = range.first_scales[index], &scale2 = range.second_scales[index];
        uint32_t highest1 = 0, highest2 = 0; // as bits, so that a NaN stays
        for (int64_t i = 0; i < count; i++) {
            const float g = range.gradient[start + i];
            const int32_t place = static_cast<int32_t>(codes1[i]) - 127;
            const float old = magnitude(std::abs(place), first_code);
            const float m = (place < 0 ? -old : old) * scale1 * k.beta1 + k.rest1 * g;
            const float v =
                magnitude(codes2[i] + 1, second_code) * scale2 * k.beta2 + k.rest2 * g * g;
            float &parameter = range.parameter[start + i];
            parameter = parameter * k.shrink - k.rate * m / (std::sqrt(v) * k.correction + k.epsilon);
            first[static_cast<size_t>(i)] = m;
            second[static_cast<size_t>(i)] = v;
            highest1 = std::max(highest1, bits_of(m) & 0x7FFFFFFFU);
            highest2 = std::max(highest2, bits_of(v));
        }
        scale1 = float_of(highest1);
        scale2 = float_of(highest2);
        const float inverse1 = mipha::inverse_moment(scale1),
                    inverse2 = mipha::inverse_moment(scale2);
        for (int64_t i = 0; i < count; i++) {
            const float m = first[static_cast<size_t>(i)], v = second[static_cast<size_t>(i)];
            const int32_t place = nearest(std::abs(m) * inverse1, first_code);
            codes1[i] = static_cast<uint8_t>(std::max(127 + (m < 0 ? -place : place), 0));
            codes2[i] = static_cast<uint8_t>(nearest(v * inverse2, second_code) - 1);
        }
    }
}

mipha::MomentKernel kernel() {
#if defined(__x86_64__)
    static const bool is_wide =
        __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
    if (is_wide) {
        return mipha::update_moment_blocks_avx512;
    }
#endif
    return update_blocks;
}

} // namespace

mipha::MomentCode::MomentCode(bool is_signed) {
    const size_t zero = is_signed ? 0 : 1, one = zero + 8;
    offsets[zero] = firsts[zero] = lasts[zero] = static_cast<float>(zero);
    for (size_t row = zero + 1; row < one; row++) {
        const double unit = std::pow(10.0, static_cast<double>(row - zero) - 7);
        const auto count = static_cast<double>(1U << (row - 1));
        const double low = unit * (0.1 + 0.45 / count), step = unit * 0.9;
        lows[row] = static_cast<float>(low);
        steps[row] = static_cast<float>(step);
        slopes[row] = static_cast<float>(count / step);
        offsets[row] = static_cast<float>(count - low * count / step);
        firsts[row] = static_cast<float>(count);
        lasts[row] = static_cast<float>(2 * count - 1);
    }
    lows[one] = 1;
    offsets[one] = firsts[one] = lasts[one] = static_cast<float>(1U << (one - 1));
    edges.fill(infinity);
    std::array<int32_t, 32> passed{};
    for (size_t row = zero + 1; row <= one; row++) {
        const float below = magnitude(static_cast<int32_t>(lasts[row - 1]), *this);
        const float edge = (below + lows[row]) / 2;
        const auto index = static_cast<size_t>(bits_of(edge) >> 23) - lowest_exponent;
        edges[index] = edge;
        passed[index + 1]++;
    }
    int32_t row = static_cast<int32_t>(zero);
    for (size_t index = 0; index < rows.size(); index++) {
        row += passed[index];
        rows[index] = row;
    }
}

const mipha::MomentCode &mipha::signed_moments() {
    static const MomentCode code(true);
    return code;
}

const mipha::MomentCode &mipha::unsigned_moments() {
    static const MomentCode code(false);
    return code;
}

float mipha::moment_magnitude(int32_t place, const MomentCode &code) {
    return magnitude(place, code);
}

int32_t mipha::nearest_moment(float x, const MomentCode &code) { return nearest(x, code); }

mipha::MomentConstants mipha::moment_constants(const mt_adamw_options &options, double step) {
    const double correction1 = 1 - std::pow(options.beta1, step);
    const double correction2 = std::sqrt(1 - std::pow(options.beta2, step));
    return {
        static_cast<float>(options.beta1),
        static_cast<float>(options.beta2),
        static_cast<float>(1 - options.beta1),
        static_cast<float>(1 - options.beta2),
        static_cast<float>(1 - options.learning_rate * options.weight_decay),
        static_cast<float>(options.learning_rate / correction1),
        static_cast<float>(1 / correction2),
        static_cast<float>(options.epsilon)};
}

void mipha::update_coded_moments(const MomentRange &range, const mt_adamw_options &options,
                                 double step) {
    const MomentConstants constants = moment_constants(options, step);
    const MomentKernel update = kernel();
    parallel_for((range.count + block - 1) / block, 64, [&](int64_t begin, int64_t end) {
        update(range, constants, begin, end);
    });
}
