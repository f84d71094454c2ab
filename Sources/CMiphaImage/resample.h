#ifndef MI_RESAMPLE_H
#define MI_RESAMPLE_H

#include "CMiphaImage.h"

#if defined(__x86_64__)
#define MI_X86 1
#else
#define MI_X86 0
#endif

enum {
    MI_PRECISION = 22,     // fractional bits of a weight
    MI_ROWS = 4,           // rows of one horizontal step
    MI_ROW_SLACK = 64,     // bytes that may be read or written beyond a row
};

// The two inner passes for one instruction set. `packed` is the axis' weights as `pack` laid them
// out: `stride` 32-bit words for each output element.
typedef struct {
    // Words of an output element with `taps` taps.
    size_t (*stride)(int32_t taps);
    // Lays out one output element; false when a weight does not fit the layout.
    int (*pack)(const int32_t *weights, int32_t count, int32_t *packed);
    // MI_ROWS rows at once. Reads up to MI_ROW_SLACK bytes beyond the pixels of a source row and
    // writes up to MI_ROW_SLACK bytes beyond a destination row.
    void (*horizontal)(const uint8_t *const sources[MI_ROWS], uint8_t *const targets[MI_ROWS],
                       const mi_axis *axis, const int32_t *packed, size_t stride);
    // One output row of `bytes` bytes out of `count` input rows, which may be read up to
    // MI_ROW_SLACK bytes beyond their end. Writes no byte beyond `bytes`.
    void (*vertical)(const uint8_t *const *sources, int32_t count, const int32_t *packed,
                     uint8_t *target, size_t bytes);
} mi_passes;

extern const mi_passes mi_passes_portable;
#if MI_X86
extern const mi_passes mi_passes_avx2;
extern const mi_passes mi_passes_avx512;
#endif

#endif
