public import MiphaImaging
public import MiphaTorch

/// Which parts of the model learn.
public enum TrainingStage: String, Sendable, CaseIterable {
    /// The projector only (stage 1); with ``RunConfiguration/trainsHead`` the head too.
    case align
    /// Tower, projector and language model (stage 2), but for what is frozen.
    case finetune
    /// The language model alone, on conversations without pictures.
    case text

    /// Whether a parameter of this name learns under `run`.
    func trains(_ name: String, _ run: RunConfiguration) -> Bool {
        let isTower = name.hasPrefix("model.vision_tower.")
        let isProjector = name.hasPrefix("model.mm_projector.")
        switch self {
        case .align: return isProjector || (run.trainsHead && name.hasPrefix("lm_head."))
        case .text: return !isTower && !isProjector && !run.freezesLanguageModel
        case .finetune:
            if isTower { return !run.freezesTower }
            return isProjector || !run.freezesLanguageModel
        }
    }
}

/// How the losses of an update's tokens are weighed.
public enum LossReduction: String, Sendable, CaseIterable {
    /// Every supervised token of the update counts the same.
    case token
    /// Every micro-batch counts the same, however few tokens it supervises, as in the reference.
    case microBatch = "micro_batch"
}

/// Which keys attention may look at in training.
public enum AttentionMaskPolicy: String, Sendable, CaseIterable {
    /// All real tokens.
    case length
    /// Tokens other than the padding id, as in the reference: for Phi this hides the ends of turns.
    case notPad = "not_pad"
}

/// How labels are made.
public enum LabelMaskPolicy: String, Sendable, CaseIterable {
    /// From token offsets.
    case offsets
    /// By the reference's own algorithm, with its defects.
    case reference
}

/// Everything a training run depends on; read from a YAML run file.
public struct RunConfiguration: Sendable, Equatable {
    /// Folder of the model to start from.
    public var model = ""
    /// Folder that receives checkpoints, metrics and the trained model.
    public var outputFolder = ""
    /// Which parts learn.
    public var stage = TrainingStage.finetune
    /// Conversation files.
    public var dataFiles: [String] = []
    /// Folder that picture paths are relative to.
    public var imageFolder = ""
    /// Chat template by name; `nil`: `plain` for alignment, else `phi`.
    public var template: String?
    /// What happens to pictures that are not square; `nil`: `square` for alignment, else `pad`.
    public var aspectRatio: ImageAspectRatio?
    /// Most text ids of a sample.
    public var maximumLength = 2048
    /// How labels are made.
    public var labelPolicy = LabelMaskPolicy.offsets
    /// Which keys attention may look at.
    public var attentionMask = AttentionMaskPolicy.length
    /// Passes over the data.
    public var epochs = 1.0
    /// Number of updates; overrides `epochs`.
    public var maximumSteps: Int?
    /// Samples of one micro-batch.
    public var batchSize = 16
    /// Micro-batches of one update.
    public var accumulation = 1
    /// How losses are weighed.
    public var lossReduction = LossReduction.token
    /// Highest learning rate.
    public var learningRate = 2e-5
    /// Shape of the schedule.
    public var schedule = LearningRateSchedule.Shape.cosine
    /// Share of the updates in which the rate grows.
    public var warmupRatio = 0.03
    /// Constants of the optimiser.
    public var optimizer = AdamW.Options()
    /// Largest norm of the gradients; 0 does not clip, as in the reference's own runs.
    public var maximumGradientNorm = 0.0
    /// Element type of weights and activations; moments and master weights are always float32.
    public var dtype = DType.float32
    /// Whether activations are computed again in the backward pass.
    public var checkpointing = false
    /// Whether alignment trains Phi's head too, as the reference's code does.
    public var trainsHead = false
    /// Whether stage 2 leaves the tower alone.
    public var freezesTower = false
    /// Whether stage 2 leaves the language model alone.
    public var freezesLanguageModel = false
    /// Seed of data order and dropout.
    public var seed: UInt64 = 42
    /// Updates between checkpoints; 0 writes none before the end.
    public var saveSteps = 500
    /// Number of checkpoints kept.
    public var saveLimit = 1
    /// Updates between lines of the metrics file.
    public var loggingSteps = 1

    /// Creates a configuration to fill in.
    public init() {}
}
