// The values that codes of 8 and 4 bits stand for.
#pragma once
#include "elements.h"
#include "internal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace mipha {

// The NF4 code of bitsandbytes (QLoRA, arXiv 2305.14314, appendix E).
inline constexpr std::array<float, 16> normal_float = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

// The signed 8-bit dynamic code (arXiv 1511.04561): means between even steps of each power of ten.
inline const std::array<float, 256> &dynamic_code() {
    static const std::array<float, 256> table = [] {
        std::vector<float> values = {0, 1};
        for (int exponent = 0; exponent < 7; exponent++) {
            const at::Tensor steps = at::linspace(0.1, 1, (1 << exponent) + 1, at::kFloat);
            const int64_t count = steps.size(0) - 1;
            const at::Tensor means =
                (steps.narrow(0, 0, count) + steps.narrow(0, 1, count)) / 2.0;
            const at::Tensor scaled = (means * std::pow(10.0, exponent - 6)).contiguous();
            const float *data = mipha::elements<float>(scaled);
            for (int64_t i = 0; i < count; i++) {
                values.push_back(data[i]);
                values.push_back(-data[i]);
            }
        }
        std::sort(values.begin(), values.end());
        std::array<float, 256> result{};
        std::copy(values.begin(), values.end(), result.begin());
        return result;
    }();
    return table;
}

// Place of the value of `code` next to x; the lower one of two that are equally near.
inline uint8_t nearest_dynamic(float x) {
    const auto &code = dynamic_code();
    const auto above = std::lower_bound(code.begin(), code.end(), x);
    auto place = static_cast<size_t>(above - code.begin());
    if (place == code.size()) {
        return 255;
    }
    if (place > 0 && x - code[place - 1] <= code[place] - x) {
        place--;
    }
    return static_cast<uint8_t>(place);
}

inline const std::array<float, 15> &normal_bounds() {
    static const std::array<float, 15> bounds = [] {
        std::array<float, 15> result{};
        for (size_t i = 0; i < result.size(); i++) {
            result[i] = (normal_float[i] + normal_float[i + 1]) / 2;
        }
        return result;
    }();
    return bounds;
}

inline uint8_t nearest_normal(float x) {
    uint8_t place = 0;
    for (const float bound : normal_bounds()) {
        place = static_cast<uint8_t>(place + (x > bound));
    }
    return place;
}

enum class CodeTable {
    dynamic,     // [256]: value of each place of the dynamic code
    normal_pairs // [256, 2]: values of the high and the low half of each byte
};

// A table of values on a device, made there once.
at::Tensor code_table(CodeTable table, at::Device device);

} // namespace mipha
