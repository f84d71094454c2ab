// Products of bfloat16 matrices on processors for which oneDNN has no bfloat16 kernels.
#pragma once

#include "internal.h"

namespace mipha {

// Whether libtorch has fast bfloat16 kernels for this processor, within the limits that the environment
// sets: oneDNN's on x86, which need AVX-512.
bool has_bfloat16();

// Whether x is bfloat16 on a CPU that multiplies float32 faster than bfloat16.
bool computes_in_float(const at::Tensor &x);

// x [..., in] times weight [out, in] transposed, any strides, summed in float32; no gradient.
at::Tensor product_in_float(const at::Tensor &x, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias);

// Softmax attention [batch, heads, tokens, width] with an additive float32 mask, computed in float32; with
// its gradient, for which the operands are kept as they are.
at::Tensor attention_in_float(const at::Tensor &queries, const at::Tensor &keys,
                              const at::Tensor &values, const std::optional<at::Tensor> &mask,
                              bool causal, double scale);

// a [m, k] times b [k, n]; no gradient.
inline at::Tensor matrix_product(const at::Tensor &a, const at::Tensor &b) {
    return computes_in_float(a) ? product_in_float(a, b.t(), std::nullopt) : a.mm(b);
}

// y[m][n] = x[m] · weight[n] for 1 to 4 rows of x, each row in the order of a single one.
struct FewRows {
    const uint16_t *weight; // bfloat16, rows of `columns`
    const float *even, *odd; // numbers of x with even and with odd places, `rows` x `half`
    float *out;              // rows x weight_rows
    int64_t rows, weight_rows, columns, half;
};

// Rows `begin` to `end` of the weight.
void multiply_few_rows(const FewRows &task, int64_t begin, int64_t end);

} // namespace mipha
