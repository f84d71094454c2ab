public import MiphaTorch

/// An affine map `y = x W^T + b`, perhaps with a low-rank adapter beside it.
///
/// Whether there is an adapter, and how the matrix is held, is up to the plans of the parameter
/// store.
public struct Linear {
    /// `[out, in]`.
    public let weight: LinearWeight
    /// `[out]`, or `nil`.
    public let bias: Tensor?
    /// The trainable update, if the layer has one.
    public let adapter: LowRankAdapter?

    /// Registers `weight`, `bias` unless it is switched off, and the adapter's parameters.
    ///
    /// Starts at N(0, `deviation`) and zero, as transformers' `_init_weights` does; 0.02 is its
    /// `initializer_range` for every family here.
    ///
    /// - Parameter endsResidual: whether the output is added to the input of the layer's block.
    public init(
        _ scope: ParameterScope, from input: Int, to output: Int, bias hasBias: Bool = true,
        deviation: Double = 0.02, endsResidual: Bool = false
    ) throws {
        weight = try scope.matrix(
            "weight", shape: [output, input], initializer: .normal(deviation: deviation),
            endsResidual: endsResidual)
        bias =
            hasBias
            ? try scope.parameter("bias", .bias, shape: [output], initializer: .zeros) : nil
        adapter = try scope.adapter(for: weight, from: input, to: output)
    }

    /// The map whose matrix is a table of embeddings, without a bias: a tied head.
    ///
    /// - Throws: `ParameterError` for a table with an adapter, whose update would be missing here.
    public init(tiedTo table: Embedding) throws(ParameterError) {
        guard table.adapter == nil else {
            throw ParameterError(
                "adapter: the table of embeddings is the head of this model too; adapt other layers"
            )
        }
        self.init(weight: .dense(table.weight), bias: nil)
    }

    private init(weight: LinearWeight, bias: Tensor?) {
        self.weight = weight
        self.bias = bias
        adapter = nil
    }

    /// Applies the map.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`.
    ///   - dropout: the source of the adapter's dropout masks; `nil` outside training.
    /// - Returns: `[..., out]`.
    public func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator? = nil
    ) throws(TensorError) -> Tensor {
        let mapped = try weight.map(x, bias: bias)
        guard let adapter else { return mapped }
        return try adapter(mapped, x, weight: weight, bias: bias, dropout: dropout)
    }

    /// The same map with the adapter folded into the matrix, which then is dense.
    public func merged() throws(TensorError) -> Linear {
        guard let adapter else { return self }
        return Linear(weight: .dense(try adapter.merged(into: weight.dense())), bias: bias)
    }
}
