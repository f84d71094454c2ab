import MiphaCheckpoints
import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTorch

/// A run's model without elements: names and shapes, and how its files store them.
struct PlannedRunModel {
    let config: MiphaConfig
    /// The model on the meta device.
    let dry: MiphaModel
    /// Names of the parameters that learn.
    let trainable: [String]
    /// Whether the model's files were looked at; else its shapes are those of the config.
    private let hasFiles: Bool
    private let stored: [String: Int]
    private let segments: [Set<ParameterPlace>]
    /// Names of frozen parameters that processes may share out.
    private let shared: [String]

    /// - Parameters:
    ///   - folder: the model that the run starts from.
    ///   - needsFiles: whether a folder without weight files is an error.
    /// - Throws: what loading the model would, besides damaged elements.
    init(_ run: RunConfiguration, _ folder: ModelFolder, needsFiles: Bool) throws {
        config = folder.config
        let plan = try TrainingPlan(run)
        try plan.requireTargets(run, in: config)
        dry = try MiphaModel(
            config, source: DryRunSource(dtype: run.dtype), adapters: plan.adapters(run),
            quantization: plan.quantization(run))
        trainable = try plan.trainable(in: dry)
        segments = try dry.segmentPlaces()
        shared = plan.sharedFrozen(in: dry, learning: Set(trainable)).map(\.name)
        hasFiles = needsFiles || StoredTensors.mayExist(in: folder)
        stored = hasFiles ? try Self.stored(dry, folder, run) : [:]
    }

    /// Bytes of an element of each parameter in the model's files.
    ///
    /// - Throws: `TrainingError` for a parameter that they lack or have in another shape.
    private static func stored(
        _ dry: MiphaModel, _ folder: ModelFolder, _ run: RunConfiguration
    ) throws -> [String: Int] {
        let tensors = try folder.storedTensors()
        var stored: [String: Int] = [:]
        for fact in dry.store.facts {
            let name = fact.name
            guard let shape = dry.store[name]?.shape ?? dry.store.quantized[name]?.shape else {
                continue
            }
            guard let (file, entry) = tensors.find(name) else {
                guard fact.adapter == nil else { continue }
                throw TrainingError(.invalidRun, "\(run.model): no tensor for \(name)")
            }
            guard entry.shape == shape else {
                throw TrainingError(
                    .invalidRun,
                    "\(file.path): tensor \"\(entry.name)\": expected shape \(shape), "
                        + "found \(entry.shape)")
            }
            stored[name] = DType(entry.scalarType).byteCount
        }
        return stored
    }

    /// What is to be known about where the shapes are from.
    func notes(_ run: RunConfiguration) -> [String] {
        hasFiles ? [] : ["\(run.model) has no weight files: shapes are those of its config"]
    }

    /// Number of elements of what learns.
    var learningCount: Int {
        trainable.reduce(0) { $0 + (dry.store[$1]?.elementCount ?? 0) }
    }

    /// The facts that a run's memory depends on, besides its data.
    ///
    /// - Parameters:
    ///   - device: where the model is to be.
    ///   - world: processes that share the run.
    func facts(_ run: RunConfiguration, on device: Device, world: Int = 1) -> MemoryFacts {
        let learning = Set(trainable)
        let parameters = dry.store.facts.map { fact in
            MemoryFacts.Parameter(
                fact, count: dry.store.elementCount(of: fact.name),
                learns: learning.contains(fact.name), width: dtype(fact, run).byteCount,
                storedWidth: stored[fact.name] ?? (hasFiles ? 0 : DType.float32.byteCount),
                packedBytes: dry.store.quantized[fact.name]?.byteCount)
        }
        var facts = MemoryFacts(config, parameters: parameters, dtype: run.dtype)
        facts.device = device
        facts.imageBytes = imageBytes(run)
        facts.checkpointing = run.checkpointing
        facts.accumulation = run.accumulation
        facts.updatesInBackward = run.optimizerInBackward
        facts.masksKeys = run.attentionMask == .notPad
        facts.towerIsFrozen = !parameters.contains { $0.learns && $0.fact.part == .tower }
        facts.moments = run.moments
        facts.keepsAverage = run.averageDecay != nil
        facts.adapters = dry.store.adapterPlan
        facts.quantization = dry.store.quantizationPlan
        facts.preference = run.stage == .preference ? run.preference.loss : nil
        facts.zLoss = run.zLoss
        if world > 1 { facts.job = job(run, world) }
        return facts
    }

    private func job(_ run: RunConfiguration, _ world: Int) -> MemoryFacts.Job {
        func described(_ names: [String]) -> [ShardLayout.Parameter] {
            names.compactMap { name in
                guard let tensor = dry.store[name], let fact = dry.store.fact(name) else {
                    return nil
                }
                return ShardLayout.Parameter(
                    name: name, shape: tensor.shape, dtype: dtype(fact, run), place: fact.place)
            }
        }
        return MemoryFacts.Job(
            mode: run.sharding, worldSize: world, segments: segments,
            parameters: described(trainable), frozen: described(shared))
    }

    /// Element type of a parameter in memory.
    private func dtype(_ fact: ParameterFact, _ run: RunConfiguration) -> DType {
        fact.adapter == nil ? run.dtype : .float32
    }

    /// The most bytes of an image in a prepared sample: pixels, or features from the feature cache.
    func imageBytes(_ run: RunConfiguration) -> Int {
        let grid = config.vision.grid
        let pixels = 4 * config.vision.inputs.valueCount
        let learns = trainable.contains { dry.store.fact($0)?.part == .tower }
        guard run.featureFolder != nil, !learns else { return pixels }
        return max(pixels, grid.count * grid.width * run.dtype.byteCount)
    }
}

extension PlannedRunModel {
    /// A number that grows with the activations of a batch.
    func cost(of batch: PlannedBatch) -> Int {
        let (vision, language) = (config.vision, config.language)
        return batch.positions * language.layerCount * language.hiddenSize
            + batch.pictures * vision.grid.count * vision.usedLayerCount * vision.grid.width
    }
}
