public import MiphaTorch

/// A trainable update of low rank beside the matrix of a linear layer.
///
/// Parameters are float32 whatever the dtype of the model, and computed with in the dtype of the
/// layer's input. Reference: PEFT 0.21, `tuners/lora/layer.py` and `dora.py`.
public struct LowRankAdapter {
    /// `A`, `[rank, in]` float32.
    public let down: Tensor
    /// `B`, `[out, rank]` float32.
    public let up: Tensor
    /// DoRA's lengths of the rows of the sum, `[out]` float32.
    public let magnitude: Tensor?
    /// Rank and alpha.
    public let strength: AdapterPlan.Strength
    /// The factor of `B A x`.
    public let scale: Double
    /// Probability with which an input of `A` is dropped in training.
    public let dropout: Double
    /// Whether the matrix is a table, whose rows are looked up: then `in` is the number of rows.
    public let isOfTable: Bool

    /// The output of the table with the adapter.
    ///
    /// - Parameters:
    ///   - rows: what it gives without, `[..., out]`.
    ///   - indices: which rows, int64 `[...]`.
    func callAsFunction(rows: Tensor, indices: Tensor) throws(TensorError) -> Tensor {
        let type = rows.dtype
        let inner = try Functions.embedding(
            indices, weight: down.to(dtype: type).transposed(0, 1))
        return try rows
            + Functions.linear(inner * scale, weight: up.to(dtype: type), bias: nil)
    }

    /// The output of the layer with the adapter.
    ///
    /// - Parameters:
    ///   - mapped: what it gives without, `[..., out]`.
    ///   - x: its input, `[..., in]`.
    ///   - generator: the source of dropout masks; `nil` outside training.
    func callAsFunction(
        _ mapped: Tensor, _ x: Tensor, weight: LinearWeight, bias: Tensor?,
        dropout generator: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        let type = x.dtype
        var input = x
        let drops = generator != nil && dropout > 0
        if let generator {
            input = try Functions.dropout(x, probability: dropout, generator: generator)
        }
        let inner = try Functions.linear(input, weight: down.to(dtype: type), bias: nil)
        let update = try Functions.linear(inner * scale, weight: up.to(dtype: type), bias: nil)
        guard let magnitude else { return try mapped + update }
        let lengths = try norms(of: weight.dense())
        let factor = try (magnitude / lengths).to(dtype: type)
        var plain = mapped
        if drops {
            plain = try weight.map(input, bias: nil)
        } else if let bias {
            plain = try mapped - bias
        }
        return try mapped + (factor + -1) * plain + factor * update
    }

    /// The matrix with the update folded in, in the dtype of `weight` but rounded only once.
    ///
    /// - Parameter weight: `[out, in]`; of a table `[in, out]`.
    public func merged(into weight: Tensor) throws(TensorError) -> Tensor {
        try withoutGradients { () throws(TensorError) in
            try sum(with: weight, dtype: weight.dtype)
        }
    }

    /// The matrix with the update folded in, through which gradients reach the adapter.
    func sum(with weight: Tensor, dtype: DType) throws(TensorError) -> Tensor {
        var update = try up.matmul(down) * scale
        if isOfTable { update = try update.transposed(0, 1) }
        var sum = try weight.to(dtype: .float32) + update
        if let magnitude {
            sum = try sum * (magnitude / norms(of: weight)).reshaped([-1, 1])
        }
        return try sum.to(dtype: dtype)
    }

    private func norms(of weight: Tensor) throws(TensorError) -> Tensor {
        try Functions.rowNorms(of: weight, up: up, down: down, scale: scale)
    }
}
