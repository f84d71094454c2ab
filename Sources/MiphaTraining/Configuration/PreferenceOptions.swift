/// The settings of learning from pairs of answers.
public struct PreferenceOptions: Sendable, Equatable {
    /// The objectives by name.
    public enum Objective: String, Sendable, CaseIterable {
        /// ``PreferenceLoss/dpo(beta:smoothing:)``.
        case dpo
        /// ``PreferenceLoss/ipo(beta:)``.
        case ipo
        /// ``PreferenceLoss/simpo(beta:gamma:smoothing:)``.
        case simpo
    }

    /// The objective.
    public var objective = Objective.dpo
    /// The strength with which the objective holds on to the reference model; for SimPO the scale
    /// of rewards.
    public var beta = 0.1
    /// The margin that SimPO asks for.
    public var gamma = 0.5
    /// Share of pairs taken as swapped.
    public var smoothing = 0.0

    /// Creates settings; the defaults are TRL's (`DPOConfig`, `CPOConfig`).
    public init() {}

    /// Refuses settings that exclude each other.
    func validate(_ run: RunConfiguration) throws(TrainingError) {
        guard run.stage == .preference else {
            guard self == PreferenceOptions() else {
                throw TrainingError(
                    .invalidRun,
                    "preference_loss, beta, simpo_gamma, label_smoothing: expected them in the stage "
                        + "preference only, found the stage \(run.stage.rawValue)")
            }
            return
        }
        if objective == .ipo && smoothing > 0 {
            throw TrainingError(
                .invalidRun,
                "label_smoothing: expected 0 with preference_loss ipo, found \(smoothing)")
        }
        if objective != .simpo && gamma != PreferenceOptions().gamma {
            throw TrainingError(
                .invalidRun,
                "simpo_gamma: expected it with preference_loss simpo only, found "
                    + objective.rawValue)
        }
        if run.zLoss > 0 {
            throw TrainingError(.invalidRun, "z_loss: expected 0 in the stage preference")
        }
        if run.labelPolicy != .offsets {
            throw TrainingError(
                .invalidRun,
                "label_policy: expected offsets in the stage preference, found "
                    + run.labelPolicy.rawValue)
        }
    }
}
