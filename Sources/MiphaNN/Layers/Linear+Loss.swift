public import MiphaTorch

extension Linear {
    /// Sum of the cross-entropies of this map's outputs as logits, without all of them in memory.
    ///
    /// A map with an adapter makes all logits at once or, with `weights`, its matrix anew.
    ///
    /// - Parameters:
    ///   - x: `[rows, in]`.
    ///   - targets: `[rows]` int64, each an output.
    ///   - weights: `[rows]` factors of the rows' cross-entropies; `nil`: 1.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    ///   - softcap: logits become `softcap * tanh(logit / softcap)`.
    ///   - dropout: the source of the adapter's dropout masks; `nil` outside training.
    /// - Returns: a scalar, float32.
    public func crossEntropySum(
        _ x: Tensor, targets: Tensor, weights: Tensor? = nil, zLoss: Double,
        softcap: Double? = nil, dropout: RandomGenerator? = nil
    ) throws(TensorError) -> Tensor {
        if adapter != nil, weights == nil {
            var logits = try self(x, dropout: dropout)
            if let softcap { logits = try Functions.softcap(logits, softcap) }
            return try Functions.crossEntropySum(logits, targets: targets, zLoss: zLoss)
        }
        var matrix = try weight.dense()
        if let adapter { matrix = try adapter.sum(with: matrix, dtype: x.dtype) }
        return try Functions.linearCrossEntropySum(
            x, weight: matrix, bias: bias, targets: targets, weights: weights, zLoss: zLoss,
            softcap: softcap)
    }
}
