public import MiphaTorch

/// A layer that brings the features of each position to a common scale.
public protocol Normalization {
    /// Normalises `x` `[..., width]`; same shape and dtype.
    func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor
}

/// Normalisation to zero mean and unit variance over the last dimension, then scale and shift.
public struct LayerNorm: Normalization {
    let weight, bias: Tensor
    let epsilon: Double

    /// Registers `weight` (ones) and `bias` (zeros).
    public init(_ scope: ParameterScope, width: Int, epsilon: Double) throws {
        weight = try scope.parameter("weight", .norm, shape: [width], initializer: .ones)
        bias = try scope.parameter("bias", .bias, shape: [width], initializer: .zeros)
        self.epsilon = epsilon
    }

    /// Normalises `x` `[..., width]`.
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try Functions.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon)
    }
}

/// Normalisation to unit root mean square over the last dimension, then scale.
///
/// Computed in float32 and rounded to the dtype of `x` before the scale, as in transformers'
/// `LlamaRMSNorm`.
public struct RMSNorm: Normalization {
    let weight: Tensor
    let addsOne: Bool
    let epsilon: Double

    /// Registers `weight` (ones, or zeros).
    ///
    /// - Parameter addsOne: whether the scale is `1 + weight` and rounding comes after it, as in
    ///   `GemmaRMSNorm`.
    public init(
        _ scope: ParameterScope, width: Int, epsilon: Double, addsOne: Bool = false
    ) throws {
        weight = try scope.parameter(
            "weight", .norm, shape: [width], initializer: addsOne ? .zeros : .ones)
        self.addsOne = addsOne
        self.epsilon = epsilon
    }

    /// Normalises `x` `[..., width]`.
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try Functions.rmsNorm(x, weight: weight, addsOne: addsOne, epsilon: epsilon)
    }
}
