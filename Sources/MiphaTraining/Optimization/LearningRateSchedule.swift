import Foundation

/// The learning rate as a function of the step.
public struct LearningRateSchedule: Sendable, Equatable {
    /// Shape after the warm-up.
    public enum Shape: String, Sendable, CaseIterable {
        /// Half a cosine down to zero.
        case cosine
        /// A straight line down to zero.
        case linear
        /// No decay.
        case constant
        /// Warm-up, stable, decay: the full rate until the last `decaySteps` updates, then a
        /// straight line down that would reach zero at the update after the last.
        case wsd
    }

    /// Shape after the warm-up.
    public let shape: Shape
    /// Rate at the end of the warm-up.
    public let base: Double
    /// Number of steps of linear growth from zero.
    public let warmupSteps: Int
    /// Number of all steps.
    public let totalSteps: Int

    /// Number of steps of the decay of ``Shape/wsd``.
    public let decaySteps: Int

    /// Creates a schedule.
    public init(
        shape: Shape = .cosine, base: Double, warmupSteps: Int, totalSteps: Int,
        decaySteps: Int = 0
    ) {
        self.shape = shape
        self.base = base
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.decaySteps = decaySteps
    }

    /// Number of warm-up steps for a share of all steps, rounded up as transformers does.
    public static func warmupSteps(ratio: Double, totalSteps: Int) -> Int {
        Int((ratio * Double(totalSteps)).rounded(.up))
    }

    /// The rate for update number `step`, counted from 0 (transformers'
    /// `get_cosine_schedule_with_warmup` and its siblings).
    public func callAsFunction(_ step: Int) -> Double { base * factor(step) }

    /// The largest share of the highest rate that an update of the run has.
    var highestFactor: Double {
        // It rises up to the end of the warm-up and never again.
        [warmupSteps - 1, warmupSteps].filter { (0..<totalSteps).contains($0) }.map(factor).max()
            ?? 0
    }

    /// The share of the highest rate for update number `step`, counted from 0.
    public func factor(_ step: Int) -> Double {
        if step < warmupSteps { return Double(step) / Double(max(1, warmupSteps)) }
        let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
        return switch shape {
        case .constant: 1
        case .linear: max(0, 1 - progress)
        case .cosine: max(0, 0.5 * (1 + cos(.pi * progress)))
        case .wsd: min(1, max(0, Double(totalSteps - step) / Double(max(1, decaySteps))))
        }
    }
}
