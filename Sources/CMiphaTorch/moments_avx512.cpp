// The blocks of AdamW with 8-bit moments, sixteen elements at a time; see moments.cpp for the
// definition, which this follows operation by operation.
#include "internal.h"
#include "moments.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#define MIPHA_AVX512 __attribute__((target("avx512f,avx512bw")))

namespace {

constexpr int64_t block = MT_MOMENT_BLOCK;

MIPHA_AVX512 inline __m512 magnitude(__m512i place, __m512 lows, __m512 steps) {
    const __m512i bits = _mm512_castps_si512(_mm512_cvtepi32_ps(place));
    const __m512i row =
        _mm512_max_epi32(_mm512_sub_epi32(_mm512_srli_epi32(bits, 23), _mm512_set1_epi32(126)),
                         _mm512_setzero_si512());
    const __m512i fraction = _mm512_or_epi32(_mm512_and_epi32(bits, _mm512_set1_epi32(0x7FFFFF)),
                                             _mm512_set1_epi32(0x3F800000));
    const __m512 share = _mm512_sub_ps(_mm512_castsi512_ps(fraction), _mm512_set1_ps(1));
    return _mm512_fmadd_ps(_mm512_permutexvar_ps(row, steps), share,
                           _mm512_permutexvar_ps(row, lows));
}

// The tables that find places, in registers.
struct Places {
    __m512 slopes, offsets, firsts, lasts, edges[2];
    __m512i rows[2];

    MIPHA_AVX512 explicit Places(const mipha::MomentCode &code)
        : slopes(_mm512_load_ps(code.slopes.data())), offsets(_mm512_load_ps(code.offsets.data())),
          firsts(_mm512_load_ps(code.firsts.data())), lasts(_mm512_load_ps(code.lasts.data())),
          edges{_mm512_load_ps(code.edges.data()), _mm512_load_ps(code.edges.data() + 16)},
          rows{_mm512_load_si512(code.rows.data()), _mm512_load_si512(code.rows.data() + 16)} {}
};

MIPHA_AVX512 inline __m512i nearest(__m512 x, const Places &code) {
    const __m512i exponent =
        _mm512_sub_epi32(_mm512_srli_epi32(_mm512_castps_si512(x), 23),
                         _mm512_set1_epi32(mipha::MomentCode::lowest_exponent));
    const __m512i index = _mm512_min_epi32(_mm512_max_epi32(exponent, _mm512_setzero_si512()),
                                           _mm512_set1_epi32(31));
    const __m512 edge = _mm512_permutex2var_ps(code.edges[0], index, code.edges[1]);
    const __m512i base = _mm512_permutex2var_epi32(code.rows[0], index, code.rows[1]);
    const __m512i row = _mm512_mask_add_epi32(base, _mm512_cmp_ps_mask(x, edge, _CMP_GT_OQ), base,
                                              _mm512_set1_epi32(1));
    const __m512 place = _mm512_fmadd_ps(x, _mm512_permutexvar_ps(row, code.slopes),
                                         _mm512_permutexvar_ps(row, code.offsets));
    // The second operand is the result where the first is not a number.
    const __m512 least = _mm512_max_ps(place, _mm512_permutexvar_ps(row, code.firsts));
    const __m512 inside = _mm512_min_ps(least, _mm512_permutexvar_ps(row, code.lasts));
    return _mm512_cvttps_epi32(_mm512_add_ps(inside, _mm512_set1_ps(0.5F)));
}

MIPHA_AVX512 inline __mmask16 lanes(int64_t left) {
    return static_cast<__mmask16>(left >= 16 ? 0xFFFF : (1 << left) - 1);
}

MIPHA_AVX512 inline __m512i load_codes(const uint8_t *codes, __mmask16 lanes) {
    if (lanes == 0xFFFF) {
        return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(codes)));
    }
    return _mm512_cvtepu8_epi32(_mm512_castsi512_si128(_mm512_maskz_loadu_epi8(lanes, codes)));
}

// A block's old moments and the step; the largest magnitudes of the new moments come back as bits.
MIPHA_AVX512 inline void advance(float *parameter, const float *gradient, const uint8_t *codes1,
                                 const uint8_t *codes2, float scale1, float scale2, float *first,
                                 float *second, const mipha::MomentConstants &k, int64_t count,
                                 uint32_t *highest) {
    const mipha::MomentCode &first_code = mipha::signed_moments(),
                            &second_code = mipha::unsigned_moments();
    const __m512 lows1 = _mm512_load_ps(first_code.lows.data()),
                 steps1 = _mm512_load_ps(first_code.steps.data()),
                 lows2 = _mm512_load_ps(second_code.lows.data()),
                 steps2 = _mm512_load_ps(second_code.steps.data());
    const __m512 keep1 = _mm512_set1_ps(scale1), keep2 = _mm512_set1_ps(scale2);
    const __m512 beta1 = _mm512_set1_ps(k.beta1), beta2 = _mm512_set1_ps(k.beta2);
    const __m512 rest1 = _mm512_set1_ps(k.rest1), rest2 = _mm512_set1_ps(k.rest2);
    const __m512i magnitudes = _mm512_set1_epi32(0x7FFFFFFF);
    __m512i highest1 = _mm512_setzero_si512(), highest2 = _mm512_setzero_si512();
    for (int64_t i = 0; i < count; i += 16) {
        const __mmask16 mask = lanes(count - i);
        const __m512 g = _mm512_maskz_loadu_ps(mask, gradient + i);
        const __m512i place =
            _mm512_sub_epi32(load_codes(codes1 + i, mask), _mm512_set1_epi32(127));
        const __m512 old = magnitude(_mm512_abs_epi32(place), lows1, steps1);
        const __m512 turned = _mm512_castsi512_ps(_mm512_or_epi32(
            _mm512_castps_si512(old), _mm512_andnot_epi32(magnitudes, place)));
        const __m512 m = _mm512_fmadd_ps(_mm512_mul_ps(turned, keep1), beta1,
                                         _mm512_mul_ps(rest1, g));
        const __m512i place2 =
            _mm512_add_epi32(load_codes(codes2 + i, mask), _mm512_set1_epi32(1));
        const __m512 v = _mm512_fmadd_ps(_mm512_mul_ps(magnitude(place2, lows2, steps2), keep2),
                                         beta2, _mm512_mul_ps(_mm512_mul_ps(rest2, g), g));
        const __m512 size =
            _mm512_fmadd_ps(_mm512_sqrt_ps(v), _mm512_set1_ps(k.correction),
                            _mm512_set1_ps(k.epsilon));
        const __m512 change = _mm512_div_ps(_mm512_mul_ps(_mm512_set1_ps(k.rate), m), size);
        const __m512 before = _mm512_maskz_loadu_ps(mask, parameter + i);
        _mm512_mask_storeu_ps(parameter + i, mask,
                              _mm512_fmsub_ps(before, _mm512_set1_ps(k.shrink), change));
        _mm512_storeu_ps(first + i, m);
        _mm512_storeu_ps(second + i, v);
        const __m512i bits1 = _mm512_and_epi32(_mm512_castps_si512(m), magnitudes);
        const __m512i bits2 = _mm512_castps_si512(v);
        highest1 = _mm512_mask_max_epu32(highest1, mask, highest1, bits1);
        highest2 = _mm512_mask_max_epu32(highest2, mask, highest2, bits2);
    }
    highest[0] = _mm512_reduce_max_epu32(highest1);
    highest[1] = _mm512_reduce_max_epu32(highest2);
}

MIPHA_AVX512 inline void store_codes(uint8_t *codes, __m512i values, __mmask16 lanes) {
    _mm512_mask_cvtepi32_storeu_epi8(codes, lanes, values);
}

MIPHA_AVX512 inline void pack_first(const float *values, float inverse, uint8_t *codes,
                                    int64_t count) {
    const Places code(mipha::signed_moments());
    const __m512 by = _mm512_set1_ps(inverse);
    for (int64_t i = 0; i < count; i += 16) {
        const __m512 m = _mm512_loadu_ps(values + i);
        const __m512i place = nearest(_mm512_mul_ps(_mm512_abs_ps(m), by), code);
        const __mmask16 is_negative = _mm512_cmp_ps_mask(m, _mm512_setzero_ps(), _CMP_LT_OQ);
        const __m512i middle = _mm512_set1_epi32(127);
        const __m512i up = _mm512_add_epi32(middle, place);
        const __m512i turned = _mm512_mask_sub_epi32(up, is_negative, middle, place);
        store_codes(codes + i, _mm512_max_epi32(turned, _mm512_setzero_si512()), lanes(count - i));
    }
}

MIPHA_AVX512 inline void pack_second(const float *values, float inverse, uint8_t *codes,
                                     int64_t count) {
    const Places code(mipha::unsigned_moments());
    const __m512 by = _mm512_set1_ps(inverse);
    for (int64_t i = 0; i < count; i += 16) {
        const __m512i place = nearest(_mm512_mul_ps(_mm512_loadu_ps(values + i), by), code);
        store_codes(codes + i, _mm512_sub_epi32(place, _mm512_set1_epi32(1)), lanes(count - i));
    }
}

} // namespace

MIPHA_AVX512 void mipha::update_moment_blocks_avx512(const MomentRange &range,
                                                     const MomentConstants &constants,
                                                     int64_t begin, int64_t end) {
    alignas(64) float first[block], second[block];
    for (int64_t index = begin; index < end; index++) {
        const int64_t start = index * block, count = std::min(block, range.count - start);
        float largest[2];
        uint32_t highest[2];
        advance(range.parameter + start, range.gradient + start, range.first + start,
                range.second + start, range.first_scales[index], range.second_scales[index], first,
                second, constants, count, highest);
        static_assert(sizeof largest == sizeof highest);
        std::copy_n(reinterpret_cast<const uint8_t *>(highest), sizeof highest,
                    reinterpret_cast<uint8_t *>(largest));
        range.first_scales[index] = largest[0];
        range.second_scales[index] = largest[1];
        pack_first(first, inverse_moment(largest[0]), range.first + start, count);
        pack_second(second, inverse_moment(largest[1]), range.second + start, count);
    }
}

#endif
