/// The memory that a run will take on one process, phase by phase, computed from shapes alone.
public struct MemoryPlan: Sendable, Equatable {
    /// A part of a run between two points in time.
    public enum Phase: String, Sendable, CaseIterable {
        /// Weights, master weights, moments and averages are made.
        case start
        /// Images and ids of an update stand ready, forward passes run.
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

    /// The peak memory of a phase.
    public struct PhasePeak: Sendable, Equatable {
        /// The phase.
        public let phase: Phase
        /// The most bytes that are resident during the phase.
        public let bytes: Int
    }

    /// A part of what stays in memory during training.
    public struct Part: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its bytes.
        public let bytes: Int
    }

    /// The peaks of the phases that the run has, in the order of ``Phase/allCases``: of main memory,
    /// or of a device's memory where the run has one.
    public let phases: [PhasePeak]
    /// The memory that is held throughout, and activations at their peak.
    public let parts: [Part]
    /// Bytes in main memory beside those on a device; `nil` where there is no device.
    public let hostBytes: Int?
    /// Those of them in pinned buffers, which the system cannot swap out.
    public let pinnedBytes: Int

    /// The phase that takes most.
    public var peak: PhasePeak {
        phases.max { $0.bytes < $1.bytes } ?? PhasePeak(phase: .start, bytes: 0)
    }
}
