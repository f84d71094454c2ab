import Foundation

/// How probable a model finds an answer.
public struct AnswerLikelihood: Sendable, Equatable {
    /// Sum of the logarithms of its tokens' probabilities, in nats.
    public var logProbability: Double
    /// Number of its tokens.
    public var tokens: Int

    /// Creates a likelihood.
    public init(logProbability: Double, tokens: Int) {
        self.logProbability = logProbability
        self.tokens = tokens
    }

    var mean: Double { logProbability / Double(max(1, tokens)) }
}

/// The objective of learning from pairs of a chosen and a rejected answer.
///
/// The formulas and their constants are those of TRL (huggingface/trl, `DPOTrainer` with `sigmoid`
/// and `ipo`, `CPOTrainer` with `simpo`).
public enum PreferenceLoss: Sendable, Equatable {
    /// Direct preference optimisation: `-log sigmoid(beta * r)` with `r` the log-ratio of both
    /// answers against the reference model's; `smoothing` is the share of pairs taken as swapped.
    case dpo(beta: Double, smoothing: Double = 0)
    /// Identity preference optimisation: `(r - 1 / (2 beta))^2` with log-probabilities per token.
    case ipo(beta: Double)
    /// Simple preference optimisation: `-log sigmoid(beta * r - gamma)` with log-probabilities per
    /// token and no reference model.
    case simpo(beta: Double, gamma: Double)

    /// What a pair contributes.
    public struct Value: Sendable, Equatable {
        /// The loss of the pair.
        public var loss: Double
        /// Derivative of the loss by the chosen answer's log-probability; the rejected answer's has
        /// the opposite sign and its own length.
        public var chosenSlope: Double
        /// Derivative of the loss by the rejected answer's log-probability.
        public var rejectedSlope: Double
        /// How much more the policy prefers the chosen answer than the reference model does, times
        /// `beta`; TRL's reward margin.
        public var margin: Double
    }

    /// Whether the objective compares with a frozen reference model.
    public var needsReference: Bool {
        if case .simpo = self { false } else { true }
    }

    /// The loss of a pair and its slopes.
    ///
    /// - Parameter reference: what the reference model gives both answers; SimPO ignores it.
    public func callAsFunction(
        chosen: AnswerLikelihood, rejected: AnswerLikelihood,
        reference: (chosen: Double, rejected: Double) = (0, 0)
    ) -> Value {
        switch self {
        case .dpo(let beta, let smoothing):
            let ratio =
                chosen.logProbability - rejected.logProbability
                - (reference.chosen - reference.rejected)
            let slope = beta * (smoothing - Self.sigmoid(-beta * ratio))
            let loss =
                (1 - smoothing) * Self.softplus(-beta * ratio)
                + smoothing * Self.softplus(beta * ratio)
            return Value(
                loss: loss, chosenSlope: slope, rejectedSlope: -slope, margin: beta * ratio)
        case .ipo(let beta):
            let ratio =
                chosen.mean - rejected.mean
                - (reference.chosen / Double(max(1, chosen.tokens))
                    - reference.rejected / Double(max(1, rejected.tokens)))
            let distance = ratio - 1 / (2 * beta)
            return value(
                loss: distance * distance, slope: 2 * distance, margin: beta * ratio, chosen,
                rejected)
        case .simpo(let beta, let gamma):
            let ratio = chosen.mean - rejected.mean
            let argument = beta * ratio - gamma
            return value(
                loss: Self.softplus(-argument), slope: -beta * Self.sigmoid(-argument),
                margin: beta * ratio, chosen, rejected)
        }
    }

    /// A value whose slope is by the log-probabilities per token.
    private func value(
        loss: Double, slope: Double, margin: Double, _ chosen: AnswerLikelihood,
        _ rejected: AnswerLikelihood
    ) -> Value {
        Value(
            loss: loss, chosenSlope: slope / Double(max(1, chosen.tokens)),
            rejectedSlope: -slope / Double(max(1, rejected.tokens)), margin: margin)
    }

    /// `log(1 + exp(x))` without overflow.
    private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    private static func sigmoid(_ x: Double) -> Double {
        x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
    }
}
