public import MiphaTorch

/// Two affine maps with a non-linearity between: `fc2(act(fc1(x)))`.
public struct FeedForward {
    let fc1, fc2: Linear
    let activation: ActivationFunction

    /// Registers `fc1` and `fc2`, both biased.
    public init(
        _ scope: ParameterScope, width: Int, inner: Int, activation: ActivationFunction
    ) throws {
        fc1 = try Linear(scope["fc1"], from: width, to: inner)
        fc2 = try Linear(scope["fc2"], from: inner, to: width)
        self.activation = activation
    }

    /// Applies the maps to `x` `[..., width]`.
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try Functions.linear(
            activated: fc1(x), activation, weight: fc2.weight, bias: fc2.bias)
    }
}
