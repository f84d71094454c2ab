#include <string.h>

#include "resample.h"

static size_t stride_words(int32_t taps) { return (size_t)taps; }

static int pack(const int32_t *weights, int32_t count, int32_t *packed) {
    memcpy(packed, weights, (size_t)count * sizeof *weights);
    return 1;
}

// Sums wrap around, so that all instruction sets agree even where 32 bits overflow.
static uint8_t clip(uint32_t sum) {
    int32_t value = (int32_t)sum >> MI_PRECISION;
    if (value < 0) return 0;
    return value > 255 ? 255 : (uint8_t)value;
}

static void horizontal(const uint8_t *const sources[MI_ROWS], uint8_t *const targets[MI_ROWS],
                       const mi_axis *axis, const int32_t *packed, size_t stride) {
    const uint32_t half = 1u << (MI_PRECISION - 1);
    for (int row = 0; row < MI_ROWS; row += 1) {
        uint8_t *target = targets[row];
        for (int32_t x = 0; x < axis->output; x += 1) {
            const uint8_t *pixel = sources[row] + 3 * (size_t)axis->first[x];
            const int32_t *weights = packed + stride * (size_t)x;
            uint32_t red = half, green = half, blue = half;
            for (int32_t tap = 0; tap < axis->count[x]; tap += 1) {
                uint32_t weight = (uint32_t)weights[tap];
                red += weight * pixel[0];
                green += weight * pixel[1];
                blue += weight * pixel[2];
                pixel += 3;
            }
            target[0] = clip(red);
            target[1] = clip(green);
            target[2] = clip(blue);
            target += 3;
        }
    }
}

static void vertical(const uint8_t *const *sources, int32_t count, const int32_t *packed,
                     uint8_t *target, size_t bytes) {
    enum { BLOCK = 64 };
    for (size_t start = 0; start < bytes; start += BLOCK) {
        uint32_t sums[BLOCK];
        for (int index = 0; index < BLOCK; index += 1) sums[index] = 1u << (MI_PRECISION - 1);
        for (int32_t tap = 0; tap < count; tap += 1) {
            const uint8_t *source = sources[tap] + start;
            uint32_t weight = (uint32_t)packed[tap];
            for (int index = 0; index < BLOCK; index += 1) sums[index] += weight * source[index];
        }
        size_t length = bytes - start < BLOCK ? bytes - start : BLOCK;
        for (size_t index = 0; index < length; index += 1) target[start + index] = clip(sums[index]);
    }
}

const mi_passes mi_passes_portable = {stride_words, pack, horizontal, vertical};
