// Matrices held in 8 or 4 bits, unpacked for each product.
#include "elements.h"
#include "internal.h"
#include "parallel.h"
#include "quantized_codes.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Dispatch.h>
#include <torch/csrc/autograd/custom_function.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <array>
#include <cmath>

using mipha::dynamic_code;
using mipha::guard;
using mipha::nearest_dynamic;
using mipha::nearest_normal;
using mipha::normal_float;
using mipha::unwrap;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int64_t block = 64, outer_block = 256;

float largest(const float *values, int64_t count) {
    float result = 0;
    for (int64_t i = 0; i < count; i++) {
        result = std::max(result, std::fabs(values[i]));
    }
    return result;
}

int64_t pieces(int64_t count, int64_t size) { return (count + size - 1) / size; }

struct Packed {
    at::Tensor codes, scales, nested;
    double offset = 0;
};

// As `pack_rows` and `pack_normal`, without elements.
Packed pack_shapes(const at::Tensor &weight, mt_quantization kind) {
    const int64_t count = weight.numel(), blocks = pieces(count, block);
    const auto empty = [&](int64_t size, at::ScalarType type) {
        return at::empty({size}, weight.options().dtype(type));
    };
    if (kind == MT_INT8_ROWS) {
        return {empty(count, at::kFloat).to(at::kChar).view(weight.sizes()),
                empty(weight.size(0), at::kFloat), {}};
    }
    const bool nests = kind == MT_NF4;
    return {empty(pieces(count, 2), at::kByte), empty(blocks, nests ? at::kByte : at::kFloat),
            nests ? empty(pieces(blocks, outer_block), at::kFloat) : at::Tensor()};
}

Packed pack_rows(const at::Tensor &weight) {
    Packed result;
    result.scales = weight.abs().amax(1);
    const at::Tensor factors = at::where(result.scales > 0, result.scales.reciprocal() * 127, 0.0);
    result.codes = (weight * factors.unsqueeze(1)).round_().to(at::kChar);
    return result;
}

Packed pack_normal(const at::Tensor &weight, bool nests) {
    const int64_t count = weight.numel(), blocks = pieces(count, block);
    const float *values = mipha::elements<float>(weight);
    Packed result;
    result.codes = at::zeros({pieces(count, 2)}, at::kByte);
    const at::Tensor scales = at::empty({blocks}, at::kFloat);
    auto *codes = result.codes.mutable_data_ptr<uint8_t>();
    auto *magnitudes = scales.mutable_data_ptr<float>();
    mipha::parallel_for(blocks, 256, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; b++) {
            const int64_t first = b * block, size = std::min(block, count - first);
            magnitudes[b] = largest(values + first, size);
            const float factor = 1 / std::max(magnitudes[b], 1e-38F);
            for (int64_t i = 0; i < size; i++) {
                const uint8_t place = nearest_normal(values[first + i] * factor);
                codes[(first + i) / 2] |= static_cast<uint8_t>(i % 2 == 0 ? place << 4 : place);
            }
        }
    });
    if (!nests) {
        result.scales = scales;
        return result;
    }
    result.offset = scales.mean().item<double>();
    const at::Tensor rest = scales - result.offset;
    const float *centred = mipha::elements<float>(rest);
    const int64_t outer = pieces(blocks, outer_block);
    result.scales = at::empty({blocks}, at::kByte);
    result.nested = at::empty({outer}, at::kFloat);
    auto *places = result.scales.mutable_data_ptr<uint8_t>();
    auto *outer_scales = result.nested.mutable_data_ptr<float>();
    for (int64_t b = 0; b < outer; b++) {
        const int64_t first = b * outer_block, size = std::min(outer_block, blocks - first);
        outer_scales[b] = largest(centred + first, size);
        const float divisor = std::max(outer_scales[b], 1e-38F);
        for (int64_t i = first; i < first + size; i++) {
            places[i] = nearest_dynamic(centred[i] / divisor);
        }
    }
    return result;
}

// A quantised matrix whose tensors are owned, checked against each other.
struct Matrix {
    mt_quantization kind;
    int64_t rows, columns;
    at::Tensor codes, scales, nested;
    float offset;

    explicit Matrix(const mt_quantized &parts)
        : kind(parts.kind), rows(parts.rows), columns(parts.columns),
          codes(unwrap(parts.codes).contiguous()), scales(unwrap(parts.scales).contiguous()),
          offset(static_cast<float>(parts.offset)) {
        if (parts.nested_or_null != nullptr) {
            nested = unwrap(parts.nested_or_null).contiguous();
        }
        check();
    }

    Matrix(mt_quantization kind, int64_t rows, int64_t columns, at::Tensor codes,
           at::Tensor scales, at::Tensor nested, float offset)
        : kind(kind), rows(rows), columns(columns), codes(std::move(codes)),
          scales(std::move(scales)), nested(std::move(nested)), offset(offset) {}

    void check() const {
        const int64_t count = rows * columns, blocks = pieces(count, block);
        const auto has = [](const at::Tensor &part, at::ScalarType type, int64_t size) {
            return part.defined() && part.scalar_type() == type && part.numel() == size;
        };
        bool fits = false;
        switch (kind) {
        case MT_INT8_ROWS:
            fits = has(codes, at::kChar, count) && has(scales, at::kFloat, rows);
            break;
        case MT_NF4:
            fits = has(codes, at::kByte, pieces(count, 2)) && has(scales, at::kByte, blocks) &&
                   has(nested, at::kFloat, pieces(blocks, outer_block));
            break;
        case MT_NF4_PLAIN:
            fits = has(codes, at::kByte, pieces(count, 2)) && has(scales, at::kFloat, blocks);
            break;
        }
        if (!fits) {
            throw std::invalid_argument("the parts of the quantised matrix do not fit together");
        }
        mipha::require_together("quantised matrix",
                                {{"codes", codes}, {"scales", scales}, {"nested", nested}});
    }

    template <typename Scalar> void unpack_rows(Scalar *out) const {
        const auto *places = mipha::elements<int8_t>(codes);
        const float *magnitudes = mipha::elements<float>(scales);
        mipha::parallel_for(rows, 16, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++) {
                for (int64_t i = row * columns; i < (row + 1) * columns; i++) {
                    const float share = static_cast<float>(places[i]) * magnitudes[row];
                    out[i] = static_cast<Scalar>(share * (1.0F / 127));
                }
            }
        });
    }

    // The largest magnitude of each block of four-bit codes, float32.
    at::Tensor block_scales() const {
        if (kind == MT_NF4_PLAIN) {
            return scales;
        }
        const auto *places = mipha::elements<uint8_t>(scales);
        const float *outer = mipha::elements<float>(nested);
        const auto &dynamic = dynamic_code();
        at::Tensor result = at::empty({scales.numel()}, at::kFloat);
        auto *values = result.mutable_data_ptr<float>();
        for (int64_t b = 0; b < scales.numel(); b++) {
            const float centred = dynamic[places[b]] * outer[b / outer_block];
            values[b] = centred + offset; // two roundings, as bitsandbytes has
        }
        return result;
    }

    template <typename Scalar> void unpack_normal(Scalar *out) const {
        const int64_t count = rows * columns;
        const auto *bytes = mipha::elements<uint8_t>(codes);
        const at::Tensor all = block_scales();
        const float *magnitudes = mipha::elements<float>(all);
        mipha::parallel_for(pieces(count, block), 256, [&](int64_t begin, int64_t end) {
            std::array<Scalar, 16> values;
            for (int64_t b = begin; b < end; b++) {
                for (size_t i = 0; i < values.size(); i++) {
                    values[i] = static_cast<Scalar>(normal_float[i] * magnitudes[b]);
                }
                const int64_t first = b * block, last = std::min(first + block, count);
                for (int64_t i = first; i < last; i += 2) {
                    const uint8_t byte = bytes[i / 2];
                    out[i] = values[byte >> 4];
                    if (i + 1 < last) {
                        out[i + 1] = values[byte & 15];
                    }
                }
            }
        });
    }

    // The dense matrix by operators of the codes' device, with the bits of the CPU's.
    at::Tensor unpack_there(at::ScalarType type) const {
        if (kind == MT_INT8_ROWS) {
            return codes.view({rows, columns})
                .to(at::kFloat)
                .mul_(scales.unsqueeze(1))
                .mul_(1.0F / 127)
                .to(type);
        }
        at::Tensor magnitudes = scales;
        if (kind == MT_NF4) {
            magnitudes = mipha::code_table(mipha::CodeTable::dynamic, codes.device())
                             .index_select(0, scales.to(at::kInt))
                             .mul_(spread(nested, outer_block, scales.numel()))
                             .add_(offset);
        }
        const int64_t count = rows * columns;
        at::Tensor values = mipha::code_table(mipha::CodeTable::normal_pairs, codes.device())
                                .index_select(0, codes.to(at::kInt))
                                .view({-1})
                                .narrow(0, 0, count);
        if (count % block == 0) {
            values.view({-1, block}).mul_(magnitudes.unsqueeze(1));
        } else {
            values.mul_(spread(magnitudes, block, count));
        }
        return values.to(type).view({rows, columns});
    }

    // Every element `times` times, cut to `count`.
    static at::Tensor spread(const at::Tensor &values, int64_t times, int64_t count) {
        return values.unsqueeze(1).expand({values.numel(), times}).reshape({-1}).narrow(0, 0, count);
    }

    // The dense matrix, where the codes are.
    at::Tensor unpack(at::ScalarType type) const {
        if (codes.is_meta() && mipha::acts_on_cpu(codes)) {
            const at::Tensor magnitudes = kind == MT_NF4 ? scales.to(at::kFloat) : scales;
            return at::empty({rows, columns}, codes.options().dtype(type));
        }
        if (!codes.is_cpu()) {
            return unpack_there(type);
        }
        mipha::require_cpu("unpack", {{"codes", codes}, {"scales", scales}, {"nested", nested}});
        at::Tensor out = at::empty({rows, columns}, at::TensorOptions().dtype(type));
        AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, type, "unpack", [&] {
            auto *data = out.mutable_data_ptr<scalar_t>();
            if (kind == MT_INT8_ROWS) {
                unpack_rows(data);
            } else {
                unpack_normal(data);
            }
        });
        return out;
    }
};

mt_tensor borrowed(const at::Tensor &tensor) {
    return tensor.defined() ? reinterpret_cast<mt_tensor>(tensor.unsafeGetTensorImpl()) : nullptr;
}

// x W^T + b by the shim's own linear layer, which picks the fastest kernel; not recorded.
at::Tensor product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    const at::NoGradGuard unrecorded;
    mt_tensor result = nullptr;
    if (mt_linear(borrowed(x), borrowed(weight), borrowed(bias), &result) != MT_OK) {
        throw std::runtime_error(mt_last_error());
    }
    return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(
        mipha::implementation(result)));
}

struct QuantizedLinear : torch::autograd::Function<QuantizedLinear> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x,
                              const std::optional<at::Tensor> &bias, const at::Tensor &codes,
                              const at::Tensor &scales, const at::Tensor &nested, int64_t kind,
                              int64_t rows, int64_t columns, double offset) {
        context->save_for_backward({codes, scales, nested});
        context->saved_data["kind"] = kind;
        context->saved_data["rows"] = rows;
        context->saved_data["columns"] = columns;
        context->saved_data["offset"] = offset;
        context->saved_data["bias"] = bias.has_value();
        const Matrix matrix(static_cast<mt_quantization>(kind), rows, columns, codes, scales,
                            nested, static_cast<float>(offset));
        return product(x, matrix.unpack(x.scalar_type()), bias.value_or(at::Tensor()));
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const int64_t rows = context->saved_data["rows"].toInt(),
                      columns = context->saved_data["columns"].toInt();
        const at::Tensor &gradient = gradients[0];
        at::Tensor x_gradient, bias_gradient;
        if (context->needs_input_grad(0)) {
            const Matrix matrix(
                static_cast<mt_quantization>(context->saved_data["kind"].toInt()), rows, columns,
                saved[0], saved[1], saved[2],
                static_cast<float>(context->saved_data["offset"].toDouble()));
            const at::Tensor weight = matrix.unpack(gradient.scalar_type());
            x_gradient = product(gradient.contiguous(), weight.t(), at::Tensor());
        }
        if (context->saved_data["bias"].toBool() && context->needs_input_grad(1)) {
            bias_gradient = gradient.reshape({-1, rows}).sum(0);
        }
        const at::Tensor none;
        return {x_gradient, bias_gradient, none, none, none, none, none, none, none};
    }
};

} // namespace

mt_status mt_quantize(mt_tensor weight, mt_quantization kind, mt_tensor *codes, mt_tensor *scales,
                      mt_tensor *nested, double *offset) {
    return guard([&] {
        const at::NoGradGuard unrecorded;
        const at::Tensor source = unwrap(weight);
        if (source.dim() != 2 || source.numel() == 0) {
            throw std::invalid_argument("expected a matrix with elements");
        }
        const at::Tensor dense =
            (source.is_meta() ? source : source.cpu()).to(at::kFloat).contiguous();
        Packed packed;
        if (dense.is_meta()) {
            packed = pack_shapes(dense, kind);
        } else if (kind == MT_INT8_ROWS) {
            packed = pack_rows(dense);
        } else {
            packed = pack_normal(dense, kind == MT_NF4);
        }
        const at::Device place = source.device();
        *offset = packed.offset;
        *nested = packed.nested.defined() ? mipha::wrap(packed.nested.to(place)) : nullptr;
        *scales = mipha::wrap(packed.scales.to(place));
        *codes = mipha::wrap(packed.codes.to(place));
    });
}

mt_status mt_dequantize(mt_quantized matrix, mt_dtype dtype, mt_tensor *out) {
    MT_RETURN(out, Matrix(matrix).unpack(mipha::scalar_type(dtype)));
}

mt_status mt_quantized_linear(mt_tensor x, mt_quantized matrix, mt_tensor bias_or_null,
                              mt_tensor *out) {
    return guard([&] {
        const Matrix parts(matrix);
        const at::Tensor input = unwrap(x);
        if (input.dim() == 0 || input.size(-1) != parts.columns) {
            throw std::invalid_argument("the input's width is not that of the quantised matrix");
        }
        const std::optional<at::Tensor> bias = mipha::unwrap_optional(bias_or_null);
        mipha::require_together("linear", {{"x", input}, {"codes", parts.codes}, {"bias", bias}});
        // Autograd takes no undefined tensor.
        const at::Tensor nested = parts.nested.defined() ? parts.nested : parts.scales;
        *out = mipha::wrap(QuantizedLinear::apply(
            input, bias, parts.codes, parts.scales, nested,
            static_cast<int64_t>(parts.kind), parts.rows, parts.columns,
            static_cast<double>(parts.offset)));
    });
}
