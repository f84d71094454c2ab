import Foundation

/// The likelihood of an answer under a model.
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
    /// token and no reference model; `smoothing` as in DPO.
    case simpo(beta: Double, gamma: Double, smoothing: Double = 0)

    /// The contribution of a pair.
    public struct Value: Sendable, Equatable {
        /// The loss of the pair.
        public var loss: Double
        /// Derivative of the loss by the chosen answer's log-probability; the rejected answer's has
        /// the opposite sign and its own length.
        public var chosenSlope: Double
        /// Derivative of the loss by the rejected answer's log-probability.
        public var rejectedSlope: Double
        /// TRL's reward of the chosen answer: `beta` times its log-probability minus the reference
        /// model's; under SimPO times its log-probability per token.
        public var chosenReward: Double
        /// The same of the rejected answer.
        public var rejectedReward: Double

        /// The reward of the chosen answer minus that of the rejected one.
        public var margin: Double { chosenReward - rejectedReward }
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
        let gains = (
            chosen: chosen.logProbability - reference.chosen,
            rejected: rejected.logProbability - reference.rejected
        )
        switch self {
        case .dpo(let beta, let smoothing):
            let (loss, slope) = Self.logistic(beta * (gains.chosen - gains.rejected), smoothing)
            return Value(
                loss: loss, chosenSlope: beta * slope, rejectedSlope: -beta * slope,
                chosenReward: beta * gains.chosen, rejectedReward: beta * gains.rejected)
        case .ipo(let beta):
            let ratio =
                gains.chosen / Double(max(1, chosen.tokens))
                - gains.rejected / Double(max(1, rejected.tokens))
            let distance = ratio - 1 / (2 * beta)
            return Value(
                loss: distance * distance,
                chosenSlope: 2 * distance / Double(max(1, chosen.tokens)),
                rejectedSlope: -2 * distance / Double(max(1, rejected.tokens)),
                chosenReward: beta * gains.chosen, rejectedReward: beta * gains.rejected)
        case .simpo(let beta, let gamma, let smoothing):
            let (loss, slope) = Self.logistic(
                beta * (chosen.mean - rejected.mean) - gamma, smoothing)
            return Value(
                loss: loss, chosenSlope: beta * slope / Double(max(1, chosen.tokens)),
                rejectedSlope: -beta * slope / Double(max(1, rejected.tokens)),
                chosenReward: beta * chosen.mean, rejectedReward: beta * rejected.mean)
        }
    }

    /// `-(1 - s) log sigmoid(x) - s log sigmoid(-x)` and its derivative.
    private static func logistic(_ x: Double, _ smoothing: Double) -> (Double, Double) {
        (
            (1 - smoothing) * softplus(-x) + smoothing * softplus(x),
            smoothing - sigmoid(-x)
        )
    }

    /// `log(1 + exp(x))` without overflow.
    private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    private static func sigmoid(_ x: Double) -> Double {
        x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
    }
}
