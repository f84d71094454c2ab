internal import CMiphaTorch

/// Constants of one AdamW step.
public struct AdamWConstants: Sendable, Equatable {
    /// Step size.
    public var learningRate: Double
    /// Decay of the first moment.
    public var beta1: Double
    /// Decay of the second moment.
    public var beta2: Double
    /// Added to the square root of the second moment.
    public var epsilon: Double
    /// Decoupled weight decay, multiplied by the learning rate.
    public var weightDecay: Double

    /// Creates the constants.
    public init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// One fused AdamW update of many parameters (libtorch's `_fused_adamw_`).
///
/// - Parameters:
///   - parameters: updated in place; `first`, `second` have equal shapes and dtypes, `gradients` equal
///     shapes. Gradients of another dtype are converted piece by piece, never as a whole.
///   - steps: float32 scalars, one per parameter, that already count this step.
///   - copies: for each parameter a tensor that takes the new values, or `nil`; an empty list: none.
public func applyAdamW(
    to parameters: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor],
    steps: [Tensor], copies: [Tensor?] = [], constants: AdamWConstants
) throws(TensorError) {
    let counts = [gradients.count, first.count, second.count, steps.count]
    guard counts.allSatisfy({ $0 == parameters.count }) else {
        throw TensorError(
            .invalidArgument, operation: "adamw",
            message: "\(parameters.count) parameters, but \(counts) gradients, moments and steps")
    }
    guard copies.isEmpty || copies.count == parameters.count else {
        throw TensorError(
            .invalidArgument, operation: "adamw",
            message: "\(parameters.count) parameters, but \(copies.count) copies")
    }
    let options = mt_adamw_options(
        learning_rate: constants.learningRate, beta1: constants.beta1, beta2: constants.beta2,
        epsilon: constants.epsilon, weight_decay: constants.weightDecay)
    let status = withHandles(parameters) { parameterHandles, count in
        withHandles(gradients) { gradientHandles, _ in
            withHandles(first) { firstHandles, _ in
                withHandles(second) { secondHandles, _ in
                    withHandles(steps) { stepHandles, _ in
                        withHandles(copies) { copyHandles, copyCount in
                            unsafe mt_adamw_step(
                                parameterHandles, gradientHandles, firstHandles, secondHandles,
                                stepHandles, copyCount == 0 ? nil : copyHandles, count, options)
                        }
                    }
                }
            }
        }
    }
    try check(status, "adamw", parameters)
}
