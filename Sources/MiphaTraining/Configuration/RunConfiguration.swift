public import MiphaData
public import MiphaImaging
public import MiphaNN
public import MiphaTorch

/// The weighting of the losses of an update's tokens.
public enum LossReduction: String, Sendable, CaseIterable {
    /// Every supervised token of the update counts the same.
    case token
    /// Every micro-batch counts the same, however few tokens it supervises, as in the reference.
    case microBatch = "micro_batch"
}

/// The keys that attention may look at in training.
public enum AttentionMaskPolicy: String, Sendable, CaseIterable {
    /// All real tokens.
    case length
    /// Tokens other than the padding id, as in the reference: for Phi this hides the ends of turns.
    case notPad = "not_pad"
}

/// The rule that makes labels.
public enum LabelMaskPolicy: String, Sendable, CaseIterable {
    /// From token offsets.
    case offsets
    /// By the reference's own algorithm, with its defects.
    case reference
}

/// The treatment of an update whose loss or gradients are not finite.
public enum NonFinitePolicy: String, Sendable, CaseIterable {
    /// The run ends with an error that names the update's samples.
    case stop
    /// The update changes no weight and is recorded with its samples.
    case skip
}

/// Everything a training run depends on; read from a YAML run file.
public struct RunConfiguration: Sendable, Equatable {
    /// Folder of the model to start from.
    public var model = ""
    /// Side of the images that the vision tower sees; `nil`: that of the model.
    public var imageSize: Int?
    /// Folder that receives checkpoints, metrics and the trained model.
    public var outputFolder = ""
    /// The training stage, which sets the parts that are trained.
    public var stage = TrainingStage.instruct
    /// The tuning mode of a group where it differs from the stage's.
    public var tune: [ModelPart: TuningMode] = [:]
    /// The adapters of groups in the mode `lora`.
    public var adapters = AdapterSettings()
    /// The format of the frozen matrices under adapters.
    public var base = BasePrecision()
    /// Conversation files.
    public var dataFiles: [String] = []
    /// The number of times an epoch shows the samples of each file, see ``Mixture``; empty: all
    /// once.
    public var dataWeights: [Double] = []
    /// Folder that image paths are relative to.
    public var imageFolder = ""
    /// Chat template by name; `nil`: `plain` for alignment, else the chat format of the model
    /// (`phi`).
    public var template: String?
    /// The treatment of images that are not square; `nil`: `square` for alignment, else `pad`.
    public var aspectRatio: ImageAspectRatio?
    /// Most text ids of a sample.
    public var maximumLength = 2048
    /// The rule that makes labels.
    public var labelPolicy = LabelMaskPolicy.offsets
    /// The keys that attention may look at.
    public var attentionMask = AttentionMaskPolicy.length
    /// The order of the samples of an epoch.
    public var samplingOrder = SamplingOrder.plain
    /// Whether the samples of a micro-batch stand in one row, without padding.
    public var packing = false
    /// Most positions of a packed row, which then takes as many samples as fit, and `batchSize`
    /// counts rows; `nil`: a row takes the samples of a micro-batch.
    public var packingBudget: Int?
    /// The treatment of samples that cannot be read.
    public var badSamples = BadSamplePolicy.fail
    /// Share of bad samples beyond which a run ends, once there are more than ten.
    public var badSampleLimit = 0.1
    /// Background threads that prepare samples.
    public var loaderThreads = 4
    /// Memory for samples that are prepared ahead, in MiB.
    public var prefetchMebibytes = 256
    /// Folder that keeps what a frozen tower gives; `nil` keeps nothing.
    public var featureFolder: String?
    /// Largest size of that folder in GiB.
    public var featureGibibytes = 20.0
    /// Passes over the data.
    public var epochs = 1.0
    /// Number of updates; overrides `epochs`.
    public var maximumSteps: Int?
    /// Samples of one micro-batch.
    public var batchSize = 16
    /// Micro-batches of one update.
    public var accumulation = 1
    /// The treatment of the samples of an epoch that do not fill an update; `nil`: they are shown,
    /// or what the checkpoint says that the run goes on from.
    public var epochEnd: EpochEnd?
    /// The options for learning from pairs, in the stage `preference`.
    public var preference = PreferenceOptions()
    /// The questions that the run asks its model at intervals.
    public var sampling = SampleGeneration()
    /// The weighting of losses.
    public var lossReduction = LossReduction.token
    /// Highest learning rate.
    public var learningRate = 2e-5
    /// Highest learning rate of single groups.
    public var learningRates: [ModelPart: Double] = [:]
    /// Weight decay of single groups.
    public var weightDecays: [ModelPart: Double] = [:]
    /// Shape of the schedule.
    public var schedule = LearningRateSchedule.Shape.cosine
    /// Share of the updates in which the rate grows.
    public var warmupRatio = 0.03
    /// Share of the updates in which the rate falls under the shape `wsd`.
    public var decayRatio = 0.1
    /// Constants of the optimiser.
    public var optimizer = AdamW.Options()
    /// The format of the optimiser's moments.
    public var moments = MomentFormat.float32
    /// Whether each part of the model is updated as soon as the backward pass has left it.
    public var optimizerInBackward = false
    /// Largest norm of the gradients; 0 does not clip, as in the reference's own runs.
    public var maximumGradientNorm = 0.0
    /// Element type of weights and activations; moments and master weights are always float32.
    public var dtype = DType.float32
    /// Whether activations are computed again in the backward pass.
    public var checkpointing = false
    /// The state that the processes of a job divide among themselves.
    public var sharding = ShardingMode.none
    /// Weight of the squared logarithm of the softmax's denominator in the loss.
    public var zLoss = 0.0
    /// The treatment of an update that is not finite.
    public var nonFinite = NonFinitePolicy.stop
    /// A loss above this many times the running median is recorded; 0 records none.
    public var spikeFactor = 3.0
    /// Decay of the moving average of the weights; `nil` keeps none.
    public var averageDecay: Double?
    /// Conversation files to measure the validation loss on.
    public var validationFiles: [String] = []
    /// Share of the samples held out of training for the validation loss.
    public var validationSplit = 0.0
    /// Updates between validation losses.
    public var evaluationSteps = 500
    /// Whether the checkpoint of the lowest validation loss is kept.
    public var keepsBest = false
    /// Seed of data order and dropout.
    public var seed: UInt64 = 42
    /// Updates between checkpoints; 0 writes none before the end.
    public var saveSteps = 500
    /// Number of checkpoints kept.
    public var saveLimit = 2
    /// Whether checkpoints are written in the background, from a copy of the state in memory.
    public var savesInBackground = true
    /// Whether TensorBoard event files are written.
    public var tensorBoard = true
    /// Where the model learns, as the command line writes it: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
    public var device = "auto"
    /// Whether a device takes only kernels that give the same bits each time, as the CPU's do.
    public var isDeterministic = false
    /// Threads of an operation; `nil` leaves the choice to libtorch.
    public var threads: Int?
    /// Number of processes on one machine that share the work, where no launcher starts them.
    public var processes = 1
    /// Updates between lines of the metrics file.
    public var loggingSteps = 1

    /// Creates a configuration to fill in.
    public init() {}
}
