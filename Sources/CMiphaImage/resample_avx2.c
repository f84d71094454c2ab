#include <string.h>

#include "resample.h"

#if MI_X86

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

// A weight is high * 2^12 + low, 0 <= low < 2^12, so both halves fit the 16-bit multiply-add.
// Word 2p of an element holds the low halves of taps 2p and 2p + 1, word 2p + 1 the high ones.
// Pairs are padded to an even number because the horizontal pass takes four taps at a time.
enum { LOW_BITS = 12 };

static size_t stride_words(int32_t taps) { return ((size_t)taps + 3) / 4 * 4; }

static int32_t pair(int32_t first, int32_t second) {
    return (int32_t)(((uint32_t)second << 16) | ((uint32_t)first & 0xffffu));
}

static int pack(const int32_t *weights, int32_t count, int32_t *packed) {
    const int32_t mask = (1 << LOW_BITS) - 1;
    for (int32_t tap = 0; tap < count; tap += 2) {
        int32_t first = weights[tap];
        int32_t second = tap + 1 < count ? weights[tap + 1] : 0;
        int32_t first_high = first >> LOW_BITS, second_high = second >> LOW_BITS;
        if (first_high != (int16_t)first_high || second_high != (int16_t)second_high) return 0;
        packed[tap] = pair(first & mask, second & mask);
        packed[tap + 1] = pair(first_high, second_high);
    }
    return 1;
}

AVX2 static inline __m256i two_rows(const uint8_t *first, const uint8_t *second) {
    __m128i low = _mm_loadu_si128((const __m128i *)first);
    __m128i high = _mm_loadu_si128((const __m128i *)second);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

AVX2 static inline __m256i finish(__m256i low, __m256i high) {
    __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, LOW_BITS));
    sum = _mm256_add_epi32(sum, _mm256_set1_epi32(1 << (MI_PRECISION - 1)));
    return _mm256_srai_epi32(sum, MI_PRECISION);
}

AVX2 static void horizontal(const uint8_t *const sources[MI_ROWS],
                            uint8_t *const targets[MI_ROWS], const mi_axis *axis,
                            const int32_t *packed, size_t stride) {
    // Twelve bytes are four RGB pixels; a lane is (R, G, B, nothing), two taps of 16 bits each.
    const __m256i near = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i far = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    for (int32_t x = 0; x < axis->output; x += 1) {
        size_t offset = 3 * (size_t)axis->first[x];
        const int32_t *words = packed + stride * (size_t)x;
        int32_t groups = (axis->count[x] + 3) / 4;
        __m256i low[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        __m256i high[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (int32_t group = 0; group < groups; group += 1) {
            __m256i near_low = _mm256_set1_epi32(words[0]);
            __m256i near_high = _mm256_set1_epi32(words[1]);
            __m256i far_low = _mm256_set1_epi32(words[2]);
            __m256i far_high = _mm256_set1_epi32(words[3]);
            for (int half = 0; half < 2; half += 1) {
                __m256i bytes =
                    two_rows(sources[2 * half] + offset, sources[2 * half + 1] + offset);
                __m256i first = _mm256_shuffle_epi8(bytes, near);
                __m256i second = _mm256_shuffle_epi8(bytes, far);
                low[half] = _mm256_add_epi32(low[half], _mm256_madd_epi16(first, near_low));
                high[half] = _mm256_add_epi32(high[half], _mm256_madd_epi16(first, near_high));
                low[half] = _mm256_add_epi32(low[half], _mm256_madd_epi16(second, far_low));
                high[half] = _mm256_add_epi32(high[half], _mm256_madd_epi16(second, far_high));
            }
            offset += 12;
            words += 4;
        }
        __m256i sums = _mm256_packs_epi32(finish(low[0], high[0]), finish(low[1], high[1]));
        __m256i pixels = _mm256_packus_epi16(sums, sums);
        // The lower half holds rows 0 and 2, the upper half rows 1 and 3.
        uint64_t even = (uint64_t)_mm256_extract_epi64(pixels, 0);
        uint64_t odd = (uint64_t)_mm256_extract_epi64(pixels, 2);
        uint32_t values[MI_ROWS] = {(uint32_t)even, (uint32_t)odd, (uint32_t)(even >> 32),
                                    (uint32_t)(odd >> 32)};
        for (int row = 0; row < MI_ROWS; row += 1) {
            memcpy(targets[row] + 3 * (size_t)x, &values[row], 4);
        }
    }
}

AVX2 static void vertical(const uint8_t *const *sources, int32_t count, const int32_t *packed,
                          uint8_t *target, size_t bytes) {
    const __m256i zero = _mm256_setzero_si256();
    for (size_t start = 0; start < bytes; start += 32) {
        __m256i low[4] = {zero, zero, zero, zero};
        __m256i high[4] = {zero, zero, zero, zero};
        for (int32_t tap = 0; tap < count; tap += 2) {
            const uint8_t *other = sources[tap + 1 < count ? tap + 1 : tap];
            __m256i first = _mm256_loadu_si256((const __m256i *)(sources[tap] + start));
            __m256i second = _mm256_loadu_si256((const __m256i *)(other + start));
            __m256i front = _mm256_unpacklo_epi8(first, second);
            __m256i back = _mm256_unpackhi_epi8(first, second);
            __m256i pairs[4] = {
                _mm256_unpacklo_epi8(front, zero), _mm256_unpackhi_epi8(front, zero),
                _mm256_unpacklo_epi8(back, zero), _mm256_unpackhi_epi8(back, zero)};
            __m256i weight_low = _mm256_set1_epi32(packed[tap]);
            __m256i weight_high = _mm256_set1_epi32(packed[tap + 1]);
            for (int part = 0; part < 4; part += 1) {
                low[part] = _mm256_add_epi32(low[part], _mm256_madd_epi16(pairs[part], weight_low));
                high[part] =
                    _mm256_add_epi32(high[part], _mm256_madd_epi16(pairs[part], weight_high));
            }
        }
        __m256i front = _mm256_packs_epi32(finish(low[0], high[0]), finish(low[1], high[1]));
        __m256i back = _mm256_packs_epi32(finish(low[2], high[2]), finish(low[3], high[3]));
        __m256i pixels = _mm256_packus_epi16(front, back);
        if (bytes - start >= 32) {
            _mm256_storeu_si256((__m256i *)(target + start), pixels);
        } else {
            uint8_t rest[32];
            _mm256_storeu_si256((__m256i *)rest, pixels);
            memcpy(target + start, rest, bytes - start);
        }
    }
}

const mi_passes mi_passes_avx2 = {stride_words, pack, horizontal, vertical};

#endif
