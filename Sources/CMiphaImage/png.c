#include "failure.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    mi_status status;
    mi_failure *failure;
} cursor;

typedef struct {
    png_structp png;
    png_infop info;
    uint8_t *scratch;
    cursor cursor;
} reader;

static void on_error(png_structp png, png_const_charp message) {
    cursor *cursor = png_get_error_ptr(png);
    if (cursor->status == MI_OK) {
        mi_status status = strstr(message, "emory") != NULL ? MI_MEMORY : MI_CORRUPT;
        cursor->status = mi_fail(cursor->failure, status, cursor->position, "%s", message);
    }
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep destination, size_t count) {
    cursor *cursor = png_get_io_ptr(png);
    if (count > cursor->count - cursor->position) {
        cursor->status = mi_fail(cursor->failure, MI_TRUNCATED, cursor->count,
                                 "the data end inside the image");
        png_error(png, "truncated");
    }
    memcpy(destination, cursor->bytes + cursor->position, count);
    cursor->position += count;
}

static mi_status reader_create(reader *reader, const uint8_t *bytes, size_t count,
                               mi_failure *failure) {
    memset(reader, 0, sizeof *reader);
    reader->cursor = (cursor){bytes, count, 0, MI_OK, failure};
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader->cursor, on_error,
                                         on_warning);
    if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
    if (reader->info == NULL) {
        png_destroy_read_struct(&reader->png, NULL, NULL);
        return mi_fail(failure, MI_MEMORY, MI_UNKNOWN_OFFSET, "out of memory");
    }
    return MI_OK;
}

static mi_status reader_destroy(reader *reader) {
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader->scratch);
    return reader->cursor.status;
}

// Must be called after setjmp.
static void read_header(reader *reader) {
    png_structp png = reader->png;
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_benign_errors(png, 1);
    // Colour profiles, gamma and text change nothing here; skipping them also skips their bombs.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_fn(png, &reader->cursor, read_bytes);
    png_read_info(png, reader->info);
    uint64_t height = png_get_image_height(png, reader->info);
    uint64_t raw = height * ((uint64_t)png_get_rowbytes(png, reader->info) + 1);
    // Deflate shrinks at most 1032 to 1.
    if (raw / 1032 > reader->cursor.count) {
        reader->cursor.status =
            mi_fail(reader->cursor.failure, MI_TRUNCATED, reader->cursor.count,
                    "the file is too short for %u x %u pixels",
                    (unsigned)png_get_image_width(png, reader->info), (unsigned)height);
        png_error(png, "too short");
    }
}

mi_status mi_png_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure) {
    reader reader;
    mi_status status = reader_create(&reader, bytes, count, failure);
    if (status != MI_OK) return status;
    if (setjmp(png_jmpbuf(reader.png)) == 0) {
        read_header(&reader);
        size->width = (int32_t)png_get_image_width(reader.png, reader.info);
        size->height = (int32_t)png_get_image_height(reader.png, reader.info);
    }
    return reader_destroy(&reader);
}

// How one row of libpng's samples becomes RGB.
typedef struct {
    uint8_t colours[256][3];
    int bytes;  // a sample in the row: 1 = index into colours, 2 = 16-bit grey, 3 = RGB
} layout;

static void grey_colours(layout *layout, int depth) {
    int largest = depth < 8 ? (1 << depth) - 1 : 255;
    for (int value = 0; value <= largest; value += 1) {
        memset(layout->colours[value], value * 255 / largest, 3);
    }
}

static void prepare(reader *reader, layout *layout) {
    png_structp png = reader->png;
    int kind = png_get_color_type(png, reader->info);
    int depth = png_get_bit_depth(png, reader->info);
    memset(layout, 0, sizeof *layout);
    layout->bytes = 1;
    if (depth < 8) png_set_packing(png);
    if (kind == PNG_COLOR_TYPE_GRAY && depth == 16) {
        layout->bytes = 2;
    } else if (depth == 16) {
        png_set_strip_16(png);
    }
    if ((kind & PNG_COLOR_MASK_ALPHA) != 0) png_set_strip_alpha(png);
    if (kind == PNG_COLOR_TYPE_PALETTE) {
        png_colorp palette = NULL;
        int entries = 0;
        png_get_PLTE(png, reader->info, &palette, &entries);
        // An index beyond the palette is black, as in Pillow.
        for (int index = 0; index < entries && index < 256; index += 1) {
            layout->colours[index][0] = palette[index].red;
            layout->colours[index][1] = palette[index].green;
            layout->colours[index][2] = palette[index].blue;
        }
    } else if ((kind & PNG_COLOR_MASK_COLOR) != 0) {
        layout->bytes = 3;
    } else {
        grey_colours(layout, depth);
    }
}

static void convert_row(const layout *layout, const uint8_t *input, uint8_t *output,
                        int32_t width) {
    if (layout->bytes == 1) {
        for (int32_t x = 0; x < width; x += 1) {
            memcpy(output + 3 * (size_t)x, layout->colours[input[x]], 3);
        }
    } else {
        // Pillow clips 16-bit grey at 255 instead of scaling it.
        for (int32_t x = 0; x < width; x += 1) {
            int grey = input[2 * (size_t)x] != 0 ? 255 : input[2 * (size_t)x + 1];
            memset(output + 3 * (size_t)x, grey, 3);
        }
    }
}

// Must be called after setjmp.
static void read_rows(reader *reader, mi_size size, uint8_t *pixels) {
    png_structp png = reader->png;
    layout layout;
    prepare(reader, &layout);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    size_t width = (size_t)size.width;
    size_t height = (size_t)size.height;
    size_t stride = width * (size_t)layout.bytes;
    if (png_get_rowbytes(png, reader->info) != stride) png_error(png, "unexpected row length");
    if (layout.bytes < 3) {
        reader->scratch = calloc(passes > 1 ? height : 1, stride);
        if (reader->scratch == NULL) png_error(png, "out of memory");
    }
    for (int pass = 0; pass < passes; pass += 1) {
        for (size_t y = 0; y < height; y += 1) {
            uint8_t *row = pixels + 3 * width * y;
            if (layout.bytes < 3) row = reader->scratch + (passes > 1 ? stride * y : 0);
            png_read_row(png, row, NULL);
            if (layout.bytes < 3 && pass + 1 == passes) {
                convert_row(&layout, row, pixels + 3 * width * y, size.width);
            }
        }
    }
    png_read_end(png, NULL);
}

mi_status mi_png_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                        mi_failure *failure) {
    reader reader;
    mi_status status = reader_create(&reader, bytes, count, failure);
    if (status != MI_OK) return status;
    if (setjmp(png_jmpbuf(reader.png)) == 0) {
        read_header(&reader);
        // The last pass of an interlaced picture merges into what the passes before it wrote.
        memset(pixels, 0, 3 * (size_t)size.width * (size_t)size.height);
        read_rows(&reader, size, pixels);
    }
    return reader_destroy(&reader);
}

typedef struct {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    cursor cursor;
} writer;

static void write_bytes(png_structp png, png_bytep source, size_t count) {
    writer *writer = png_get_io_ptr(png);
    if (count > writer->capacity - writer->count) {
        size_t capacity = writer->capacity * 2;
        if (capacity < writer->count + count) capacity = writer->count + count;
        uint8_t *grown = realloc(writer->bytes, capacity);
        if (grown == NULL) png_error(png, "out of memory");
        writer->bytes = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->count, source, count);
    writer->count += count;
}

static void flush_bytes(png_structp png) { (void)png; }

mi_status mi_png_encode(const uint8_t *pixels, mi_size size, uint8_t **encoded, size_t *count,
                        mi_failure *failure) {
    writer writer;
    memset(&writer, 0, sizeof writer);
    writer.cursor.failure = failure;
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer.cursor, on_error, on_warning);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);
    if (info == NULL) {
        png_destroy_write_struct(&png, NULL);
        return mi_fail(failure, MI_MEMORY, MI_UNKNOWN_OFFSET, "out of memory");
    }
    if (setjmp(png_jmpbuf(png)) == 0) {
        png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
        png_set_write_fn(png, &writer, write_bytes, flush_bytes);
        png_set_IHDR(png, info, (png_uint_32)size.width, (png_uint_32)size.height, 8,
                     PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                     PNG_FILTER_TYPE_DEFAULT);
        png_write_info(png, info);
        for (int32_t y = 0; y < size.height; y += 1) {
            png_write_row(png, pixels + 3 * (size_t)size.width * (size_t)y);
        }
        png_write_end(png, info);
    }
    png_destroy_write_struct(&png, &info);
    if (writer.cursor.status != MI_OK) {
        free(writer.bytes);
        return writer.cursor.status;
    }
    *encoded = writer.bytes;
    *count = writer.count;
    return MI_OK;
}
