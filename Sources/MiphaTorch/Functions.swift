internal import CMiphaTorch

/// Element-wise non-linearity.
public enum ActivationFunction: Sendable {
    /// Gaussian error linear unit with the error function.
    case geluExact
    /// Gaussian error linear unit with the hyperbolic tangent approximation.
    case geluTanh
    /// `x * sigmoid(1.702 x)`, an approximation of the Gaussian error linear unit.
    case geluQuick
    /// `x * sigmoid(x)`.
    case silu

    var cValue: mt_activation {
        switch self {
        case .geluExact: MT_GELU_EXACT
        case .geluTanh: MT_GELU_TANH
        case .geluQuick: MT_GELU_QUICK
        case .silu: MT_SILU
        }
    }
}

/// The fused operations that layers are made of; shapes are the engine's own.
public enum Functions {
    /// `x W^T + b`.
    ///
    /// On the CPU in float32 the products of both directions go through oneDNN, which is up to
    /// twice as fast there as the MKL routine that libtorch's own linear layer calls. In bfloat16
    /// the bias is added within the product; see ``Engine/computesBFloat16InFloat``.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`.
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]`.
    public static func linear(
        _ x: Tensor, weight: Tensor, bias: Tensor?
    ) throws(TensorError) -> Tensor {
        try produce("linear", [x, weight]) {
            unsafe mt_linear(x.handle, weight.handle, bias?.handle, $0)
        }
    }

    /// Layer normalisation over the last dimension.
    public static func layerNorm(
        _ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Double
    ) throws(TensorError) -> Tensor {
        try produce("layer norm", [x, weight]) {
            unsafe mt_layer_norm(x.handle, weight.handle, bias.handle, epsilon, $0)
        }
    }

    /// Root-mean-square normalisation over the last dimension: `weight * x / sqrt(mean(x^2) +
    /// epsilon)`.
    ///
    /// The quotient is computed in float32 and rounded to the dtype of `x` before the product, as
    /// transformers' `LlamaRMSNorm` does; float64 stays float64.
    ///
    /// - Parameter addsOne: whether the factor is `1 + weight`, and rounding comes after the product,
    ///   as in `GemmaRMSNorm`.
    public static func rmsNorm(
        _ x: Tensor, weight: Tensor, addsOne: Bool = false, epsilon: Double
    ) throws(TensorError) -> Tensor {
        try produce("rms norm", [x, weight]) {
            unsafe mt_rms_norm(x.handle, weight.handle, addsOne, epsilon, $0)
        }
    }

    /// Rows of a table.
    ///
    /// - Parameters:
    ///   - indices: int64, any shape.
    ///   - weight: `[rows, width]`.
    /// - Returns: the shape of `indices` with `width` appended.
    public static func embedding(
        _ indices: Tensor, weight: Tensor
    ) throws(TensorError) -> Tensor {
        try produce("embedding", [indices, weight]) {
            unsafe mt_embedding(weight.handle, indices.handle, $0)
        }
    }

    /// Convolution without padding.
    ///
    /// - Parameters:
    ///   - x: `[images, channels, height, width]`.
    ///   - weight: `[out, channels, kernel, kernel]`.
    public static func convolution(
        _ x: Tensor, weight: Tensor, bias: Tensor?, stride: Int
    ) throws(TensorError) -> Tensor {
        try produce("convolution", [x, weight]) {
            unsafe mt_conv2d(x.handle, weight.handle, bias?.handle, Int64(stride), $0)
        }
    }

    /// Applies a non-linearity.
    public static func activate(
        _ x: Tensor, _ activation: ActivationFunction
    ) throws(TensorError) -> Tensor {
        try produce("activation", [x]) { unsafe mt_activate(x.handle, activation.cValue, $0) }
    }

    /// `act(x) W^T + b`, which keeps only `x` for the backward pass and computes `act(x)` again.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`, rank 2 at least.
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]`.
    public static func linear(
        activated x: Tensor, _ activation: ActivationFunction, weight: Tensor, bias: Tensor?
    ) throws(TensorError) -> Tensor {
        try produce("activated linear", [x, weight]) {
            unsafe mt_activated_linear(
                x.handle, activation.cValue, weight.handle, bias?.handle, $0)
        }
    }

    /// Zeroes elements with a probability and scales the others up accordingly.
    ///
    /// - Parameter generator: one of the device of `x`.
    public static func dropout(
        _ x: Tensor, probability: Double, generator: RandomGenerator
    ) throws(TensorError) -> Tensor {
        try produce("dropout", [x]) {
            unsafe mt_dropout(x.handle, probability, generator.handle, $0)
        }
    }

    /// `cap * tanh(x / cap)`, which keeps values between `-cap` and `cap`.
    public static func softcap(_ x: Tensor, _ cap: Double) throws(TensorError) -> Tensor {
        try produce("soft cap", [x]) { unsafe mt_softcap(x.handle, cap, $0) }
    }

    /// Scaled dot-product attention; scores and softmax are accumulated in float32 on the CPU.
    ///
    /// - Parameters:
    ///   - q: `[batch, heads, queries, width]`; `k`, `v`: `[batch, heads, keys, width]`, perhaps
    ///     with fewer heads, each for as many query heads in their order.
    ///   - mask: boolean (true = attend) or additive, broadcastable to `[batch, heads, queries,
    ///     keys]`.
    ///   - causal: query i sees keys 0...i; not together with a mask.
    public static func attention(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool, scale: Double
    ) throws(TensorError) -> Tensor {
        try produce("attention", [q, k, v]) {
            unsafe mt_attention(q.handle, k.handle, v.handle, mask?.handle, causal, scale, $0)
        }
    }

    /// Rotary position embedding with halves paired ("NeoX" order), computed in float32.
    ///
    /// - Parameters:
    ///   - x: `[batch, tokens, heads, width]`; features beyond `2 * cos.size(-1)` pass unchanged.
    ///   - cos: `[batch or 1, tokens, rotary / 2]` float32; `sin` likewise.
    public static func rotary(_ x: Tensor, cos: Tensor, sin: Tensor) throws(TensorError) -> Tensor {
        try produce("rotary", [x, cos, sin]) {
            unsafe mt_rotary(x.handle, cos.handle, sin.handle, $0)
        }
    }

    /// Rotary frequencies `theta^(-2i / rotary)`, `[rotary / 2]` float32.
    ///
    /// They are computed on the CPU; other devices get them once for each `rotary` and `theta`, and
    /// the tensor is shared: it must not be changed.
    public static func rotaryFrequencies(
        rotary: Int, theta: Double, device: Device
    ) throws(TensorError) -> Tensor {
        try produce("rotary frequencies", []) {
            unsafe mt_rotary_frequencies(Int64(rotary), theta, device.cValue, $0)
        }
    }

    /// Cosines and sines of `position * frequency`, float32.
    ///
    /// - Parameters:
    ///   - positions: `[rows, tokens]` int64.
    ///   - frequencies: `[n]` float32, on the device of the positions.
    /// - Returns: `cos` and `sin`, each `[rows, tokens, n]`.
    public static func rotaryAngles(
        positions: Tensor, frequencies: Tensor
    ) throws(TensorError) -> (cos: Tensor, sin: Tensor) {
        var second: mt_tensor?
        let cos = try produce("rotary angles", [positions, frequencies]) {
            unsafe mt_rotary_angles(positions.handle, frequencies.handle, $0, &second)
        }
        return (cos, unsafe try adopt(second, "rotary angles"))
    }

    /// The `count` largest elements along the last dimension, in descending order, and their
    /// places.
    public static func largest(
        _ x: Tensor, count: Int
    ) throws(TensorError) -> (values: Tensor, places: Tensor) {
        var places: mt_tensor?
        let values = try produce("largest", [x]) {
            unsafe mt_tensor_topk(x.handle, Int64(count), $0, &places)
        }
        return (values, unsafe try adopt(places, "largest"))
    }

    /// Owns the second result of a call that hands out two.
    static func adopt(
        _ handle: mt_tensor?, _ operation: String
    ) throws(TensorError) -> Tensor {
        guard let handle = unsafe handle else {
            throw TensorError(.engine, operation: operation, message: "no result")
        }
        return unsafe Tensor(owning: handle)
    }
}
