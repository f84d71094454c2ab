// Few rows times a bfloat16 matrix, widened in registers.
#include "bfloat16.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using mipha::FewRows;

constexpr int64_t streams = 4; // rows of the weight that are read side by side: faster than one

float widened(uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}

// Eight sums, as the vector code has, so that results do not depend on the instruction set much.
void multiply_plain(const FewRows &task, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
        const uint16_t *numbers = task.weight + row * task.columns;
        for (int64_t m = 0; m < task.rows; m++) {
            const float *even = task.even + m * task.half, *odd = task.odd + m * task.half;
            std::array<float, 8> sums{};
            for (int64_t i = 0; i < task.half; i++) {
                float &sum = sums[static_cast<size_t>(i % 8)];
                sum += widened(numbers[2 * i]) * even[i];
                sum += widened(numbers[2 * i + 1]) * odd[i];
            }
            float total = 0;
            for (const float sum : sums) {
                total += sum;
            }
            task.out[m * task.weight_rows + row] = total;
        }
    }
}

#if defined(__x86_64__)

#define MIPHA_AVX2 __attribute__((target("avx2,fma")))

MIPHA_AVX2 inline float total(__m256 x) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// `Rows` rows of x with `Streams` rows of the weight that lie `stride` rows apart.
template <int Rows, int Streams>
MIPHA_AVX2 inline void multiply_block(const FewRows &task, int64_t first, int64_t stride) {
    const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xFFFF0000));
    __m256 sums[Rows][Streams];
    for (int m = 0; m < Rows; m++) {
        for (int s = 0; s < Streams; s++) {
            sums[m][s] = _mm256_setzero_ps();
        }
    }
    const uint16_t *numbers = task.weight + first * task.columns;
    const int64_t whole = task.half / 8 * 8;
    for (int64_t i = 0; i < whole; i += 8) {
        __m256 lower[Streams], higher[Streams];
        for (int s = 0; s < Streams; s++) {
            const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(
                numbers + s * stride * task.columns + 2 * i));
            lower[s] = _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
            higher[s] = _mm256_castsi256_ps(_mm256_and_si256(bits, upper));
        }
        for (int m = 0; m < Rows; m++) {
            const __m256 even = _mm256_loadu_ps(task.even + m * task.half + i);
            const __m256 odd = _mm256_loadu_ps(task.odd + m * task.half + i);
            for (int s = 0; s < Streams; s++) {
                sums[m][s] = _mm256_fmadd_ps(lower[s], even, sums[m][s]);
                sums[m][s] = _mm256_fmadd_ps(higher[s], odd, sums[m][s]);
            }
        }
    }
    for (int s = 0; s < Streams; s++) {
        const int64_t row = first + s * stride;
        for (int m = 0; m < Rows; m++) {
            float sum = total(sums[m][s]);
            for (int64_t i = whole; i < task.half; i++) {
                const uint16_t *pair = task.weight + row * task.columns + 2 * i;
                sum += widened(pair[0]) * task.even[m * task.half + i];
                sum += widened(pair[1]) * task.odd[m * task.half + i];
            }
            task.out[m * task.weight_rows + row] = sum;
        }
    }
}

template <int Rows> MIPHA_AVX2 void multiply_avx2(const FewRows &task, int64_t begin, int64_t end) {
    constexpr int width = Rows <= 2 ? streams : 2; // as many sums as there are registers
    const int64_t stride = (end - begin) / width;
    for (int64_t row = begin; row < begin + stride; row++) {
        multiply_block<Rows, width>(task, row, stride);
    }
    for (int64_t row = begin + width * stride; row < end; row++) {
        multiply_block<Rows, 1>(task, row, 0);
    }
}

#endif

} // namespace

void mipha::multiply_few_rows(const FewRows &task, int64_t begin, int64_t end) {
#if defined(__x86_64__)
    static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (has_avx2) {
        switch (task.rows) {
        case 1: return multiply_avx2<1>(task, begin, end);
        case 2: return multiply_avx2<2>(task, begin, end);
        case 3: return multiply_avx2<3>(task, begin, end);
        case 4: return multiply_avx2<4>(task, begin, end);
        default: break;
        }
    }
#endif
    multiply_plain(task, begin, end);
}
