#include "failure.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gif_lib.h>

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    bool truncated;
} cursor;

static int read_bytes(GifFileType *file, GifByteType *destination, int count) {
    cursor *cursor = file->UserData;
    size_t left = cursor->count - cursor->position;
    size_t step = (size_t)count;
    if (step > left) {
        step = left;
        cursor->truncated = true;
    }
    memcpy(destination, cursor->bytes + cursor->position, step);
    cursor->position += step;
    return (int)step;
}

static mi_status fail(const cursor *cursor, int code, mi_failure *failure) {
    if (code == D_GIF_ERR_NOT_ENOUGH_MEM) {
        return mi_fail(failure, MI_MEMORY, cursor->position, "out of memory");
    }
    if (cursor->truncated) {
        return mi_fail(failure, MI_TRUNCATED, cursor->count, "the data end inside the image");
    }
    const char *reason = GifErrorString(code);
    return mi_fail(failure, MI_CORRUPT, cursor->position, "%s",
                   reason != NULL ? reason : "the image is invalid");
}

// Reads up to the descriptor of the first frame. *transparent is -1 without transparency.
static mi_status open_frame(cursor *cursor, GifFileType **file, int *transparent, mi_size *size,
                            mi_failure *failure) {
    int code = D_GIF_SUCCEEDED;
    *transparent = -1;
    *file = DGifOpen(cursor, read_bytes, &code);
    if (*file == NULL) return fail(cursor, code, failure);
    for (;;) {
        GifRecordType record = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(*file, &record) == GIF_ERROR) break;
        if (record == TERMINATE_RECORD_TYPE) {
            return mi_fail(failure, MI_CORRUPT, cursor->position, "there is no frame");
        }
        if (record == IMAGE_DESC_RECORD_TYPE) {
            if (DGifGetImageDesc(*file) == GIF_ERROR) break;
            const GifImageDesc *frame = &(*file)->Image;
            int right = frame->Left + frame->Width;
            int bottom = frame->Top + frame->Height;
            size->width = right > (*file)->SWidth ? right : (*file)->SWidth;
            size->height = bottom > (*file)->SHeight ? bottom : (*file)->SHeight;
            return MI_OK;
        }
        if (record == EXTENSION_RECORD_TYPE) {
            int kind = 0;
            GifByteType *block = NULL;
            if (DGifGetExtension(*file, &kind, &block) == GIF_ERROR) break;
            if (kind == GRAPHICS_EXT_FUNC_CODE && block != NULL && block[0] >= 4
                && (block[1] & 1) != 0) {
                *transparent = block[4];
            }
            bool failed = false;
            while (block != NULL && !failed) {
                failed = DGifGetExtensionNext(*file, &block) == GIF_ERROR;
            }
            if (failed) break;
        }
    }
    return fail(cursor, (*file)->Error, failure);
}

mi_status mi_gif_size(const uint8_t *bytes, size_t count, mi_size *size, mi_failure *failure) {
    cursor cursor = {bytes, count, 0, false};
    GifFileType *file = NULL;
    int transparent = -1;
    mi_size canvas = {0, 0};
    mi_status status = open_frame(&cursor, &file, &transparent, &canvas, failure);
    DGifCloseFile(file, NULL);
    if (status == MI_OK) *size = canvas;
    return status;
}

// Grey when there is no palette or the palette only repeats the indices; otherwise an index beyond
// the palette is black. Both as in Pillow.
static void read_colours(const GifFileType *file, uint8_t colours[256][3]) {
    const ColorMapObject *map = file->Image.ColorMap;
    if (map == NULL) map = file->SColorMap;
    bool identity = true;
    memset(colours, 0, 256 * 3);
    for (int index = 0; map != NULL && index < map->ColorCount && index < 256; index += 1) {
        GifColorType colour = map->Colors[index];
        colours[index][0] = colour.Red;
        colours[index][1] = colour.Green;
        colours[index][2] = colour.Blue;
        identity = identity && colour.Red == index && colour.Green == index
                   && colour.Blue == index;
    }
    if (identity) {
        for (int index = 0; index < 256; index += 1) memset(colours[index], index, 3);
    }
}

enum { CODES = 4096, NO_CODE = -1 };

// A dictionary of index strings: string `code` is string prefix[code] and then last[code].
typedef struct {
    uint16_t prefix[CODES];
    uint16_t length[CODES];
    uint8_t first[CODES];
    uint8_t last[CODES];
    int clear;     // the code that empties the dictionary; the next one ends the data
    int next;      // the first unused code
    int width;     // bits of the next code
    int previous;  // the code before, NO_CODE after a clear
} dictionary;

static void clear(dictionary *dictionary) {
    dictionary->next = dictionary->clear + 2;
    dictionary->width = 1;
    while (1 << dictionary->width < dictionary->next) dictionary->width += 1;
    dictionary->previous = NO_CODE;
}

static void start(dictionary *dictionary, int bits) {
    dictionary->clear = 1 << bits;
    for (int code = 0; code < dictionary->clear; code += 1) {
        dictionary->prefix[code] = 0;
        dictionary->length[code] = 1;
        dictionary->first[code] = (uint8_t)code;
        dictionary->last[code] = (uint8_t)code;
    }
    clear(dictionary);
}

// Takes in a code that is neither clear nor end; false when no string can have it.
static bool learn(dictionary *dictionary, int code) {
    int previous = dictionary->previous;
    dictionary->previous = code;
    if (previous == NO_CODE) return code < dictionary->clear;
    if (code > dictionary->next || (code == dictionary->next && code == CODES)) return false;
    if (dictionary->next == CODES) return true;
    int added = dictionary->next;
    dictionary->prefix[added] = (uint16_t)previous;
    dictionary->length[added] = (uint16_t)(dictionary->length[previous] + 1);
    dictionary->first[added] = dictionary->first[previous];
    // The string of a code not yet known ends in its own first index.
    dictionary->last[added] = dictionary->first[code == added ? previous : code];
    dictionary->next += 1;
    if (dictionary->next == 1 << dictionary->width && dictionary->width < 12) {
        dictionary->width += 1;
    }
    return true;
}

// Writes the part of string `code` that fits; returns its full length.
static size_t write_string(const dictionary *dictionary, int code, uint8_t *indices, size_t room) {
    size_t length = dictionary->length[code];
    for (size_t position = length; position > 0; position -= 1) {
        if (position <= room) indices[position - 1] = dictionary->last[code];
        code = dictionary->prefix[code];
    }
    return length;
}

// Reads the data blocks to their end and unpacks `count` indices. giflib's own reader accepts
// codes that stand for nothing.
static mi_status read_indices(cursor *cursor, GifFileType *file, uint8_t *indices, size_t count,
                              mi_failure *failure) {
    dictionary dictionary;
    int bits = 0;
    GifByteType *block = NULL;
    if (DGifGetCode(file, &bits, &block) == GIF_ERROR) return fail(cursor, file->Error, failure);
    start(&dictionary, bits);
    uint32_t buffer = 0;
    int held = 0;
    size_t done = 0;
    bool ended = count == 0;
    while (block != NULL) {
        for (int index = 1; index <= block[0] && !ended; index += 1) {
            buffer |= (uint32_t)block[index] << held;
            held += 8;
            while (held >= dictionary.width && !ended) {
                int code = (int)(buffer & ((1u << dictionary.width) - 1));
                buffer >>= dictionary.width;
                held -= dictionary.width;
                if (code == dictionary.clear) {
                    clear(&dictionary);
                } else if (code == dictionary.clear + 1) {
                    ended = true;
                } else if (!learn(&dictionary, code)) {
                    return mi_fail(failure, MI_CORRUPT, cursor->position,
                                   "the data before this place hold an invalid code");
                } else {
                    done += write_string(&dictionary, code, indices + done, count - done);
                    ended = done >= count;
                }
            }
        }
        if (DGifGetCodeNext(file, &block) == GIF_ERROR) return fail(cursor, file->Error, failure);
    }
    if (done >= count) return MI_OK;
    return mi_fail(failure, MI_TRUNCATED, cursor->position, "the frame has %zu pixels, found %zu",
                   count, done);
}

// The frame's row that comes `position`-th in an interlaced file.
static int interlaced_row(int position, int height) {
    static const int starts[4] = {0, 4, 2, 1};
    static const int steps[4] = {8, 8, 4, 2};
    for (int pass = 0; pass < 4; pass += 1) {
        int rows = (height - starts[pass] + steps[pass] - 1) / steps[pass];
        if (height <= starts[pass]) rows = 0;
        if (position < rows) return starts[pass] + position * steps[pass];
        position -= rows;
    }
    return height - 1;
}

static mi_status read_frame(cursor *cursor, GifFileType *file, mi_size size, uint8_t *pixels,
                            mi_failure *failure) {
    uint8_t colours[256][3];
    const GifImageDesc *frame = &file->Image;
    size_t width = (size_t)frame->Width, height = (size_t)frame->Height;
    uint8_t *indices = malloc(width * height + 1);
    if (indices == NULL) return mi_fail(failure, MI_MEMORY, cursor->position, "out of memory");
    mi_status status = read_indices(cursor, file, indices, width * height, failure);
    read_colours(file, colours);
    for (size_t position = 0; status == MI_OK && position < height; position += 1) {
        const uint8_t *row = indices + position * width;
        size_t y = position;
        if (frame->Interlace) y = (size_t)interlaced_row((int)position, frame->Height);
        uint8_t *target =
            pixels + 3 * (((size_t)frame->Top + y) * (size_t)size.width + (size_t)frame->Left);
        for (size_t x = 0; x < width; x += 1) memcpy(target + 3 * x, colours[row[x]], 3);
    }
    free(indices);
    return status;
}

mi_status mi_gif_decode(const uint8_t *bytes, size_t count, mi_size size, uint8_t *pixels,
                        mi_failure *failure) {
    cursor cursor = {bytes, count, 0, false};
    GifFileType *file = NULL;
    int transparent = -1;
    mi_size canvas = {0, 0};
    mi_status status = open_frame(&cursor, &file, &transparent, &canvas, failure);
    if (status == MI_OK && (canvas.width != size.width || canvas.height != size.height)) {
        status = mi_fail(failure, MI_CORRUPT, cursor.position, "the canvas changed its size");
    }
    if (status == MI_OK) {
        uint8_t colours[256][3];
        read_colours(file, colours);
        const uint8_t *background = colours[transparent >= 0 ? transparent : 0];
        size_t total = (size_t)size.width * (size_t)size.height;
        for (size_t index = 0; index < total; index += 1) {
            memcpy(pixels + 3 * index, background, 3);
        }
        status = read_frame(&cursor, file, size, pixels, failure);
    }
    DGifCloseFile(file, NULL);
    return status;
}
