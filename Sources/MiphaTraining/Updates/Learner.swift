import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTorch

/// The model that learns, together with what changes its weights and has to be kept beside them.
final class Learner {
    let model: MiphaModel
    /// Names of the parameters that learn.
    let trainable: [String]
    /// The part of the processes that share the work; `nil` for one alone.
    let parallel: DataParallel?
    let optimizer: AdamW
    let average: WeightAverage?
    /// The generator of dropout masks, of the model's device.
    let dropout: RandomGenerator
    private let dropoutSeed: UInt64
    /// Whether anything is drawn from it.
    private let hasDropout: Bool
    /// Whether the weights are not to be saved: an update has changed only some of them, or it is
    /// not finite, which may be their fault.
    private(set) var isUnsound = false

    /// Reads the model and prepares what changes it; every process takes part.
    ///
    /// - Parameters:
    ///   - checkpoint: the checkpoint that the run goes on from, whose other state ``restore(_:)``
    ///     takes.
    ///   - group: the processes that share the work.
    init(_ start: StartModel, from checkpoint: String?, _ group: ProcessGroup?) throws {
        let (run, tuning) = (start.run, start.tuning)
        let model = try start.learning(from: checkpoint)
        self.model = model
        let names = try tuning.trainable(in: model)
        let chosen = Set(names)
        trainable = try model.store.train(where: chosen.contains)
        let parameters = names.compactMap { name in
            model.store[name].map { (name: name, tensor: $0) }
        }
        let parallel = try group.map {
            try DataParallel(
                $0, mode: run.sharding, segments: model.segmentPlaces(),
                places: model.store.places, parameters: parameters,
                frozen: tuning.sharedFrozen(in: model, learning: chosen))
        }
        self.parallel = parallel
        let optimizer = try Self.optimizer(
            start, model, parameters, parallel, isResumed: checkpoint != nil)
        self.optimizer = optimizer
        average = try run.averageDecay.map {
            try WeightAverage(decay: $0, weights: optimizer.weights())
        }
        dropoutSeed = Self.dropoutSeed(run, group)
        hasDropout =
            run.stage != .preference
            && (model.config.language.dropout > 0
                || tuning.adapters(run) != nil && run.adapters.dropout > 0)
        dropout = try RandomGenerator(seed: dropoutSeed, device: model.device)
    }

    /// The number of this process among those that share the work.
    var rank: Int { parallel?.group.rank ?? 0 }

    /// The number of processes that share the work.
    var world: Int { parallel?.group.worldSize ?? 1 }

    /// The optimiser over what learns, or over this process's pieces of it.
    private static func optimizer(
        _ start: StartModel, _ model: MiphaModel, _ parameters: [(name: String, tensor: Tensor)],
        _ parallel: DataParallel?, isResumed: Bool
    ) throws -> AdamW {
        let (run, tuning) = (start.run, start.tuning)
        // A resumed run gets its masters from the checkpoint.
        let stored = isResumed ? { _ in nil } : try start.masterWeights()
        let masters = { (name: String) throws -> Tensor? in
            guard let whole = try stored(name) else { return nil }
            guard let parallel else { return whole }
            return try parallel.part(of: whole, parameter: name).cloned()
        }
        return try AdamW(
            parameters: parallel?.pieces ?? parameters, options: run.optimizer,
            groups: { name in tuning.optimizerGroup(of: model.store.facts(of: [name])[0]) },
            moments: run.moments, wholeMasters: run.averageDecay != nil,
            masters: masters)
    }

    /// Seed of a process's dropout masks: no two processes draw the same ones.
    private static func dropoutSeed(_ run: RunConfiguration, _ group: ProcessGroup?) -> UInt64 {
        run.seed &+ UInt64(group?.rank ?? 0) &* 0x9E37_79B9_7F4A_7C15
    }

    // MARK: Changing the weights

    /// Begins an update, which has not changed a weight yet.
    func beginUpdate() {
        isUnsound = false
    }

    /// Clips the gradients and updates the weights.
    ///
    /// - Parameters:
    ///   - factor: the schedule's, as ``AdamW/step(learningRate:of:)`` takes it.
    ///   - maximumNorm: the largest norm of the gradients; 0 does not clip.
    /// - Returns: the norm of the gradients; where it is not finite no weight was changed.
    func step(learningRate factor: Double, clippingAt maximumNorm: Double) throws -> Double {
        let gradients = try optimizer.gradients()
        let norm = try parallel?.norm(of: gradients) ?? Tensor.norm(of: gradients)
        guard norm.isFinite else { return norm }
        if maximumNorm > 0 && norm > maximumNorm {
            try Tensors.scale(gradients, by: maximumNorm / (norm + 1e-6))
        }
        try step { try optimizer.step(learningRate: factor) }
        isUnsound = true
        try parallel?.finishStep()
        return norm
    }

    /// A step of the optimiser over all weights or some of them: from the first one that it changes the
    /// weights are not to be saved before the update is complete.
    func step(_ body: () throws -> Void) throws {
        defer { if optimizer.hasBegunStep { isUnsound = true } }
        try body()
    }

    /// Ends an update whose weights are all changed, and takes them into their moving average.
    func completeUpdate() throws {
        if let average { try average.update(optimizer.weights()) }
        isUnsound = false
    }

    /// Ends an update before it has changed a weight.
    func abandonUpdate() throws {
        try optimizer.dropGradients()
        isUnsound = false
    }

    /// Keeps the weights from being saved, because an update that is not finite may be their fault, or
    /// has changed some of them.
    func distrustWeights() {
        isUnsound = true
    }

    // MARK: What a checkpoint holds

    /// Continues from the state of a checkpoint.
    ///
    /// Generators of two kinds of device cannot go on from each other's states: dropout masks then
    /// come from a new seed, which depends on the run's seed, the process and the updates done.
    ///
    /// - Parameter step: updates done.
    /// - Returns: the kind of device that the run was on, where it was another one.
    func restore(_ saved: SavedOptimizer, at step: Int) throws -> String? {
        try optimizer.restore { try saved.tensor($0, for: parallel) }
        try average?.restore { try saved.average($0, for: parallel) }
        // A process that the job did not have before goes on from a seed of its own.
        guard let state = try saved.generator(rank: rank) else { return nil }
        let kind = try RandomGenerator.kind(ofState: state)
        guard try kind != RandomGenerator.kind(ofState: dropout.state()) else {
            try dropout.restore(state)
            return nil
        }
        let seed = dropoutSeed &+ UInt64(step) &* 0xD1B5_4A32_D192_ED03
        try dropout.restore(RandomGenerator(seed: seed, device: model.device).state())
        return kind
    }

    /// The record of a run that goes on on another kind of device.
    func change(from kind: String, at step: Int) -> Incident {
        Incident(
            .deviceChanged, step: step,
            message:
                "the run goes on on \(model.device), and its state was saved on \(kind): "
                + (hasDropout ? "dropout masks come from a new seed, and " : "")
                + "results may round differently")
    }

    /// The weights that learn, by name, as the model holds them.
    var weights: [String: Tensor] {
        Dictionary(
            uniqueKeysWithValues: trainable.compactMap { name in
                model.store[name].map { (name, $0) }
            })
    }

    /// The averages of this process's weights, by name.
    var averages: [(name: String, tensor: Tensor)] { average?.state ?? [] }

    /// Whether this process has the optimiser's whole state.
    var holdsWholeState: Bool { parallel.map { $0.mode == .none } ?? true }

    /// The states of the dropout generators of all processes, which all take part.
    func generators(_ parallel: DataParallel) throws -> [(name: String, tensor: Tensor)] {
        let own = try dropout.state()
        let world = parallel.group.worldSize
        let all = try Tensor.zeros([own.elementCount * world], dtype: own.dtype)
        try parallel.group.allGather(own.reshaped([-1]), into: all).wait()
        return try (0..<world).map { rank in
            (
                SavedOptimizer.generatorName(rank: rank),
                try all.narrowed(
                    0, from: rank * own.elementCount, length: own.elementCount
                ).cloned()
            )
        }
    }
}
