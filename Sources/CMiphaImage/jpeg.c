#include "failure.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

// A progressive file may repeat scans without end; real ones have about ten.
enum { MI_JPEG_SCANS = 256 };

typedef struct {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    mi_status status;
    mi_failure *failure;
    size_t count;
} reader;

static reader *reader_of(j_common_ptr codec) { return (reader *)codec->client_data; }

static size_t position(const reader *reader) {
    return reader->count - reader->source.bytes_in_buffer;
}

static void on_error(j_common_ptr codec) {
    reader *reader = reader_of(codec);
    char message[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, message);
    mi_status status = MI_CORRUPT;
    if (codec->err->msg_code == JERR_OUT_OF_MEMORY) status = MI_MEMORY;
    if (codec->err->msg_code == JERR_NO_BACKING_STORE) status = MI_LIMIT;
    reader->status = mi_fail(reader->failure, status, position(reader), "%s", message);
    longjmp(reader->jump, 1);
}

static void on_message(j_common_ptr codec, int level) {
    if (level < 0) codec->err->num_warnings += 1;
}

static void stop_truncated(reader *reader) {
    reader->status = mi_fail(reader->failure, MI_TRUNCATED, reader->count,
                             "the data end inside the image");
    longjmp(reader->jump, 1);
}

static void source_init(j_decompress_ptr codec) { (void)codec; }

static boolean source_fill(j_decompress_ptr codec) {
    stop_truncated(reader_of((j_common_ptr)codec));
    return FALSE;
}

static void source_skip(j_decompress_ptr codec, long count) {
    if (count <= 0) return;
    if ((unsigned long)count > codec->src->bytes_in_buffer) {
        stop_truncated(reader_of((j_common_ptr)codec));
    }
    codec->src->next_input_byte += count;
    codec->src->bytes_in_buffer -= (size_t)count;
}

static void check_scans(j_common_ptr codec) {
    reader *reader = reader_of(codec);
    if (reader->codec.input_scan_number > MI_JPEG_SCANS) {
        reader->status = mi_fail(reader->failure, MI_LIMIT, position(reader),
                                 "the image has more than %d scans", MI_JPEG_SCANS);
        longjmp(reader->jump, 1);
    }
}

// Must be called after setjmp(reader->jump).
static void reader_open(reader *reader, const uint8_t *bytes) {
    reader->codec.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = on_error;
    reader->errors.emit_message = on_message;
    reader->codec.client_data = reader;
    jpeg_create_decompress(&reader->codec);
    reader->codec.mem->max_memory_to_use = 0x7fffffffL;
    reader->source.init_source = source_init;
    reader->source.fill_input_buffer = source_fill;
    reader->source.skip_input_data = source_skip;
    reader->source.resync_to_restart = jpeg_resync_to_restart;
    reader->source.term_source = source_init;
    reader->source.next_input_byte = bytes;
    reader->source.bytes_in_buffer = reader->count;
    reader->codec.src = &reader->source;
    reader->progress.progress_monitor = check_scans;
    reader->codec.progress = &reader->progress;
    jpeg_read_header(&reader->codec, TRUE);
}

static mi_status check_header(reader *reader) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    int components = codec->num_components;
    if (components != 1 && components != 3 && components != 4) {
        return mi_fail(reader->failure, MI_UNSUPPORTED, position(reader),
                       "%d colour components, expected 1, 3 or 4", components);
    }
    // A component has at least one 8x8 block, of at least one bit, for every 32x32 pixels.
    uint64_t blocks = ((uint64_t)codec->image_width + 31) / 32;
    blocks *= ((uint64_t)codec->image_height + 31) / 32;
    if (!codec->arith_code && blocks / 8 > reader->count) {
        return mi_fail(reader->failure, MI_TRUNCATED, reader->count,
                       "the file is too short for %u x %u pixels", codec->image_width,
                       codec->image_height);
    }
    return MI_OK;
}

mi_status mi_jpeg_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure) {
    reader reader;
    memset(&reader, 0, sizeof reader);
    reader.failure = failure;
    reader.count = count;
    if (setjmp(reader.jump) == 0) {
        reader_open(&reader, bytes);
        reader.status = check_header(&reader);
        if (reader.status == MI_OK) {
            size->width = (int32_t)reader.codec.image_width;
            size->height = (int32_t)reader.codec.image_height;
        }
    }
    jpeg_destroy_decompress(&reader.codec);
    return reader.status;
}

// (x * y + 127.5) / 255, rounded as Pillow's MULDIV255.
static unsigned scaled(unsigned x, unsigned y) {
    unsigned product = x * y + 128;
    return ((product >> 8) + product) >> 8;
}

// Pillow takes every four-component file as Adobe's inverted CMYK.
static void cmyk_row(const uint8_t *input, uint8_t *output, int32_t width) {
    for (int32_t x = 0; x < width; x += 1) {
        unsigned key = input[4 * x + 3];
        for (int channel = 0; channel < 3; channel += 1) {
            unsigned ink = 255u - input[4 * x + channel];
            output[3 * x + channel] = (uint8_t)(key - scaled(ink, key));
        }
    }
}

static void read_rows(reader *reader, mi_size size, uint8_t *pixels) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    JSAMPARRAY inks = NULL;
    if (codec->num_components == 4) {
        codec->out_color_space = JCS_CMYK;
    } else {
        codec->out_color_space = JCS_RGB;
    }
    jpeg_start_decompress(codec);
    if (codec->num_components == 4) {
        inks = codec->mem->alloc_sarray((j_common_ptr)codec, JPOOL_IMAGE,
                                        (JDIMENSION)size.width * 4, 1);
    }
    size_t stride = (size_t)size.width * 3;
    while (codec->output_scanline < codec->output_height) {
        uint8_t *row = pixels + stride * codec->output_scanline;
        JSAMPROW destination = inks == NULL ? row : inks[0];
        jpeg_read_scanlines(codec, &destination, 1);
        if (inks != NULL) cmyk_row(inks[0], row, size.width);
    }
    jpeg_finish_decompress(codec);
}

mi_status mi_jpeg_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                         mi_failure *failure) {
    reader reader;
    memset(&reader, 0, sizeof reader);
    reader.failure = failure;
    reader.count = count;
    if (setjmp(reader.jump) == 0) {
        reader_open(&reader, bytes);
        reader.status = check_header(&reader);
        if (reader.status == MI_OK) read_rows(&reader, size, pixels);
    }
    jpeg_destroy_decompress(&reader.codec);
    return reader.status;
}
