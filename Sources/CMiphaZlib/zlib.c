#include "CMiphaZlib.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct mz_inflater_s {
    z_stream stream;
    int ended;
};

// zlib counts with 32 bits: longer buffers go in pieces.
static uInt piece(size_t count) {
    const size_t most = 1u << 30;
    return (uInt)(count < most ? count : most);
}

mz_status mz_inflater_create(mz_inflater *inflater) {
    mz_inflater made = calloc(1, sizeof *made);
    if (made == NULL) return MZ_STATUS_MEMORY;
    if (inflateInit2(&made->stream, -MAX_WBITS) != Z_OK) {
        free(made);
        return MZ_STATUS_MEMORY;
    }
    *inflater = made;
    return MZ_STATUS_OK;
}

void mz_inflater_free(mz_inflater inflater) {
    if (inflater == NULL) return;
    inflateEnd(&inflater->stream);
    free(inflater);
}

mz_status mz_inflater_run(mz_inflater inflater, const uint8_t *input, size_t count,
                          size_t *consumed, uint8_t *output, size_t capacity, size_t *written) {
    z_stream *stream = &inflater->stream;
    // zlib refuses null pointers even with nothing behind them.
    uint8_t nothing = 0;
    if (input == NULL) input = &nothing;
    if (output == NULL) output = &nothing;
    size_t taken = 0, made = 0;
    while (!inflater->ended) {
        uInt available = piece(count - taken), room = piece(capacity - made);
        stream->next_in = (z_const Bytef *)(input + taken);
        stream->avail_in = available;
        stream->next_out = output + made;
        stream->avail_out = room;
        int result = inflate(stream, Z_NO_FLUSH);
        size_t in = available - stream->avail_in, out = room - stream->avail_out;
        taken += in;
        made += out;
        if (result == Z_STREAM_END) {
            inflater->ended = 1;
            break;
        }
        if (result == Z_MEM_ERROR) return MZ_STATUS_MEMORY;
        if (result != Z_OK && result != Z_BUF_ERROR) return MZ_STATUS_CORRUPT;
        if (result == Z_BUF_ERROR || (in == 0 && out == 0)) break;
    }
    *consumed = taken;
    *written = made;
    return inflater->ended ? MZ_STATUS_END : MZ_STATUS_OK;
}

mz_status mz_inflate(const uint8_t *input, size_t count, uint8_t *output, size_t capacity,
                     size_t *written) {
    mz_inflater inflater;
    mz_status status = mz_inflater_create(&inflater);
    if (status != MZ_STATUS_OK) return status;
    size_t consumed = 0, made = 0;
    status = mz_inflater_run(inflater, input, count, &consumed, output, capacity, &made);
    mz_inflater_free(inflater);
    if (status < 0) return status;
    if (status != MZ_STATUS_END) return made == capacity ? MZ_STATUS_SPACE : MZ_STATUS_CORRUPT;
    *written = made;
    return MZ_STATUS_END;
}

size_t mz_deflate_bound(size_t count) {
    // Stored blocks of 16 KiB at worst, five bytes each, and a little for the end.
    return count + (count >> 14) * 5 + (count >> 12) + 64;
}

mz_status mz_deflate(const uint8_t *input, size_t count, uint8_t *output, size_t capacity,
                     size_t *written) {
    z_stream stream = {0};
    if (deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return MZ_STATUS_MEMORY;
    }
    uint8_t nothing = 0;
    if (input == NULL) input = &nothing;
    size_t taken = 0, made = 0;
    mz_status status = MZ_STATUS_OK;
    while (status == MZ_STATUS_OK) {
        uInt available = piece(count - taken), room = piece(capacity - made);
        int isLast = available == count - taken;
        stream.next_in = (z_const Bytef *)(input + taken);
        stream.avail_in = available;
        stream.next_out = output + made;
        stream.avail_out = room;
        int result = deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH);
        taken += available - stream.avail_in;
        made += room - stream.avail_out;
        if (result == Z_STREAM_END) {
            status = MZ_STATUS_END;
        } else if (made == capacity || (result != Z_OK && result != Z_BUF_ERROR)) {
            status = MZ_STATUS_SPACE;
        }
    }
    deflateEnd(&stream);
    if (status == MZ_STATUS_END) *written = made;
    return status;
}

uint32_t mz_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
    uLong value = crc;
    while (count > 0) {
        uInt part = piece(count);
        value = crc32(value, bytes, part);
        bytes += part;
        count -= part;
    }
    return (uint32_t)value;
}
