internal import CMiphaTorch

/// The losses of pairs of answers, where their likelihoods are.
public struct PairLosses {
    /// The sum of the losses, a float32 scalar.
    public let loss: Tensor
    /// Derivatives of the loss by the answers' log-probabilities, `[answers]` float32.
    public let slopes: Tensor
    /// Sums over the pairs, float32 scalars: rewards of the chosen answers, rewards of the rejected
    /// ones, pairs whose chosen answer has the higher reward, log-probabilities of the chosen answers
    /// and of the rejected ones (per token for `simpo`).
    public let figures: [Tensor]

    /// A loss of pairs.
    public enum Kind: Sendable, Equatable {
        /// Direct preference optimisation.
        case dpo(beta: Double, smoothing: Double)
        /// Identity preference optimisation.
        case ipo(beta: Double)
        /// Simple preference optimisation.
        case simpo(beta: Double, gamma: Double, smoothing: Double)

        var options: mt_preference_options {
            switch self {
            case .dpo(let beta, let smoothing):
                mt_preference_options(kind: MT_DPO, beta: beta, gamma: 0, smoothing: smoothing)
            case .ipo(let beta):
                mt_preference_options(kind: MT_IPO, beta: beta, gamma: 0, smoothing: 0)
            case .simpo(let beta, let gamma, let smoothing):
                mt_preference_options(
                    kind: MT_SIMPO, beta: beta, gamma: gamma, smoothing: smoothing)
            }
        }
    }

    /// The numbers that ``Functions/pairLosses(_:facts:_:)`` takes of the answers.
    ///
    /// - Parameters:
    ///   - reference: the reference model's log-probability of each answer.
    ///   - counts: number of tokens of each.
    public static func facts(reference: [Double], counts: [Int]) -> [Int] {
        zip(reference, counts).flatMap { value, count in
            let high = Float(value)
            let low = high.isFinite ? Float(value - Double(high)) : 0
            return [
                Int(
                    truncatingIfNeeded: UInt64(low.bitPattern) << 32 | UInt64(high.bitPattern)),
                count,
            ]
        }
    }
}

extension Functions {
    /// The losses of pairs of answers in float32; nothing is waited for and nothing recorded.
    ///
    /// - Parameters:
    ///   - sums: `[answers]` cross-entropies of a chosen answer, a rejected one, and so on.
    ///   - facts: `[2 * answers]` int64, see ``PairLosses/facts(reference:counts:)``.
    public static func pairLosses(
        _ sums: Tensor, facts: Tensor, _ kind: PairLosses.Kind
    ) throws(TensorError) -> PairLosses {
        var second: mt_tensor?
        var third: mt_tensor?
        let loss = try produce("losses of pairs", [sums, facts]) {
            unsafe mt_preference_loss(
                sums.handle, facts.handle, kind.options, $0, &second, &third)
        }
        let slopes = unsafe try adopt(second, "losses of pairs")
        let figures = unsafe try adopt(third, "losses of pairs")
        return PairLosses(
            loss: loss, slopes: slopes,
            figures: try (0..<figures.size(0)).map { (place) throws(TensorError) in
                try figures.narrowed(0, from: place, length: 1)
            })
    }
}
