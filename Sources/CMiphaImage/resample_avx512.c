#include <string.h>

#include "resample.h"

#if MI_X86

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

// A weight is d0 + 256 * d1 + 65536 * d2 with signed 8-bit digits, which the byte dot product
// (four unsigned by four signed) takes exactly. Word 3g + i of an element holds digit i of taps
// 4g ... 4g + 3.
static size_t stride_words(int32_t taps) { return ((size_t)taps + 3) / 4 * 3; }

static int pack(const int32_t *weights, int32_t count, int32_t *packed) {
    for (int32_t tap = 0; tap < count; tap += 1) {
        int32_t rest = weights[tap];
        uint32_t *group = (uint32_t *)packed + 3 * (size_t)(tap / 4);
        int shift = 8 * (tap % 4);
        for (int digit = 0; digit < 3; digit += 1) {
            int8_t value = (int8_t)(rest & 0xff);
            rest = (rest - value) >> 8;
            group[digit] |= (uint32_t)(uint8_t)value << shift;
        }
        if (rest != 0) return 0;
    }
    return 1;
}

AVX512 static inline __m512i finish(__m512i first, __m512i second, __m512i third) {
    __m512i sum = _mm512_add_epi32(first, _mm512_slli_epi32(second, 8));
    sum = _mm512_add_epi32(sum, _mm512_slli_epi32(third, 16));
    sum = _mm512_add_epi32(sum, _mm512_set1_epi32(1 << (MI_PRECISION - 1)));
    return _mm512_srai_epi32(sum, MI_PRECISION);
}

AVX512 static inline __m128i load(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

AVX512 static void horizontal(const uint8_t *const sources[MI_ROWS],
                              uint8_t *const targets[MI_ROWS], const mi_axis *axis,
                              const int32_t *packed, size_t stride) {
    // Twelve bytes are four RGB pixels; a lane is (R, G, B, nothing), four taps each.
    const __m512i order = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
    const __m512i zero = _mm512_setzero_si512();
    const uint8_t *source0 = sources[0], *source1 = sources[1];
    const uint8_t *source2 = sources[2], *source3 = sources[3];
    uint8_t *target0 = targets[0], *target1 = targets[1];
    uint8_t *target2 = targets[2], *target3 = targets[3];
    for (int32_t x = 0; x < axis->output; x += 1) {
        size_t offset = 3 * (size_t)axis->first[x];
        const int32_t *words = packed + stride * (size_t)x;
        int32_t groups = (axis->count[x] + 3) / 4;
        __m512i first = zero, second = zero, third = zero;
        for (int32_t group = 0; group < groups; group += 1) {
            __m512i rows = _mm512_castsi128_si512(load(source0 + offset));
            rows = _mm512_inserti32x4(rows, load(source1 + offset), 1);
            rows = _mm512_inserti32x4(rows, load(source2 + offset), 2);
            rows = _mm512_inserti32x4(rows, load(source3 + offset), 3);
            rows = _mm512_shuffle_epi8(rows, order);
            first = _mm512_dpbusd_epi32(first, rows, _mm512_set1_epi32(words[0]));
            second = _mm512_dpbusd_epi32(second, rows, _mm512_set1_epi32(words[1]));
            third = _mm512_dpbusd_epi32(third, rows, _mm512_set1_epi32(words[2]));
            offset += 12;
            words += 3;
        }
        __m512i sum = _mm512_max_epi32(finish(first, second, third), zero);
        __m128i pixels = _mm512_cvtusepi32_epi8(sum);
        uint32_t values[MI_ROWS];
        _mm_storeu_si128((__m128i *)values, pixels);
        memcpy(target0, &values[0], 4);
        memcpy(target1, &values[1], 4);
        memcpy(target2, &values[2], 4);
        memcpy(target3, &values[3], 4);
        target0 += 3;
        target1 += 3;
        target2 += 3;
        target3 += 3;
    }
}

AVX512 static void vertical(const uint8_t *const *sources, int32_t count, const int32_t *packed,
                            uint8_t *target, size_t bytes) {
    const __m512i zero = _mm512_setzero_si512();
    for (size_t start = 0; start < bytes; start += 64) {
        __m512i sums[4][3];
        for (int part = 0; part < 4; part += 1) {
            for (int digit = 0; digit < 3; digit += 1) sums[part][digit] = zero;
        }
        const int32_t *words = packed;
        for (int32_t tap = 0; tap < count; tap += 4) {
            __m512i rows[4];
            for (int index = 0; index < 4; index += 1) {
                // Beyond the last tap any row will do, its weight is zero.
                int32_t row = tap + index < count ? tap + index : tap;
                rows[index] = _mm512_loadu_si512(sources[row] + start);
            }
            __m512i front01 = _mm512_unpacklo_epi8(rows[0], rows[1]);
            __m512i back01 = _mm512_unpackhi_epi8(rows[0], rows[1]);
            __m512i front23 = _mm512_unpacklo_epi8(rows[2], rows[3]);
            __m512i back23 = _mm512_unpackhi_epi8(rows[2], rows[3]);
            __m512i parts[4] = {
                _mm512_unpacklo_epi16(front01, front23), _mm512_unpackhi_epi16(front01, front23),
                _mm512_unpacklo_epi16(back01, back23), _mm512_unpackhi_epi16(back01, back23)};
            for (int digit = 0; digit < 3; digit += 1) {
                __m512i weight = _mm512_set1_epi32(words[digit]);
                for (int part = 0; part < 4; part += 1) {
                    sums[part][digit] = _mm512_dpbusd_epi32(sums[part][digit], parts[part], weight);
                }
            }
            words += 3;
        }
        __m512i values[4];
        for (int part = 0; part < 4; part += 1) {
            values[part] = finish(sums[part][0], sums[part][1], sums[part][2]);
        }
        __m512i pixels = _mm512_packus_epi16(_mm512_packs_epi32(values[0], values[1]),
                                             _mm512_packs_epi32(values[2], values[3]));
        size_t left = bytes - start;
        if (left >= 64) {
            _mm512_storeu_si512(target + start, pixels);
        } else {
            _mm512_mask_storeu_epi8(target + start, ((__mmask64)1 << left) - 1, pixels);
        }
    }
}

const mi_passes mi_passes_avx512 = {stride_words, pack, horizontal, vertical};

#endif
