import MiphaModels
import MiphaNN
import MiphaTorch

/// A run gone through with tensors that have no elements.
///
/// Model, batches, passes, optimiser and the exchange with other processes are the run's own, on
/// the meta device; what `RunCourse`, `UpdateLoop` and `Learner` do with them is repeated here in
/// their order. Of several processes it is the first.
package final class MemorySimulation {
    /// Bytes that the process takes on top of what it had before the model was loaded: code of the
    /// engine that is used for the first time, kernels that are compiled, stacks of threads.
    static let engineBytes = 60 << 20
    /// The share of gaps in the region of small blocks: small objects of the run (log lines, caches
    /// of kernels) that stay where a batch's tensors were keep ranges from growing together.
    static let gapShare = 0.03
    /// Bytes that a process takes on a device before its first tensor: the context, kernels, work
    /// space of libraries.
    static let contextBytes = 600 << 20
    /// The share of a device's memory that its allocator cannot use again at once.
    static let deviceGapShare = 0.05

    private let facts: MemoryFacts
    private let heap: SimulatedHeap
    private var peaks: [MemoryPlan.Phase: Int] = [:]
    /// Whether a checkpoint is being written, to whose phase all else counts meanwhile.
    private var isWriting = false

    /// The tensors that a run holds.
    private struct Holdings {
        let learning: [(name: String, tensor: Tensor)]
        let passes: SimulatedPasses
        let parallel: DataParallel?
        let optimizer: AdamW
        let average: WeightAverage?
    }

    /// Prepares the simulation of a run.
    package init(_ facts: MemoryFacts) {
        self.facts = facts
        heap = SimulatedHeap(isOnDevice: facts.isOnDevice)
    }

    /// Goes through the run.
    ///
    /// - Throws: what the passes throw.
    package func run() throws -> MemoryPlan {
        try withMetaMemory(heap.memory) {
            let held = try start()
            try trainAndValidate(held)
            if facts.isOnDevice {
                // Copies are in main memory.
                if facts.copiesCheckpoint { peaks[.checkpoint] = peaks.values.max() }
            } else if facts.copiesCheckpoint {
                heap.beginPhase()
                let copies = try checkpointCopies(held)
                note(.checkpoint)
                isWriting = true
                if facts.updatesBesideCheckpoint { try trainAndValidate(held) }
                isWriting = false
                withExtendedLifetime(copies) {}
            }
            heap.beginPhase()
            try finish(held)
            note(.finish)
            return plan(activations: held.passes.largestActivations)
        }
    }

    // MARK: Start

    private func start() throws -> Holdings {
        heap.beginPhase()
        let model = try MiphaModel(
            facts.config, source: DryRunSource(dtype: facts.dtype), adapters: facts.adapters,
            quantization: facts.quantization)
        let chosen = Set(facts.parameters.filter(\.learns).map(\.name))
        try model.store.train(where: chosen.contains)
        func named(_ names: Set<String>) -> [(name: String, tensor: Tensor)] {
            model.store.parameters.filter { names.contains($0.name) }
        }
        let learning = named(chosen)
        let parallel = try facts.job.map { job in
            try DataParallel(
                ProcessGroup(
                    rehearsing: RankEnvironment(rank: 0, worldSize: job.worldSize, port: 0)),
                mode: job.mode, segments: job.segments, places: model.store.places,
                parameters: learning, frozen: named(Set(job.frozen.map(\.name))))
        }
        // The pages of the file that a parameter is copied from go once it is.
        note(.start, besides: facts.parameters.map { $0.count * $0.storedWidth }.max() ?? 0)
        heap.beginPhase()
        let optimizer = try optimizer(learning, parallel)
        let average =
            try facts.keepsAverage
            ? WeightAverage(decay: 0, weights: optimizer.weights()) : nil
        let cut = facts.parameters.filter { $0.learns && $0.width != 4 }
        note(.start, besides: cut.map { $0.count * $0.storedWidth }.max() ?? 0)
        let passes = try SimulatedPasses(facts, heap, model) { [unowned self] in
            note(.forward)
            heap.beginPhase()
        }
        passes.parallel = parallel
        return Holdings(
            learning: learning, passes: passes, parallel: parallel, optimizer: optimizer,
            average: average)
    }

    /// The optimiser, as that of `Learner`, with float32 values that are read from the model's
    /// files.
    private func optimizer(
        _ parameters: [(name: String, tensor: Tensor)], _ parallel: DataParallel?
    ) throws -> AdamW {
        let tensors = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.tensor) })
        return try AdamW(
            parameters: parallel?.pieces ?? parameters, moments: facts.moments,
            wholeMasters: facts.keepsWholeMasters
        ) { name in
            guard let tensor = tensors[name], tensor.dtype != .float32 else { return nil }
            let whole = try Tensor.empty(tensor.shape, device: .meta)
            return try parallel?.part(of: whole, parameter: name).cloned() ?? whole
        }
    }

    // MARK: Updates

    private func trainAndValidate(_ held: Holdings) throws {
        for update in facts.updates { try train(update, held) }
        guard let batch = facts.validation, batch.positions > 0 else { return }
        heap.beginPhase()
        try held.passes.evaluate(batch)
        note(.validation)
    }

    private func train(_ update: [PlannedBatch], _ held: Holdings) throws {
        let (optimizer, parallel) = (held.optimizer, held.parallel)
        for (index, batch) in update.enumerated() {
            heap.beginPhase()
            parallel?.begin(isLast: index == update.count - 1)
            try held.passes.train(batch, updating: facts.updatesInBackward ? optimizer : nil)
            if facts.accumulation > 1, parallel == nil { try optimizer.collectGradients() }
            note(.backward)
        }
        try parallel?.finishGradients()
        if !facts.updatesInBackward {
            heap.beginPhase()
            let gradients = try optimizer.gradients()
            _ = try parallel?.norm(of: gradients) ?? Tensor.norm(of: gradients)
            try optimizer.step(learningRate: 0)
            try parallel?.finishStep()
            withExtendedLifetime(gradients) {}
            note(.optimizer)
        }
        try held.average?.update(optimizer.weights())
    }

    // MARK: Beside updates

    /// The tensors that are written in the background while updates go on.
    private func checkpointCopies(_ held: Holdings) throws -> [Tensor] {
        try held.learning.map { try $0.tensor.detached().cloned() }
            + held.optimizer.state.map { try $0.tensor.cloned() }
            + (held.average?.state ?? []).map { try $0.tensor.cloned() }
    }

    private func finish(_ held: Holdings) throws {
        // On a device nothing more is taken: what is collected goes to main memory.
        guard !facts.isOnDevice else { return }
        // The first process collects the whole model.
        let weights = try held.parallel?.collectWeights(all: facts.adapters == nil)
        let averages =
            try facts.keepsAverage
            ? held.learning.filter { $0.tensor.dtype != .float32 }
                .map { try $0.tensor.detached().cloned() } : []
        withExtendedLifetime((weights, averages)) {}
    }

    // MARK: Results

    private func note(_ phase: MemoryPlan.Phase, besides mapped: Int = 0) {
        guard !facts.isOnDevice else {
            let all = Self.contextBytes + Int(Double(heap.livePeak) * (1 + Self.deviceGapShare))
            peaks[phase] = max(peaks[phase] ?? 0, all)
            return
        }
        let isRunning = phase != .start
        let more = isRunning ? facts.prefetched + Int(Double(heap.regionBytes) * Self.gapShare) : 0
        let all = facts.base + Self.engineBytes + heap.phasePeak + mapped + more
        let phase = isWriting ? .checkpoint : phase
        peaks[phase] = max(peaks[phase] ?? 0, all)
    }

    private func plan(activations: Int) -> MemoryPlan {
        let program = facts.base + Self.engineBytes
        return MemoryPlan(
            phases: MemoryPlan.Phase.allCases.compactMap { phase in
                peaks[phase].map { MemoryPlan.PhasePeak(phase: phase, bytes: $0) }
            },
            parts: facts.parts(
                program: facts.isOnDevice ? Self.contextBytes : program,
                activations: activations),
            hostBytes: facts.isOnDevice ? facts.hostBytes(program: program) : nil,
            pinnedBytes: facts.pinnedBytes)
    }
}
