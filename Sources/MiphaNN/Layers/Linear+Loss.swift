public import MiphaTorch

extension Linear {
    /// Sum of the cross-entropies of this map's outputs as logits, without all of them in memory.
    ///
    /// - Parameters:
    ///   - x: `[rows, in]`.
    ///   - targets: `[rows]` int64, each an output.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    /// - Returns: a scalar, float32.
    public func crossEntropySum(
        _ x: Tensor, targets: Tensor, zLoss: Double
    ) throws(TensorError) -> Tensor {
        try Functions.linearCrossEntropySum(
            x, weight: weight, bias: bias, targets: targets, zLoss: zLoss)
    }
}
