public import MiphaTorch

/// An affine map `y = x W^T + b`.
public struct Linear {
    /// `[out, in]`.
    public let weight: Tensor
    /// `[out]`, or `nil`.
    public let bias: Tensor?

    /// Registers `weight` and, unless told not to, `bias`.
    ///
    /// Starts at N(0, `deviation`) and zero, as transformers' `_init_weights` does; 0.02 is its
    /// `initializer_range` for every family here.
    public init(
        _ scope: ParameterScope, from input: Int, to output: Int, bias hasBias: Bool = true,
        deviation: Double = 0.02
    ) throws {
        weight = try scope.parameter(
            "weight", shape: [output, input], initializer: .normal(deviation: deviation))
        bias = hasBias ? try scope.parameter("bias", shape: [output], initializer: .zeros) : nil
    }

    /// Applies the map.
    ///
    /// - Parameter x: `[..., in]`.
    /// - Returns: `[..., out]`.
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try Functions.linear(x, weight: weight, bias: bias)
    }
}
