/// The results of one update.
public struct TrainingProgress: Sendable, Equatable {
    /// A number that an objective reports beside its loss, such as the mean reward of chosen
    /// answers.
    public struct Figure: Sendable, Equatable {
        /// The name in records, such as `rewards/margins`.
        public let name: String
        /// The mean.
        public let value: Double

        /// Means over an update or a data set.
        ///
        /// - Parameters:
        ///   - names: one for each sum.
        ///   - weight: what the sums are divided by; 0 gives none.
        static func means(_ names: [String], _ sums: [Double], weight: Int) -> [Figure] {
            guard weight > 0 else { return [] }
            return zip(names, sums).map { Figure(name: $0, value: $1 / Double(weight)) }
        }
    }

    /// Number of updates done.
    public let step: Int
    /// Number of updates of the run.
    public let totalSteps: Int
    /// Passes over the data so far.
    public let epoch: Double
    /// Mean loss of the update, not a number when the update was skipped for it or had nothing to
    /// learn from.
    ///
    /// A cross-entropy in nats, z-loss included, but for pairs of answers.
    public let loss: Double
    /// Learning rate of the update, by the run's own rate.
    public let learningRate: Double
    /// Norm of all gradients before clipping.
    public let gradientNorm: Double
    /// Supervised positions of the update.
    public let supervisedTokens: Int
    /// All positions of the update, images included, without padding.
    public let tokens: Int
    /// Duration of the update in seconds; a wait for samples counts, a validation does not.
    public let seconds: Double
    /// Estimated seconds to the end of the run.
    public let secondsLeft: Double
    /// Whether the update was not finite and changed no weight.
    public var isSkipped = false
    /// Mean loss on the validation data after this update, if it was measured.
    public var validationLoss: Double?
    /// Seconds in which the update waited for its samples.
    public var secondsWaited = 0.0
    /// Look-ups in the feature cache since the update before, if the run has one; of this process
    /// alone.
    public var features: FeatureStore.Counts?
    /// The figures that the objective reports for the update beside the loss.
    public var figures: [Figure] = []
    /// The same of the validation data, if they were measured.
    public var validationFigures: [Figure] = []

    /// Positions per second.
    public var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
}

/// The way a run ended.
public enum TrainingOutcome: Sendable, Equatable {
    /// All updates are done and the model is in the output folder.
    case completed
    /// All updates had been done before; nothing was changed.
    case alreadyComplete
    /// The run was asked to stop; a checkpoint holds the work of `step` updates, if it did any.
    case stopped(step: Int)
}

extension TrainingProgress {
    /// Loss, rates and speed in a few words, for a progress line.
    public var summary: String {
        let rate = (learningRate * 1e7).rounded() / 1e7
        let accuracy = figures.first { $0.name == "rewards/accuracies" }
        let preferred = accuracy.map { "  \(Int(($0.value * 100).rounded())) % preferred" } ?? ""
        let mean = supervisedTokens > 0 ? "\((loss * 1000).rounded() / 1000)" : "–"
        return
            "loss \(mean)\(preferred)  lr \(rate)  "
            + "\(Int(tokensPerSecond)) tokens/s"
    }
}
