import MiphaModels
import MiphaNN
import MiphaTorch

/// A run gone through with tensors that have no elements.
///
/// Model, batches, forward and backward passes are the run's own, on the meta device. What the trainer
/// holds beside them (optimiser, copies for checkpoints, exchange between processes) is written down here
/// in the order of `Trainer`. Of several processes it is the first.
package final class MemorySimulation {
    /// Bytes that the process takes on top of what it had before the model was loaded: code of the
    /// engine that is used for the first time, kernels that are compiled, stacks of threads.
    static let engineBytes = 60 << 20
    /// Of the region of small blocks, what gaps take up: small objects of the run (log lines, caches of
    /// kernels) that stay where a batch's tensors were keep ranges from growing together.
    static let gapShare = 0.03

    private let facts: MemoryFacts
    private let heap = SimulatedHeap()
    private var peaks: [MemoryPlan.Phase: Int] = [:]
    private var state: [Tensor] = []
    /// Float32 sums of gradients of lower precision, by parameter.
    private var sums: [String: Tensor] = [:]
    private var ranks: PlannedRanks?
    /// Whether a checkpoint is being written, to whose phase all else counts meanwhile.
    private var isWriting = false

    /// Prepares the simulation of a run.
    package init(_ facts: MemoryFacts) {
        self.facts = facts
    }

    /// Goes through the run.
    ///
    /// - Throws: what the passes throw.
    package func run() throws -> MemoryPlan {
        try withMetaMemory(heap.memory) {
            let passes = try load()
            try makeState()
            try trainAndValidate(passes)
            if facts.copiesCheckpoint {
                heap.beginPhase()
                let copies = try checkpointCopies(passes)
                note(.checkpoint)
                isWriting = true
                if facts.updatesBesideCheckpoint { try trainAndValidate(passes) }
                isWriting = false
                withExtendedLifetime(copies) {}
            }
            heap.beginPhase()
            try finish(passes)
            note(.finish)
            return plan(activations: passes.largestActivations)
        }
    }

    private func trainAndValidate(_ passes: SimulatedPasses) throws {
        for update in facts.updates {
            for (index, batch) in update.enumerated() {
                heap.beginPhase()
                try passes.train(batch, isLast: index == update.count - 1)
                if facts.accumulation > 1, ranks == nil { try collect(passes) }
                note(.backward)
            }
            try ranks?.finish()
            try step(passes)
        }
        guard let batch = facts.validation, batch.positions > 0 else { return }
        heap.beginPhase()
        try passes.evaluate(batch)
        note(.validation)
    }

    // MARK: Start

    private func load() throws -> SimulatedPasses {
        heap.beginPhase()
        let model = try MiphaModel(
            facts.config, source: DryRunSource(dtype: facts.dtype), adapters: facts.adapters,
            quantization: facts.quantization)
        let learning = Set(facts.parameters.filter(\.learns).map(\.name))
        if !learning.isEmpty { try model.store.train(where: learning.contains) }
        ranks = try facts.job.map { try PlannedRanks($0, model) }
        // The pages of the file that a parameter is copied from go once it is.
        note(.start, besides: facts.parameters.map { $0.count * $0.storedWidth }.max() ?? 0)
        let passes = try SimulatedPasses(facts, heap, model) { [unowned self] in
            note(.forward)
            heap.beginPhase()
        }
        passes.ranks = ranks
        return passes
    }

    private func makeState() throws {
        heap.beginPhase()
        var mapped = 0
        let updated = facts.updated
        for parameter in updated {
            if parameter.width != 4 {
                // Its float32 value is read from the file, whose pages go then, and cut in two.
                mapped = max(mapped, parameter.count * parameter.storedWidth)
                let master = facts.masterWidth(parameter.width)
                if master != 4 { _ = try Tensor.room(parameter.count * 4) }
                try keep(parameter.count * master)
            }
            for bytes in facts.moments.byteCounts(parameter.count) { try keep(bytes) }
        }
        if facts.keepsAverage { for parameter in updated { try keep(parameter.count * 4) } }
        note(.start, besides: mapped)
    }

    private func keep(_ bytes: Int) throws { state.append(try .room(bytes)) }

    // MARK: After passes

    /// Moves gradients of lower precision into float32 sums.
    private func collect(_ passes: SimulatedPasses) throws {
        for (fact, tensor) in passes.learning where tensor.dtype != .float32 {
            guard let gradient = try tensor.gradient() else { continue }
            if sums[fact.name] == nil { sums[fact.name] = try gradient.to(dtype: .float32) }
            try tensor.setGradient(nil)
        }
    }

    private func step(_ passes: SimulatedPasses) throws {
        guard !facts.updatesInBackward else { return }
        heap.beginPhase()
        try SimulatedPasses.measureNorm(facts.updated.map(\.count))
        note(.optimizer)
        for (_, tensor) in passes.learning { try tensor.setGradient(nil) }
        sums = [:]
        ranks?.drop()
    }

    // MARK: Beside updates

    /// What is written in the background while updates go on.
    private func checkpointCopies(_ passes: SimulatedPasses) throws -> [Tensor] {
        try passes.learning.map { try .room($0.tensor.byteCount) }
            + facts.updated.flatMap { parameter in
                let widths = [facts.masterWidth(parameter.width), facts.keepsAverage ? 4 : 0]
                let counts =
                    facts.moments.byteCounts(parameter.count)
                    + widths.map { parameter.count * $0 }
                return try counts.map { try Tensor.room($0) }
            }
    }

    private func finish(_ passes: SimulatedPasses) throws {
        var copies: [Tensor] = []
        if facts.job?.mode == .zero3 {
            // The first process collects the whole model.
            copies = try facts.parameters.map { try .room($0.count * $0.width) }
        }
        if facts.keepsAverage, facts.dtype != .float32 {
            copies += try passes.learning.map { try .room($0.tensor.byteCount) }
        }
        withExtendedLifetime(copies) {}
    }

    // MARK: Results

    private func note(_ phase: MemoryPlan.Phase, besides mapped: Int = 0) {
        let isRunning = phase != .start
        let more = isRunning ? facts.prefetched + Int(Double(heap.regionBytes) * Self.gapShare) : 0
        let all = facts.base + Self.engineBytes + heap.phasePeak + mapped + more
        let phase = isWriting ? .checkpoint : phase
        peaks[phase] = max(peaks[phase] ?? 0, all)
    }

    private func plan(activations: Int) -> MemoryPlan {
        MemoryPlan(
            phases: MemoryPlan.Phase.allCases.compactMap { phase in
                peaks[phase].map { MemoryPlan.PhasePeak(phase: phase, bytes: $0) }
            },
            parts: facts.parts(
                program: facts.base + Self.engineBytes, activations: activations))
    }
}
