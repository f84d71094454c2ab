// AdamW whose moments are held in 8 bits.
#pragma once

#include "CMiphaTorch.h"

#include <array>

namespace mipha {

// Some elements of a parameter that begin a block.
struct MomentRange {
    float *parameter;
    const float *gradient;
    uint8_t *first, *second;             // codes
    float *first_scales, *second_scales; // largest magnitude of each block
    int64_t count;
};

// One step, the `step`th; counted from 1.
void update_coded_moments(const MomentRange &range, const mt_adamw_options &options, double step);

// The same of dense tensors of one dimension on a device, of a whole parameter; the gradient is of any
// dtype.
struct MomentTensors;

// One step without a wait. `began` becomes true before anything is changed.
void update_coded_moments(const MomentTensors &all, const mt_adamw_options &options, double step,
                          bool *began);

// ---- What the kernels share ----

// Constants of a step, as numbers to multiply by.
struct MomentConstants {
    float beta1, beta2, rest1, rest2, shrink, rate, correction, epsilon;
};

// A dynamic map of bitsandbytes as straight lines.
//
// Places count magnitudes from below. Those with equally many binary digits make a row, and the
// magnitudes of a row are evenly spaced: a power of ten each, zero and one beside them. `rows` and
// `edges` find the row of a magnitude from its binary exponent: no exponent has two edges.
struct MomentCode {
    static constexpr int32_t lowest_exponent = 103; // of 2^-24, below the smallest edge

    alignas(64) std::array<float, 16> lows{}, steps{};     // place to magnitude
    alignas(64) std::array<float, 16> slopes{}, offsets{}; // and back
    alignas(64) std::array<float, 16> firsts{}, lasts{};   // places of the row
    alignas(64) std::array<float, 32> edges{};
    alignas(64) std::array<int32_t, 32> rows{};

    // Signed codes have places from 0, around 127; unsigned ones from 1.
    explicit MomentCode(bool is_signed);
};

const MomentCode &signed_moments();
const MomentCode &unsigned_moments();

MomentConstants moment_constants(const mt_adamw_options &options, double step);
// The magnitude of a place, and the place of the nearest magnitude.
float moment_magnitude(int32_t place, const MomentCode &code);
int32_t nearest_moment(float x, const MomentCode &code);

// The smallest largest number of a block whose others are held as shares of it.
constexpr float smallest_moment = 1e-37F;
// What numbers are multiplied by to be held as shares of the largest; 0 where it is too small for that.
inline float inverse_moment(float largest) { return largest < smallest_moment ? 0 : 1 / largest; }

// Blocks from `begin` to `end` of a range.
using MomentKernel = void (*)(const MomentRange &range, const MomentConstants &constants,
                              int64_t begin, int64_t end);

#if defined(__x86_64__)
void update_moment_blocks_avx512(const MomentRange &range, const MomentConstants &constants,
                                 int64_t begin, int64_t end);
#endif

} // namespace mipha
