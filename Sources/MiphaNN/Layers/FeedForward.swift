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
        fc2 = try Linear(scope["fc2"], from: inner, to: width, endsResidual: true)
        self.activation = activation
    }

    /// Applies the maps to `x` `[..., width]`; `dropout` is for their adapters.
    public func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator? = nil
    ) throws(TensorError) -> Tensor {
        let inner = try fc1(x, dropout: dropout)
        guard case .dense(let weight) = fc2.weight, fc2.adapter == nil else {
            return try fc2(Functions.activate(inner, activation), dropout: dropout)
        }
        return try Functions.linear(
            activated: inner, activation, weight: weight, bias: fc2.bias)
    }
}
