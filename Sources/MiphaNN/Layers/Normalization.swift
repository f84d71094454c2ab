public import MiphaTorch

/// Normalisation to zero mean and unit variance over the last dimension, then scale and shift.
public struct LayerNorm {
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
public struct RMSNorm {
    let weight: Tensor
    let epsilon: Double

    /// Registers `weight` (ones).
    public init(_ scope: ParameterScope, width: Int, epsilon: Double) throws {
        weight = try scope.parameter("weight", .norm, shape: [width], initializer: .ones)
        self.epsilon = epsilon
    }

    /// Normalises `x` `[..., width]`.
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try Functions.rmsNorm(x, weight: weight, epsilon: epsilon)
    }
}
