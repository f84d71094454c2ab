/// The memory that a run will take on one process, phase by phase, computed from shapes alone.
public struct MemoryPlan: Sendable, Equatable {
    /// A part of a run between two points in time.
    public enum Phase: String, Sendable, CaseIterable {
        /// Weights, master weights, moments and averages are made.
        case start
        /// Pictures and ids of an update stand ready, forward passes run.
        case forward
        /// Backward passes run.
        case backward
        /// Gradients are measured, weights updated.
        case optimizer
        /// The state is copied for a checkpoint, and updates go on while the copy is written.
        case checkpoint
        /// The validation loss is measured.
        case validation
        /// The trained model is written.
        case finish
    }

    /// What a phase takes.
    public struct PhasePeak: Sendable, Equatable {
        /// The phase.
        public let phase: Phase
        /// The most bytes that are resident during the phase.
        public let bytes: Int
    }

    /// A part of what stays in memory during training.
    public struct Part: Sendable, Equatable {
        /// What it is.
        public let name: String
        /// Its bytes.
        public let bytes: Int
    }

    /// The peaks of the phases that the run has, in the order of ``Phase/allCases``.
    public let phases: [PhasePeak]
    /// What stays in memory, and activations at their largest.
    public let parts: [Part]

    /// The phase that takes most.
    public var peak: PhasePeak {
        phases.max { $0.bytes < $1.bytes } ?? PhasePeak(phase: .start, bytes: 0)
    }
}
