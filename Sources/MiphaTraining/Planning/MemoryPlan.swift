import MiphaModels
import MiphaNN

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
        /// The state is copied for a checkpoint that is written in the background.
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

/// What the memory of a run depends on.
struct MemoryFacts {
    /// A parameter of the model.
    struct Parameter {
        let name: String
        let count: Int
        let learns: Bool
        /// Bytes of an element in memory.
        let width: Int
        /// Bytes of an element in the file.
        let storedWidth: Int
        /// Bytes that a matrix in few bits takes instead.
        var packedBytes: Int?
    }

    var config: MiphaConfig
    var parameters: [Parameter]
    /// Bytes of an element of activations.
    var width: Int
    var checkpointing = false
    var accumulation = 1
    var masksKeys = false
    /// Whether features of a frozen tower are made picture by picture.
    var towerIsFrozen = false
    var keepsAverage = false
    /// Whether a checkpoint is copied in memory before the end.
    var copiesCheckpoint = false
    var adapters: AdapterPlan?
    var quantization: QuantizationPlan?
    /// The micro-batches of each update to go through, in order.
    var updates: [[PlannedBatch]]
    /// The largest batch of the validation data.
    var validation: PlannedBatch?
    /// Bytes of samples that are prepared ahead while an update runs.
    var prefetched = 0
    /// Bytes of the process before the model is loaded.
    var base = 0
}
