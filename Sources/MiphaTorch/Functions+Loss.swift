internal import CMiphaTorch

extension Functions {
    /// Sum of cross-entropies in nats, computed in float32.
    ///
    /// - Parameters:
    ///   - logits: `[rows, classes]`.
    ///   - targets: `[rows]` int64; rows with -100 count as nothing.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    /// - Returns: a scalar, float32.
    public static func crossEntropySum(
        _ logits: Tensor, targets: Tensor, zLoss: Double = 0
    ) throws(TensorError) -> Tensor {
        try produce("cross entropy", [logits, targets]) {
            unsafe mt_cross_entropy_sum(logits.handle, targets.handle, zLoss, $0)
        }
    }

    /// Sum of the cross-entropies of `x W^T + b`, without the whole matrix of logits in memory.
    ///
    /// Logits are made for some rows at a time, and where gradients are recorded, so are those of
    /// `x`, `weight` and `bias`, each only if it is wanted; the backward pass but scales them.
    /// Softmax and sums are in float32 whatever the dtype of the operands (float64 stays float64),
    /// and so is the sum of the weight's gradient over the chunks. The graph can be walked back
    /// once.
    ///
    /// - Parameters:
    ///   - x: `[rows, in]`.
    ///   - weight: `[classes, in]`.
    ///   - bias: `[classes]`.
    ///   - targets: `[rows]` int64, each a class.
    ///   - weights: `[rows]` factors of the rows' cross-entropies; `nil`: 1. They get no gradient.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    ///   - softcap: logits become `softcap * tanh(logit / softcap)`.
    /// - Returns: a scalar, float32 (float64 for float64 operands).
    /// - Throws: `TensorError` for shapes that do not fit, targets that are not a class, and a
    ///   z-loss beside weights.
    public static func linearCrossEntropySum(
        _ x: Tensor, weight: Tensor, bias: Tensor?, targets: Tensor, weights: Tensor? = nil,
        zLoss: Double = 0, softcap: Double? = nil
    ) throws(TensorError) -> Tensor {
        try produce("linear cross entropy", [x, weight, targets]) {
            unsafe mt_linear_cross_entropy_sum(
                x.handle, weight.handle, bias?.handle, targets.handle, weights?.handle, zLoss,
                softcap ?? 0, $0)
        }
    }
}
