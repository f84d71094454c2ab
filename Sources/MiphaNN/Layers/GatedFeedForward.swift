public import MiphaTorch

/// A feed-forward layer with a gate: `down(act(gate(x)) * up(x))`, as in Llama and its relatives.
public struct GatedFeedForward {
    /// The maps into the layer.
    private enum Entry {
        case split(gate: Linear, up: Linear)
        /// One map, whose rows are those of the gate, then those of `up`.
        case fused(Linear)
    }

    private let entry: Entry
    private let down: Linear
    private let activation: ActivationFunction

    /// Registers `gate_proj` and `up_proj`, or `gate_up_proj`, and `down_proj`.
    ///
    /// - Parameter isFused: whether gate and `up` are one map.
    public init(
        _ scope: ParameterScope, width: Int, inner: Int, activation: ActivationFunction,
        bias: Bool = false, isFused: Bool = false
    ) throws {
        if isFused {
            entry = .fused(
                try Linear(scope["gate_up_proj"], from: width, to: 2 * inner, bias: bias))
        } else {
            entry = .split(
                gate: try Linear(scope["gate_proj"], from: width, to: inner, bias: bias),
                up: try Linear(scope["up_proj"], from: width, to: inner, bias: bias))
        }
        down = try Linear(
            scope["down_proj"], from: inner, to: width, bias: bias, endsResidual: true)
        self.activation = activation
    }

    /// Applies the layer to `x` `[..., width]`; `dropout` is for the adapters of its maps.
    public func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator? = nil
    ) throws(TensorError) -> Tensor {
        switch entry {
        case .split(let gate, let up):
            let opened = try Functions.activate(gate(x, dropout: dropout), activation)
            return try down(opened * up(x, dropout: dropout), dropout: dropout)
        case .fused(let map):
            let both = try map(x, dropout: dropout)
            let (axis, inner) = (both.shape.count - 1, both.size(-1) / 2)
            let opened = try Functions.activate(
                both.narrowed(axis, from: 0, length: inner), activation)
            return try down(
                opened * both.narrowed(axis, from: inner, length: inner), dropout: dropout)
        }
    }
}
