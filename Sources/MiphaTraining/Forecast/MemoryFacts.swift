package import MiphaModels
package import MiphaNN
package import MiphaTorch

/// The facts that the memory of a run depends on.
package struct MemoryFacts {
    /// A parameter of the model.
    package struct Parameter {
        let fact: ParameterFact
        let count: Int
        let learns: Bool
        /// Bytes of an element in memory.
        let width: Int
        /// Bytes of an element in the file.
        let storedWidth: Int
        /// Bytes that a quantised matrix takes instead.
        let packedBytes: Int?

        var name: String { fact.name }

        /// Creates a description.
        package init(
            _ fact: ParameterFact, count: Int, learns: Bool, width: Int, storedWidth: Int = 4,
            packedBytes: Int? = nil
        ) {
            self.fact = fact
            self.count = count
            self.learns = learns
            self.width = width
            self.storedWidth = storedWidth
            self.packedBytes = packedBytes
        }
    }

    let config: MiphaConfig
    let parameters: [Parameter]
    /// Element type of activations.
    let dtype: DType
    /// Whether activations inside segments are computed again.
    package var checkpointing = false
    /// Micro-batches of an update.
    package var accumulation = 1
    /// Whether each segment is updated, and its gradients dropped, within the backward pass.
    package var updatesInBackward = false
    /// Whether attention takes a mask.
    package var masksKeys = false
    /// Whether features of a frozen tower are made image by image.
    package var towerIsFrozen = false
    /// The format of the optimiser's moments.
    package var moments = MomentFormat.float32
    /// Whether a moving average of the weights is kept.
    package var keepsAverage = false
    /// Whether a checkpoint is copied in memory before the end.
    package var copiesCheckpoint = false
    /// Whether updates go on while such a copy is being written.
    package var updatesBesideCheckpoint = false
    /// The layers that have adapters.
    package var adapters: AdapterPlan?
    /// The matrices that are quantised.
    package var quantization: QuantizationPlan?
    /// The loss of a run over pairs of answers.
    package var preference: PreferenceLoss?
    /// Factor of the z-loss.
    package var zLoss = 0.0
    /// The micro-batches of each update to go through, in order.
    package var updates: [[PlannedBatch]] = []
    /// The largest batch of the validation data.
    package var validation: PlannedBatch?
    /// Where the tensors are.
    package var device = Device.cpu
    /// The most bytes of an image that is sent to the device: pixels or features.
    package var imageBytes = 0
    /// Bytes of samples that are prepared ahead while an update runs.
    package var prefetched = 0
    /// Bytes of the process before the model is loaded.
    package var base = 0
    /// The processes that share the run, if it has several.
    package var job: Job?

    /// Creates facts of a model; `dtype` is that of activations.
    package init(_ config: MiphaConfig, parameters: [Parameter], dtype: DType) {
        self.config = config
        self.parameters = parameters
        self.dtype = dtype
    }

    /// Bytes beside an element of lower precision that make its float32 value: a remainder of half
    /// of them, or all where an average is kept, or on a device.
    func masterWidth(_ width: Int) -> Int {
        width == 4 ? 0 : keepsWholeMasters ? 4 : 2
    }

    /// Whether the tensors are on an accelerator.
    var isOnDevice: Bool { device != .cpu }

    /// Whether masters are whole float32 tensors.
    var keepsWholeMasters: Bool { keepsAverage || isOnDevice }

    /// Bytes of the optimiser's state and averages beside a parameter that learns.
    func stateBytes(_ parameter: Parameter) -> Int {
        moments.byteCounts(parameter.count).reduce(0, +)
            + parameter.count * (masterWidth(parameter.width) + (keepsAverage ? 4 : 0))
    }
}
