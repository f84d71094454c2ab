import MiphaCheckpoints
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
    /// Which matrices are held in few bits; the model on the meta device holds them whole.
    let quantization: QuantizationPlan?
    private let stored: [String: Int]
    private let segments: [[String]]
    /// Names of frozen parameters that processes may share out.
    private let shared: [String]

    /// - Throws: what loading the model would, besides damaged elements.
    init(_ run: RunConfiguration) throws {
        try Trainer.requireWholeModel(run.model)
        config = try MiphaConfig(folder: run.model)
        let plan = try TrainingPlan(run)
        dry = try MiphaModel(
            config, source: DryRunSource(dtype: run.dtype), adapters: plan.adapters(run))
        quantization = plan.quantization(run)
        trainable = try plan.trainable(in: dry)
        segments = try dry.segmentPrefixes()
        shared = Trainer.sharedFrozen(dry, plan, learning: Set(trainable)).map(\.name)
        let checkpoint = try Checkpoint(folder: run.model)
        let keys = try config.layout.dialect(of: checkpoint)
        var stored: [String: Int] = [:]
        for (name, tensor) in dry.store.parameters {
            guard let external = keys.external(name), let (file, entry) = checkpoint.find(external)
            else {
                guard !AdapterPlan.isAdapterParameter(name) else { continue }
                throw TrainingError(.invalidRun, "\(run.model): no tensor for \(name)")
            }
            guard entry.shape == tensor.shape else {
                throw TrainingError(
                    .invalidRun,
                    "\(file.path): tensor \"\(external)\": expected shape \(tensor.shape), "
                        + "found \(entry.shape)")
            }
            stored[name] = DType(entry.scalarType).byteCount
        }
        self.stored = stored
    }

    /// Number of elements of what learns.
    var learningCount: Int {
        trainable.reduce(0) { $0 + (dry.store[$1]?.elementCount ?? 0) }
    }

    /// What a run's memory depends on, besides its data.
    ///
    /// - Parameter world: processes that share the run.
    func facts(_ run: RunConfiguration, world: Int = 1) -> MemoryFacts {
        let learning = Set(trainable)
        let parameters = dry.store.parameters.map { name, tensor in
            let isAdapter = AdapterPlan.isAdapterParameter(name)
            return MemoryFacts.Parameter(
                name: name, count: tensor.elementCount, learns: learning.contains(name),
                width: isAdapter ? 4 : run.dtype.byteCount, storedWidth: stored[name] ?? 0,
                packedBytes: packedBytes(name, tensor.shape))
        }
        var facts = MemoryFacts(config, parameters: parameters, width: run.dtype.byteCount)
        facts.checkpointing = run.checkpointing
        facts.accumulation = run.accumulation
        facts.updatesInBackward = run.optimizerInBackward
        facts.masksKeys = run.attentionMask == .notPad
        facts.towerIsFrozen = !trainable.contains { ParameterGroup(of: $0) == .tower }
        facts.moments = run.moments
        facts.keepsAverage = run.averageDecay != nil
        facts.adapters = dry.store.adapterPlan
        facts.quantization = quantization
        if world > 1 { facts.job = job(run, world) }
        return facts
    }

    private func job(_ run: RunConfiguration, _ world: Int) -> MemoryFacts.Job {
        func described(_ names: [String]) -> [ShardLayout.Parameter] {
            names.compactMap { name in
                guard let tensor = dry.store[name], packedBytes(name, tensor.shape) == nil else {
                    return nil
                }
                return ShardLayout.Parameter(
                    name: name, shape: tensor.shape,
                    dtype: AdapterPlan.isAdapterParameter(name) ? .float32 : run.dtype)
            }
        }
        return MemoryFacts.Job(
            mode: run.sharding, worldSize: world, segments: segments,
            parameters: described(trainable), frozen: described(shared))
    }

    /// Bytes of a matrix in few bits, with its scales; `nil` for what is held whole.
    private func packedBytes(_ name: String, _ shape: [Int]) -> Int? {
        guard let quantization, shape.count == 2, name.hasSuffix(".weight"),
            !AdapterPlan.isAdapterParameter(name), quantization.covers(String(name.dropLast(7)))
        else { return nil }
        let count = shape[0] * shape[1]
        let scales = (count + 63) / 64  // one for a block of 64 elements
        return switch quantization.format {
        case .int8: count + 4 * shape[0]
        case .plainNF4: (count + 1) / 2 + 4 * scales
        case .nf4: (count + 1) / 2 + scales + 4 * ((scales + 255) / 256)
        }
    }

    /// Elements of a prepared picture.
    var pixels: Int {
        config.vision.channelCount * config.vision.imageSize * config.vision.imageSize
    }
}

extension PlannedRunModel {
    /// A number that grows with the activations of a batch.
    func cost(of batch: PlannedBatch) -> Int {
        let tower = config.vision.patchCount * config.vision.usedLayerCount
        return batch.positions * config.language.layerCount * config.language.hiddenSize
            + batch.pictures * tower * config.vision.hiddenSize
    }
}
