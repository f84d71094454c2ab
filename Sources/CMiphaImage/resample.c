#include "resample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

mi_instructions mi_resample_instructions(void) {
#if MI_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
        return MI_AVX512_VNNI;
    }
    if (__builtin_cpu_supports("avx2")) return MI_AVX2;
#endif
    return MI_PORTABLE;
}

static const mi_passes *passes_for(mi_instructions instructions) {
#if MI_X86
    mi_instructions best = mi_resample_instructions();
    if (instructions > best) instructions = best;
    if (instructions == MI_AVX512_VNNI) return &mi_passes_avx512;
    if (instructions == MI_AVX2) return &mi_passes_avx2;
#else
    (void)instructions;
#endif
    return &mi_passes_portable;
}

typedef struct {
    const mi_axis *axis;
    int32_t *words;
    size_t stride;
} packed_axis;

typedef enum { PACKED, UNFIT, NO_MEMORY } pack_result;

static pack_result pack_axis(packed_axis *packed, const mi_axis *axis, const mi_passes *passes) {
    packed->axis = axis;
    packed->words = NULL;
    if (axis == NULL) return PACKED;
    packed->stride = passes->stride(axis->taps);
    packed->words = calloc((size_t)axis->output, packed->stride * sizeof(int32_t));
    if (packed->words == NULL) return NO_MEMORY;
    for (int32_t index = 0; index < axis->output; index += 1) {
        const int32_t *weights = axis->weights + (size_t)index * (size_t)axis->taps;
        int32_t *words = packed->words + (size_t)index * packed->stride;
        if (!passes->pack(weights, axis->count[index], words)) return UNFIT;
    }
    return PACKED;
}

typedef struct {
    const mi_passes *passes;
    packed_axis horizontal;
    packed_axis vertical;
    const uint8_t *input;
    mi_size size;
    const mi_canvas *canvas;
    size_t input_bytes;   // of a row of the input
    size_t output_bytes;  // of a row of the output
    uint8_t *edge;        // the last rows of the input again, with slack behind them
    int32_t edge_first;   // the first row that `edge` holds
    mi_axis middle;         // of a canvas: the output columns that meet the input
    int32_t *middle_first;  // its first elements, counted from `framed_from`
    int32_t middle_from;    // the output column at which it starts
    uint8_t *framed;        // what `middle` reads of MI_ROWS canvas rows
    int32_t framed_from;    // the canvas column at which that part starts
    int32_t framed_end;     // and the one behind it
    size_t framed_bytes;    // of such a row, slack included
    uint8_t *ring;        // `capacity` rows between the passes, then MI_ROWS to throw away and,
                          // last, a resampled canvas row without input
    size_t ring_bytes;    // of a ring row, slack included
    int32_t capacity;
    int32_t next;         // the first input row not yet in the ring
    const uint8_t **taps;
} work;

// An input row behind which MI_ROW_SLACK bytes may be read.
static const uint8_t *input_row(const work *work, int32_t row) {
    if (row >= work->edge_first) {
        return work->edge + work->input_bytes * (size_t)(row - work->edge_first);
    }
    return work->input + work->input_bytes * (size_t)row;
}

static int32_t input_rows(const work *work) {
    return work->canvas != NULL ? work->canvas->size.height : work->size.height;
}

static bool lies_outside(const work *work, int32_t row) {
    return work->canvas != NULL
           && (row < work->canvas->top || row - work->canvas->top >= work->size.height);
}

// What `middle` reads of row `row` of the canvas; `index` is its place in a group of MI_ROWS.
static const uint8_t *canvas_row(const work *work, int32_t index, int32_t row) {
    const mi_canvas *canvas = work->canvas;
    uint8_t *framed = work->framed + (size_t)index * work->framed_bytes;
    int32_t from = canvas->left, end = canvas->left + work->size.width;
    if (from < work->framed_from) from = work->framed_from;
    if (end > work->framed_end) end = work->framed_end;
    if (from < end) {
        memcpy(framed + 3 * (size_t)(from - work->framed_from),
               work->input + work->input_bytes * (size_t)(row - canvas->top)
                   + 3 * (size_t)(from - canvas->left),
               3 * (size_t)(end - from));
    }
    return framed;
}

static uint8_t *ring_row(const work *work, int32_t row) {
    return work->ring + (size_t)(row % work->capacity) * work->ring_bytes;
}

static uint8_t *spare_row(const work *work, int32_t index) {
    return work->ring + (size_t)(work->capacity + index) * work->ring_bytes;
}

static void vertical_row(const work *work, int32_t y, uint8_t *target, size_t bytes) {
    work->passes->vertical(work->taps, work->vertical.axis->count[y],
                           work->vertical.words + (size_t)y * work->vertical.stride, target, bytes);
}

// The next rows on a canvas: one that holds nothing of the input, or up to MI_ROWS others, of which
// only the columns that meet the input are computed.
static void advance_on_canvas(work *work) {
    const uint8_t *blank = spare_row(work, MI_ROWS);
    int32_t inside = 0;
    while (inside < MI_ROWS && work->next + inside < input_rows(work)
           && !lies_outside(work, work->next + inside)) {
        inside += 1;
    }
    if (inside > 0 && work->middle.output > 0) {
        const uint8_t *sources[MI_ROWS];
        uint8_t *targets[MI_ROWS];
        for (int32_t index = 0; index < MI_ROWS; index += 1) {
            int32_t row = work->next + (index < inside ? index : inside - 1);
            sources[index] = canvas_row(work, index, row);
            targets[index] = spare_row(work, index);
        }
        const int32_t *words =
            work->horizontal.words + work->horizontal.stride * (size_t)work->middle_from;
        work->passes->horizontal(sources, targets, &work->middle, words, work->horizontal.stride);
    }
    int32_t rows = inside > 0 ? inside : 1;
    for (int32_t index = 0; index < rows; index += 1) {
        uint8_t *target = ring_row(work, work->next + index);
        memcpy(target, blank, work->output_bytes);
        if (inside == 0) continue;
        memcpy(target + 3 * (size_t)work->middle_from, spare_row(work, index),
               3 * (size_t)work->middle.output);
    }
    work->next += rows;
}

// Brings horizontally resampled input rows up to `end` into the ring.
static void advance(work *work, int32_t end) {
    int32_t rows = input_rows(work);
    while (work->next < end) {
        if (work->canvas != NULL) {
            advance_on_canvas(work);
            continue;
        }
        const uint8_t *sources[MI_ROWS];
        uint8_t *targets[MI_ROWS];
        for (int32_t index = 0; index < MI_ROWS; index += 1) {
            int32_t row = work->next + index;
            bool exists = row < rows;
            sources[index] = input_row(work, exists ? row : rows - 1);
            targets[index] = exists ? ring_row(work, row) : spare_row(work, index);
        }
        work->passes->horizontal(sources, targets, work->horizontal.axis, work->horizontal.words,
                                 work->horizontal.stride);
        work->next += MI_ROWS;
    }
}

static void run_horizontal_first(work *work, uint8_t *output) {
    const mi_axis *axis = work->vertical.axis;
    int32_t rows = axis != NULL ? axis->output : input_rows(work);
    for (int32_t y = 0; y < rows; y += 1) {
        uint8_t *target = output + work->output_bytes * (size_t)y;
        int32_t first = axis != NULL ? axis->first[y] : y;
        int32_t count = axis != NULL ? axis->count[y] : 1;
        if (work->next < first) work->next = first;
        advance(work, first + count);
        if (axis == NULL) {
            memcpy(target, ring_row(work, y), work->output_bytes);
        } else {
            for (int32_t tap = 0; tap < count; tap += 1) {
                work->taps[tap] = ring_row(work, first + tap);
            }
            vertical_row(work, y, target, work->output_bytes);
        }
    }
}

static void run_vertical_first(work *work, uint8_t *output) {
    const mi_axis *axis = work->vertical.axis;
    for (int32_t start = 0; start < axis->output; start += MI_ROWS) {
        const uint8_t *sources[MI_ROWS];
        uint8_t *targets[MI_ROWS];
        int32_t rows = axis->output - start < MI_ROWS ? axis->output - start : MI_ROWS;
        for (int32_t index = 0; index < MI_ROWS; index += 1) {
            sources[index] = ring_row(work, index < rows ? index : 0);
            targets[index] = spare_row(work, index);
        }
        for (int32_t index = 0; index < rows; index += 1) {
            int32_t y = start + index;
            bool direct = work->horizontal.axis == NULL;
            for (int32_t tap = 0; tap < axis->count[y]; tap += 1) {
                work->taps[tap] = input_row(work, axis->first[y] + tap);
            }
            vertical_row(work, y, direct ? output + work->output_bytes * (size_t)y
                                         : ring_row(work, index),
                         work->input_bytes);
        }
        if (work->horizontal.axis == NULL) continue;
        work->passes->horizontal(sources, targets, work->horizontal.axis, work->horizontal.words,
                                 work->horizontal.stride);
        for (int32_t index = 0; index < rows; index += 1) {
            memcpy(output + work->output_bytes * (size_t)(start + index), targets[index],
                   work->output_bytes);
        }
    }
}

static void fill_row(const mi_canvas *canvas, uint8_t *row, size_t width) {
    for (size_t x = 0; x < width; x += 1) memcpy(row + 3 * x, canvas->fill, 3);
}

// Resamples the canvas row that holds nothing of the input.
static bool resample_blank_row(work *work) {
    size_t width = (size_t)work->canvas->size.width;
    uint8_t *row = calloc(3 * width + MI_ROW_SLACK, 1);
    if (row == NULL) return false;
    fill_row(work->canvas, row, width);
    const uint8_t *sources[MI_ROWS];
    uint8_t *targets[MI_ROWS];
    for (int32_t index = 0; index < MI_ROWS; index += 1) {
        sources[index] = row;
        targets[index] = spare_row(work, index == 0 ? MI_ROWS : index);
    }
    work->passes->horizontal(sources, targets, work->horizontal.axis, work->horizontal.words,
                             work->horizontal.stride);
    free(row);
    return true;
}

// Finds the output columns that meet the input and prepares the part of canvas rows they need.
static bool allocate_canvas(work *work) {
    const mi_canvas *canvas = work->canvas;
    const mi_axis *axis = work->horizontal.axis;
    int32_t from = 0, end = axis->output;
    while (from < end && axis->first[from] + axis->count[from] <= canvas->left) from += 1;
    while (end > from && axis->first[end - 1] >= canvas->left + work->size.width) end -= 1;
    work->middle = *axis;
    work->middle.output = end - from;
    work->middle_from = from;
    if (from < end) {
        work->framed_from = axis->first[from];
        work->framed_end = axis->first[end - 1] + axis->count[end - 1];
    }
    size_t width = (size_t)(work->framed_end - work->framed_from);
    work->framed_bytes = 3 * width + MI_ROW_SLACK;
    work->framed = calloc(MI_ROWS, work->framed_bytes);
    work->middle_first = calloc((size_t)(end - from) + 1, sizeof *work->middle_first);
    if (work->framed == NULL || work->middle_first == NULL) return false;
    for (int32_t x = from; x < end; x += 1) {
        work->middle_first[x - from] = axis->first[x] - work->framed_from;
    }
    work->middle.first = work->middle_first;
    work->middle.count = axis->count + from;
    for (size_t row = 0; row < MI_ROWS; row += 1) {
        fill_row(canvas, work->framed + row * work->framed_bytes, width);
    }
    return resample_blank_row(work);
}

static bool allocate(work *work, bool vertical_first) {
    size_t taps = work->vertical.axis != NULL ? (size_t)work->vertical.axis->taps : 1;
    size_t widest = work->output_bytes;
    if (vertical_first && work->input_bytes > widest) widest = work->input_bytes;
    work->ring_bytes = (widest + 2 * MI_ROW_SLACK - 1) / MI_ROW_SLACK * MI_ROW_SLACK;
    work->capacity = vertical_first ? MI_ROWS : (int32_t)taps + MI_ROWS;
    work->ring = calloc((size_t)work->capacity + MI_ROWS + 1, work->ring_bytes);
    int32_t edge_rows = (int32_t)((MI_ROW_SLACK + work->input_bytes - 1) / work->input_bytes);
    if (edge_rows > work->size.height) edge_rows = work->size.height;
    work->edge_first = work->size.height - edge_rows;
    work->edge = calloc((size_t)edge_rows * work->input_bytes + MI_ROW_SLACK, 1);
    work->taps = calloc(taps, sizeof *work->taps);
    if (work->ring == NULL || work->edge == NULL || work->taps == NULL) return false;
    memcpy(work->edge, work->input + work->input_bytes * (size_t)work->edge_first,
           work->input_bytes * (size_t)edge_rows);
    return work->canvas == NULL || allocate_canvas(work);
}

static mi_status resample(const uint8_t *input, mi_size size, const mi_canvas *canvas,
                          const mi_axis *horizontal, const mi_axis *vertical, bool vertical_first,
                          const mi_passes *passes, uint8_t *output, bool *unfit) {
    work work;
    memset(&work, 0, sizeof work);
    work.passes = passes;
    work.input = input;
    work.size = size;
    work.canvas = canvas;
    work.input_bytes = 3 * (size_t)size.width;
    work.output_bytes = 3 * (size_t)(horizontal != NULL ? horizontal->output : size.width);
    pack_result columns = pack_axis(&work.horizontal, horizontal, passes);
    pack_result rows = pack_axis(&work.vertical, vertical, passes);
    mi_status status = MI_OK;
    *unfit = columns == UNFIT || rows == UNFIT;
    if (columns == NO_MEMORY || rows == NO_MEMORY) {
        status = MI_MEMORY;
    } else if (!*unfit) {
        if (!allocate(&work, vertical_first)) {
            status = MI_MEMORY;
        } else if (vertical_first) {
            run_vertical_first(&work, output);
        } else {
            run_horizontal_first(&work, output);
        }
    }
    free(work.horizontal.words);
    free(work.vertical.words);
    free(work.ring);
    free(work.edge);
    free(work.framed);
    free(work.middle_first);
    free(work.taps);
    return status;
}

mi_status mi_resample(const uint8_t *input, mi_size size, const mi_canvas *canvas,
                      const mi_axis *horizontal, const mi_axis *vertical, mi_order order,
                      mi_instructions instructions, uint8_t *output, mi_failure *failure) {
    // With one axis there is one pass.
    bool vertical_first = vertical != NULL && (order == MI_VERTICAL_FIRST || horizontal == NULL);
    bool unfit = false;
    mi_status status = resample(input, size, canvas, horizontal, vertical, vertical_first,
                                passes_for(instructions), output, &unfit);
    if (unfit) {
        status = resample(input, size, canvas, horizontal, vertical, vertical_first,
                          &mi_passes_portable, output, &unfit);
    }
    if (status != MI_OK) return mi_fail(failure, status, MI_UNKNOWN_OFFSET, "out of memory");
    return MI_OK;
}
