// Picture decoding, PNG writing and the inner passes of the 8-bit resampler.
//
// Every fallible function returns an mi_status, writes its out-parameters only on success and
// describes a failure in *failure. Input buffers are borrowed for the call. Pixels are RGB, 8 bits
// a channel, rows from top to bottom without padding.

#ifndef CMIPHAIMAGE_H
#define CMIPHAIMAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MI_OK = 0,
    MI_TRUNCATED = -1,    // the bytes end inside the picture
    MI_CORRUPT = -2,      // the bytes contradict the format
    MI_UNSUPPORTED = -3,  // a valid file of a kind that is not read
    MI_LIMIT = -4,        // larger than a limit
    MI_MEMORY = -5,       // out of memory
    MI_IO = -6,           // the operating system refused
} mi_status;

typedef struct {
    char message[224];  // one clause, NUL-terminated
    size_t offset;      // byte position in the input, SIZE_MAX when unknown
} mi_failure;

typedef struct {
    int32_t width;
    int32_t height;
} mi_size;

// Files. Only regular files are read.
mi_status mi_file_size(const char *path, uint64_t *size, mi_failure *failure);
mi_status mi_file_read(const char *path, uint8_t *bytes, size_t count, mi_failure *failure);

// Decoding in two steps: the size, then the pixels into a buffer of 3 * width * height bytes that
// the caller allocates. `size` of the second call is what the first one returned.
mi_status mi_jpeg_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure);
mi_status mi_jpeg_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                         mi_failure *failure);
mi_status mi_png_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure);
mi_status mi_png_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                        mi_failure *failure);
mi_status mi_webp_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure);
mi_status mi_webp_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                         mi_failure *failure);
mi_status mi_gif_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure);
mi_status mi_gif_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                        mi_failure *failure);

// Writes an 8-bit RGB PNG. *encoded is +1 to the caller: mi_free.
mi_status mi_png_encode(const uint8_t *pixels, mi_size size, uint8_t **encoded, size_t *count,
                        mi_failure *failure);
void mi_free(uint8_t *bytes);

// The versions of the decoders, as text of at most `capacity` bytes with its NUL.
void mi_decoder_versions(char *text, size_t capacity);

// One axis of a separable resampling. Output element i is
// clip8((2^21 + sum over t < count[i] of weights[i * taps + t] * input[first[i] + t]) >> 22)
// in 32-bit arithmetic; 0 <= first[i], first[i] + count[i] <= input, 1 <= count[i] <= taps, and
// first[i] and first[i] + count[i] never decrease with i. An axis may be any part of a longer one.
typedef struct {
    int32_t input;
    int32_t output;
    int32_t taps;
    const int32_t *first;
    const int32_t *count;
    const int32_t *weights;
} mi_axis;

// Instruction sets of the resampler, in order of preference. All give the same bytes.
typedef enum {
    MI_PORTABLE = 0,
    MI_AVX2 = 1,
    MI_AVX512_VNNI = 2,
} mi_instructions;

// The best instruction set of this processor.
mi_instructions mi_resample_instructions(void);

// Which pass runs first; between the passes there are 8 bits, so the order shows in the result.
typedef enum {
    MI_HORIZONTAL_FIRST = 0,
    MI_VERTICAL_FIRST = 1,
} mi_order;

// A larger picture of one colour on which the input lies; the axes then start from its size.
typedef struct {
    mi_size size;
    int32_t left;
    int32_t top;
    uint8_t fill[3];
} mi_canvas;

// Resamples RGB pixels. A NULL axis keeps that dimension; at most one may be NULL. With a canvas,
// which may be NULL, `horizontal` is not NULL and the order is MI_HORIZONTAL_FIRST. `output` holds
// 3 * output width * output height bytes. An instruction set the processor lacks is replaced by the
// best one it has.
mi_status mi_resample(const uint8_t *input, mi_size size, const mi_canvas *canvas,
                      const mi_axis *horizontal, const mi_axis *vertical, mi_order order,
                      mi_instructions instructions, uint8_t *output, mi_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
