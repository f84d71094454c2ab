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
        guard adapter == nil else {
            // An adapter's update has the size of the matrix: folding it in would cost as much.
            return try Functions.crossEntropySum(self(x), targets: targets)
        }
        return try Functions.linearCrossEntropySum(
            x, weight: weight.dense(), bias: bias, targets: targets, zLoss: zLoss)
    }
}
