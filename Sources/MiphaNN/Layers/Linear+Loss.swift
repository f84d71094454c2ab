public import MiphaTorch

extension Linear {
    /// Sum of the cross-entropies of this map's outputs as logits, without all of them in memory.
    ///
    /// - Parameters:
    ///   - x: `[rows, in]`.
    ///   - targets: `[rows]` int64, each an output.
    ///   - weights: `[rows]` factors of the rows' cross-entropies; `nil`: 1.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    /// - Returns: a scalar, float32.
    /// - Throws: `TensorError` for a z-loss or weights of a map with an adapter.
    public func crossEntropySum(
        _ x: Tensor, targets: Tensor, weights: Tensor? = nil, zLoss: Double
    ) throws(TensorError) -> Tensor {
        guard adapter == nil else {
            guard zLoss == 0, weights == nil else {
                throw TensorError(
                    .invalidArgument, operation: "cross-entropy",
                    message: "a z-loss or weights need a head without an adapter")
            }
            return try Functions.crossEntropySum(self(x), targets: targets)
        }
        return try Functions.linearCrossEntropySum(
            x, weight: weight.dense(), bias: bias, targets: targets, weights: weights,
            zLoss: zLoss)
    }
}
