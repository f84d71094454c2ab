import MiphaModels
import MiphaNN

/// A run gone through with tensors that have no elements.
///
/// It follows `Trainer.init`, `Trainer.update` and `SegmentedBackward` statement by statement as far
/// as they take or free memory. Of several processes it is the first.
package struct MemorySimulation {
    /// Bytes that the process takes on top of what it had before the model was loaded: code of the
    /// engine that is used for the first time, kernels that are compiled, stacks of threads.
    static let engineBytes = 60 << 20
    /// Of the region of small blocks, what gaps take up: small objects of the run (log lines, caches of
    /// kernels) that stay where a batch's tensors were keep ranges from growing together.
    static let gapShare = 0.03

    private let facts: MemoryFacts
    private let heap = SimulatedHeap()
    private let operations: PlannedOperations
    private var peaks: [MemoryPlan.Phase: Int] = [:]
    private var learning: [PlannedTensor] = []
    private var state: [PlannedStorage] = []
    private var sums: [PlannedStorage] = []
    private var model: PlannedModel
    private var ranks: PlannedRanks?
    private var largestActivations = 0
    /// Whether a checkpoint is being written, to whose phase all else counts meanwhile.
    private var isWriting = false

    /// Prepares the simulation of a run.
    package init(_ facts: MemoryFacts) {
        self.facts = facts
        operations = PlannedOperations(heap, width: facts.width)
        model = PlannedModel(
            config: facts.config, operations: operations, parameters: [:], facts: [:])
    }

    /// Goes through the run.
    package mutating func run() -> MemoryPlan {
        load()
        makeState()
        trainAndValidate()
        if facts.copiesCheckpoint {
            heap.beginPhase()
            let copies = checkpointCopies()
            note(.checkpoint, heap.phasePeak)
            isWriting = true
            if facts.updatesBesideCheckpoint { trainAndValidate() }
            isWriting = false
            withExtendedLifetime(copies) {}
        }
        phase(.finish) { $0.finish() }
        return plan()
    }

    private mutating func trainAndValidate() {
        for update in facts.updates {
            train(update)
            step()
        }
        if let batch = facts.validation { phase(.validation) { $0.evaluate(batch) } }
    }

    // MARK: Start

    private mutating func load() {
        heap.beginPhase()
        var tensors: [String: PlannedTensor] = [:]
        var mapped = 0
        for parameter in facts.parameters {
            // The pages of the file that a parameter is copied from go once it is.
            mapped = max(mapped, parameter.count * parameter.storedWidth)
            let bytes = parameter.packedBytes ?? parameter.count * parameter.width
            // A matrix to be held in few bits is read whole and made float32 first.
            let whole = parameter.packedBytes == nil ? 0 : parameter.count
            let storage = operations.scratch(whole * parameter.width) {
                operations.scratch(whole * 4) { PlannedStorage(heap, bytes: bytes) }
            }
            let tensor = PlannedTensor(storage, count: parameter.count, width: parameter.width)
            tensor.isWantedLeaf = parameter.learns
            tensors[parameter.name] = tensor
            if parameter.learns { learning.append(tensor) }
        }
        model = PlannedModel(
            config: facts.config, operations: operations, parameters: tensors,
            facts: Dictionary(
                uniqueKeysWithValues: facts.parameters.map { ($0.name, $0.fact) }),
            adapters: facts.adapters, quantization: facts.quantization)
        ranks = facts.job.map { PlannedRanks($0, heap, tensors) }
        note(.start, heap.phasePeak + mapped)
    }

    private mutating func makeState() {
        heap.beginPhase()
        var mapped = 0
        let updated = facts.updated
        for parameter in updated {
            if parameter.width != 4 {
                // Its float32 value is read from the file, whose pages go then, and cut in two.
                mapped = max(mapped, parameter.count * parameter.storedWidth)
                let master = facts.masterWidth(parameter.width)
                operations.scratch(master == 4 ? 0 : parameter.count * 4)
                keep(parameter.count * master)
            }
            for bytes in facts.moments.byteCounts(parameter.count) { keep(bytes) }
        }
        if facts.keepsAverage { for parameter in updated { keep(parameter.count * 4) } }
        note(.start, heap.phasePeak + mapped)
    }

    private mutating func keep(_ bytes: Int) { state.append(PlannedStorage(heap, bytes: bytes)) }

    // MARK: An update

    private mutating func train(_ update: [PlannedBatch]) {
        for (index, batch) in update.enumerated() {
            heap.beginPhase()
            pass(batch, isLast: index == update.count - 1)
            if facts.accumulation > 1, ranks == nil { collect() }
        }
        ranks?.finish()
    }

    /// Forward and backward pass of a micro-batch.
    private mutating func pass(_ batch: PlannedBatch, isLast: Bool) {
        operations.isTraining = true
        let pixels = facts.towerIsFrozen ? nil : collate(batch)
        var segments: [PlannedSegment] = []
        var start = pixels ?? operations.tensor(0, 4)
        if batch.pictures > 0 {
            if facts.towerIsFrozen {
                start = features(batch)
            } else {
                segments = model.towerSegments(batch.pictures)
            }
        }
        segments += [model.spliceSegment(batch)]
        segments += model.decoderSegments(batch, masks: facts.masksKeys)
        segments += [model.lossSegment(batch)]
        let angles = operations.tensor(batch.positions, 4)
        var records: [Record] = []
        let before = heap.live
        forward(segments, start, into: &records)
        // The head's gradient is made with the loss.
        let others = headGradient + (ranks?.gatheredBytes ?? 0)
        largestActivations = max(largestActivations, heap.live - before - others)
        backward(&records, isLast: isLast)
        withExtendedLifetime((pixels, angles)) {}
    }

    private var headGradient: Int {
        facts.parameters.filter { $0.learns && $0.fact.part == .head }
            .reduce(0) { $0 + $1.count * 4 }
    }

    /// Pixels of a batch.
    private func collate(_ batch: PlannedBatch) -> PlannedTensor? {
        let vision = facts.config.siglip
        let picture = vision.channelCount * vision.imageSize * vision.imageSize
        guard batch.pictures > 0 else { return nil }
        return operations.tensor(batch.pictures * picture, 4)
    }

    /// What a frozen tower gives, made picture by picture.
    private func features(_ batch: PlannedBatch) -> PlannedTensor {
        let vision = facts.config.siglip
        operations.isRecording = false
        let parts = (0..<batch.pictures).map { _ in
            var state = operations.tensor(
                vision.channelCount * vision.imageSize * vision.imageSize, 4)
            for segment in model.towerSegments(1) { state = segment.body(state) }
            return state
        }
        return operations.concatenate(parts)
    }

    private struct Record {
        let segment: PlannedSegment
        let input: PlannedTensor
        let output: PlannedTensor?
    }

    private mutating func forward(
        _ segments: [PlannedSegment], _ start: PlannedTensor, into records: inout [Record]
    ) {
        var state = start
        var isDifferentiable = false
        for (index, segment) in segments.enumerated() {
            let next = index + 1 < segments.count ? segments[index + 1] : nil
            ranks?.enter(segment, then: next)
            defer { ranks?.leave(for: next ?? segment) }
            guard isDifferentiable || segment.learns else {
                operations.isRecording = false
                state = segment.body(state)
                continue
            }
            let input = state.detached()
            input.isWantedLeaf = isDifferentiable
            isDifferentiable = true
            let isKept = !facts.checkpointing || index == segments.count - 1
            operations.isRecording = isKept
            state = segment.body(input)
            records.append(Record(segment: segment, input: input, output: isKept ? state : nil))
        }
        note(.forward, heap.phasePeak)
    }

    private mutating func backward(_ records: inout [Record], isLast: Bool) {
        heap.beginPhase()
        var gradient = operations.tensor(1, 4)
        while let record = records.popLast() {
            ranks?.enter(record.segment, then: records.last?.segment)
            operations.isRecording = true
            let output = record.output ?? record.segment.body(record.input)
            operations.isRecording = false
            PlannedBackward(operations: operations)(output, gradient: gradient)
            if facts.updatesInBackward { update(record.segment) }
            ranks?.reduce(record.segment, isLast: isLast)
            ranks?.leave(for: records.last?.segment)
            guard let next = record.input.gradient else { break }
            gradient = next
        }
        note(.backward, heap.phasePeak)
    }

    /// Moves gradients of lower precision into float32 sums.
    private mutating func collect() {
        for (index, tensor) in learning.enumerated() where tensor.width != 4 {
            if index >= sums.count { sums.append(PlannedStorage(heap, bytes: tensor.count * 4)) }
            tensor.gradient = nil
        }
        note(.backward, heap.phasePeak)
    }

    private mutating func step() {
        guard !facts.updatesInBackward else { return }
        heap.beginPhase()
        measureNorm(facts.updated.map(\.count))
        note(.optimizer, heap.phasePeak)
        for tensor in learning { tensor.gradient = nil }
        sums = []
        ranks?.drop()
    }

    /// Updates what a segment reads and drops its gradients.
    private func update(_ segment: PlannedSegment) {
        let own = model.learning(segment)
        measureNorm(own.map(\.count))
        for tensor in own { tensor.gradient = nil }
    }

    /// The norm is summed in float64, some million elements at a time.
    private func measureNorm(_ counts: [Int]) {
        operations.scratch(min(counts.max() ?? 0, 1 << 22) * 8)
    }

    // MARK: Beside updates

    private func evaluate(_ batch: PlannedBatch) {
        operations.isRecording = false
        operations.isTraining = false
        let isFrozen = facts.towerIsFrozen && batch.pictures > 0
        var state =
            isFrozen ? features(batch) : collate(batch) ?? operations.tensor(0, 4)
        let segments =
            (batch.pictures > 0 && !isFrozen ? model.towerSegments(batch.pictures) : [])
            + [model.spliceSegment(batch)]
            + model.decoderSegments(batch, masks: facts.masksKeys) + [model.lossSegment(batch)]
        for (segment, next) in zip(segments, segments.dropFirst().map(Optional.some) + [nil]) {
            ranks?.enter(segment, then: next)
            state = segment.body(state)
            ranks?.leave(for: next)
        }
    }

    /// What is written in the background while updates go on.
    private func checkpointCopies() -> [PlannedStorage] {
        learning.map { PlannedStorage(heap, bytes: $0.byteCount) }
            + facts.updated.flatMap { parameter in
                let widths = [facts.masterWidth(parameter.width), facts.keepsAverage ? 4 : 0]
                let counts =
                    facts.moments.byteCounts(parameter.count)
                    + widths.map { parameter.count * $0 }
                return counts.map { PlannedStorage(heap, bytes: $0) }
            }
    }

    private func finish() {
        var copies: [PlannedStorage] = []
        if facts.job?.mode == .zero3 {
            // The first process collects the whole model.
            copies = facts.parameters.map { PlannedStorage(heap, bytes: $0.count * $0.width) }
        }
        if facts.keepsAverage, facts.width != 4 {
            copies += learning.map { PlannedStorage(heap, bytes: $0.byteCount) }
        }
        withExtendedLifetime(copies) {}
    }

    // MARK: Results

    private mutating func phase(_ phase: MemoryPlan.Phase, _ body: (Self) -> Void) {
        heap.beginPhase()
        body(self)
        note(phase, heap.phasePeak)
    }

    private mutating func note(_ phase: MemoryPlan.Phase, _ bytes: Int) {
        let phase = isWriting ? .checkpoint : phase
        let isRunning = phase != .start
        let more = isRunning ? facts.prefetched + Int(Double(heap.regionBytes) * Self.gapShare) : 0
        let all = facts.base + Self.engineBytes + bytes + more
        peaks[phase] = max(peaks[phase] ?? 0, all)
    }

    private func plan() -> MemoryPlan {
        return MemoryPlan(
            phases: MemoryPlan.Phase.allCases.compactMap { phase in
                peaks[phase].map { MemoryPlan.PhasePeak(phase: phase, bytes: $0) }
            },
            parts: facts.parts(
                program: facts.base + Self.engineBytes, activations: largestActivations))
    }
}
