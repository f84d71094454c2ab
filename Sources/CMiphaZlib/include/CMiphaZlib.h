// Raw deflate streams and CRC-32 over zlib, with 64-bit counts.
//
// Buffers are borrowed for the call. Out-parameters are written only on success.

#ifndef CMIPHAZLIB_H
#define CMIPHAZLIB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MZ_STATUS_OK = 0,        // went on as far as input and output allowed
    MZ_STATUS_END = 1,       // reached the end of the stream
    MZ_STATUS_CORRUPT = -1,  // the bytes are not a raw deflate stream
    MZ_STATUS_SPACE = -2,    // the output does not hold the result
    MZ_STATUS_MEMORY = -3,   // out of memory
} mz_status;

// Inflating piece by piece. *inflater is +1 to the caller: mz_inflater_free (NULL allowed).
typedef struct mz_inflater_s *mz_inflater;
mz_status mz_inflater_create(mz_inflater *inflater);
void mz_inflater_free(mz_inflater inflater);

// Reads at most `count` bytes and writes at most `capacity`; MZ_STATUS_OK with nothing read and
// nothing written means that one of the two buffers is empty.
mz_status mz_inflater_run(mz_inflater inflater, const uint8_t *input, size_t count,
                          size_t *consumed, uint8_t *output, size_t capacity, size_t *written);

// Inflates one whole stream into at most `capacity` bytes: MZ_STATUS_END, or an error.
mz_status mz_inflate(const uint8_t *input, size_t count, uint8_t *output, size_t capacity,
                     size_t *written);

// Deflates one whole stream; `capacity` of mz_deflate_bound(count) bytes is always enough.
size_t mz_deflate_bound(size_t count);
mz_status mz_deflate(const uint8_t *input, size_t count, uint8_t *output, size_t capacity,
                     size_t *written);

// Continues a CRC-32 that starts at 0.
uint32_t mz_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
