internal import CMiphaTorch

/// The format of a quantised frozen matrix.
public enum QuantizationFormat: String, Sendable, CaseIterable {
    /// Eight bits: every row in 127 even steps of its largest magnitude (`LLM.int8()`'s weights).
    case int8
    /// Four bits: blocks of 64 elements in the 16 steps of the NF4 code, whose scales are
    /// themselves held in 8 bits by blocks of 256 (QLoRA's double quantisation).
    case nf4
    /// The same codes with the scales of blocks in float32: about 4.5 bits an element.
    case plainNF4 = "nf4-plain"

    var cValue: mt_quantization {
        switch self {
        case .int8: MT_INT8_ROWS
        case .nf4: MT_NF4
        case .plainNF4: MT_NF4_PLAIN
        }
    }
}

/// A frozen matrix `[out, in]` in 8, 4.5 or about 4.13 bits an element, with bitsandbytes' values.
///
/// It is unpacked for each product and never kept dense, in the backward pass neither. Reference:
/// bitsandbytes 0.50, `quantize_4bit` and `int8_vectorwise_quant`; QLoRA, arXiv 2305.14314.
public struct QuantizedMatrix {
    /// The format of the elements.
    public let format: QuantizationFormat
    /// `[out, in]`.
    public let shape: [Int]
    /// int8 `[out, in]`, or uint8 with two elements to a byte.
    public let codes: Tensor
    /// float32 `[out]`, or one element for each block: uint8, float32 for `plainNF4`.
    public let scales: Tensor
    /// float32 with one element for each block of scales; only of `nf4`.
    public let nestedScales: Tensor?
    /// Added to the unpacked scales of `nf4`.
    public let offset: Double

    /// Packs a matrix.
    ///
    /// - Parameter weight: `[out, in]` of a floating-point dtype; on the meta device only shapes
    ///   are made.
    /// - Throws: `TensorError` when it is not a matrix with elements.
    public init(_ weight: Tensor, format: QuantizationFormat) throws(TensorError) {
        self.format = format
        shape = weight.shape
        var (scales, nested): (mt_tensor?, mt_tensor?)
        var offset = 0.0
        let kind = format.cValue
        codes = try produce("quantize", [weight]) {
            unsafe mt_quantize(weight.handle, kind, $0, &scales, &nested, &offset)
        }
        self.scales = unsafe try Functions.adopt(scales, "quantize")
        nestedScales = unsafe nested.map { unsafe Tensor(owning: $0) }
        self.offset = offset
    }

    /// Number of bytes that are held.
    public var byteCount: Int {
        codes.byteCount + scales.byteCount + (nestedScales?.byteCount ?? 0)
            + (format == .nf4 ? MemoryLayout<Float>.size : 0)
    }

    /// Number of elements of the matrix.
    public var elementCount: Int { shape.reduce(1, *) }

    /// The matrix with dense elements.
    public func dense(dtype: DType = .float32) throws(TensorError) -> Tensor {
        try produce("unpack", [codes]) { unsafe mt_dequantize(cValue, dtype.cValue, $0) }
    }

    var cValue: mt_quantized {
        unsafe mt_quantized(
            kind: format.cValue, rows: Int64(shape[0]), columns: Int64(shape[1]),
            codes: codes.handle, scales: scales.handle, nested_or_null: nestedScales?.handle,
            offset: offset)
    }
}

extension Functions {
    /// `x W^T + b` with a frozen quantised matrix; gradients flow to `x` and `bias` only.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`; the product is computed in its dtype.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]`.
    public static func linear(
        _ x: Tensor, weight: QuantizedMatrix, bias: Tensor?
    ) throws(TensorError) -> Tensor {
        try withExtendedLifetime(weight) { () throws(TensorError) in
            try produce("linear", [x, weight.codes]) {
                unsafe mt_quantized_linear(x.handle, weight.cValue, bias?.handle, $0)
            }
        }
    }

    /// Euclidean norm of every row of `weight + scale * up down`, in float32 and not recorded.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - up: `[out, rank]`.
    ///   - down: `[rank, in]`.
    /// - Returns: `[out]`.
    public static func rowNorms(
        of weight: Tensor, up: Tensor, down: Tensor, scale: Double
    ) throws(TensorError) -> Tensor {
        try produce("row norms", [weight, up, down]) {
            unsafe mt_low_rank_norms(weight.handle, up.handle, down.handle, scale, $0)
        }
    }
}
