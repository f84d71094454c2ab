#include "failure.h"

#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

// The demultiplexer accepts only whole files and checks every chunk size.
static mi_status open_file(const uint8_t *bytes, size_t count, WebPDemuxer **demuxer,
                           mi_failure *failure) {
    WebPData data = {bytes, count};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    *demuxer = WebPDemuxPartial(&data, &state);
    if (*demuxer != NULL && state == WEBP_DEMUX_DONE) return MI_OK;
    WebPDemuxDelete(*demuxer);
    *demuxer = NULL;
    if (state == WEBP_DEMUX_PARSE_ERROR) {
        return mi_fail(failure, MI_CORRUPT, MI_UNKNOWN_OFFSET, "the chunks are invalid");
    }
    return mi_fail(failure, MI_TRUNCATED, count, "the data end inside the image");
}

mi_status mi_webp_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure) {
    WebPDemuxer *demuxer = NULL;
    mi_status status = open_file(bytes, count, &demuxer, failure);
    if (status != MI_OK) return status;
    size->width = (int32_t)WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
    size->height = (int32_t)WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    WebPDemuxDelete(demuxer);
    return MI_OK;
}

static mi_status decode_frame(const WebPIterator *frame, size_t start, mi_size size,
                              uint8_t *pixels, mi_failure *failure) {
    if (frame->x_offset < 0 || frame->y_offset < 0 || frame->width < 1 || frame->height < 1
        || frame->width > size.width - frame->x_offset
        || frame->height > size.height - frame->y_offset) {
        return mi_fail(failure, MI_CORRUPT, start, "the first frame lies outside the canvas");
    }
    size_t stride = 3 * (size_t)size.width;
    size_t offset = stride * (size_t)frame->y_offset + 3 * (size_t)frame->x_offset;
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        return mi_fail(failure, MI_UNSUPPORTED, start, "libwebp has another version");
    }
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels + offset;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * (size_t)size.height - offset;
    VP8StatusCode code = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    switch (code) {
    case VP8_STATUS_OK:
        return MI_OK;
    case VP8_STATUS_OUT_OF_MEMORY:
        return mi_fail(failure, MI_MEMORY, start, "out of memory");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return mi_fail(failure, MI_TRUNCATED, start, "the data of the frame here end too early");
    default:
        return mi_fail(failure, MI_CORRUPT, start, "the frame here is invalid (libwebp status %d)",
                       (int)code);
    }
}

mi_status mi_webp_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                         mi_failure *failure) {
    WebPDemuxer *demuxer = NULL;
    mi_status status = open_file(bytes, count, &demuxer, failure);
    if (status != MI_OK) return status;
    memset(pixels, 0, 3 * (size_t)size.width * (size_t)size.height);
    WebPIterator frame;
    memset(&frame, 0, sizeof frame);
    if (WebPDemuxGetFrame(demuxer, 1, &frame)) {
        size_t start = (size_t)(frame.fragment.bytes - bytes);
        status = decode_frame(&frame, start, size, pixels, failure);
    } else {
        status = mi_fail(failure, MI_CORRUPT, MI_UNKNOWN_OFFSET, "there is no frame");
    }
    WebPDemuxReleaseIterator(&frame);
    WebPDemuxDelete(demuxer);
    return status;
}
