public import MiphaTorch

/// A feed-forward layer with a gate: `down(act(gate(x)) * up(x))`, as in Llama and its relatives.
public struct GatedFeedForward {
    let gate, up, down: Linear
    let activation: ActivationFunction

    /// Registers `gate_proj`, `up_proj` and `down_proj`.
    public init(
        _ scope: ParameterScope, width: Int, inner: Int, activation: ActivationFunction,
        bias: Bool = false
    ) throws {
        gate = try Linear(scope["gate_proj"], from: width, to: inner, bias: bias)
        up = try Linear(scope["up_proj"], from: width, to: inner, bias: bias)
        down = try Linear(
            scope["down_proj"], from: inner, to: width, bias: bias, endsResidual: true)
        self.activation = activation
    }

    /// Applies the layer to `x` `[..., width]`; `dropout` is for the adapters of its maps.
    public func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator? = nil
    ) throws(TensorError) -> Tensor {
        let opened = try Functions.activate(gate(x, dropout: dropout), activation)
        return try down(opened * up(x, dropout: dropout), dropout: dropout)
    }
}
