import MiphaModels
import MiphaNN

/// A run gone through with tensors that have no elements.
///
/// It follows `Trainer.init`, `Trainer.update` and `SegmentedBackward` statement by statement as far
/// as they take or free memory.
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
    private var loaded: [PlannedStorage] = []
    private var learning: [PlannedTensor] = []
    private var state: [PlannedStorage] = []
    private var sums: [PlannedStorage] = []
    private var model: PlannedModel
    private var largestActivations = 0

    /// Prepares the simulation of a run.
    package init(_ facts: MemoryFacts) {
        self.facts = facts
        operations = PlannedOperations(heap, width: facts.width)
        model = PlannedModel(config: facts.config, operations: operations, parameters: [:])
    }

    /// Goes through the run.
    package mutating func run() -> MemoryPlan {
        load()
        makeState()
        for update in facts.updates {
            train(update)
            step()
        }
        if let batch = facts.validation { phase(.validation) { $0.evaluate(batch) } }
        if facts.copiesCheckpoint { phase(.checkpoint) { $0.copyCheckpoint() } }
        phase(.finish) { $0.finish() }
        return plan()
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
            loaded.append(storage)
            if parameter.learns { learning.append(tensor) }
        }
        model = PlannedModel(
            config: facts.config, operations: operations, parameters: tensors,
            adapters: facts.adapters, quantization: facts.quantization)
        note(.start, heap.phasePeak + mapped)
    }

    private mutating func makeState() {
        heap.beginPhase()
        var mapped = 0
        for (tensor, parameter) in zip(learning, facts.parameters.filter(\.learns)) {
            if tensor.width != 4 {
                // Its float32 value is read from the file, whose pages go then, and cut in two.
                mapped = max(mapped, tensor.count * parameter.storedWidth)
                let master = facts.masterWidth(tensor.width)
                operations.scratch(master == 4 ? 0 : tensor.count * 4)
                keep(tensor.count * master)
            }
            for bytes in facts.moments.byteCounts(tensor.count) { keep(bytes) }
        }
        if facts.keepsAverage { for tensor in learning { keep(tensor.count * 4) } }
        note(.start, heap.phasePeak + mapped)
    }

    private mutating func keep(_ bytes: Int) { state.append(PlannedStorage(heap, bytes: bytes)) }

    // MARK: An update

    private mutating func train(_ update: [PlannedBatch]) {
        for batch in update {
            heap.beginPhase()
            pass(batch)
            if facts.accumulation > 1 { collect() }
        }
    }

    /// Forward and backward pass of a micro-batch.
    private mutating func pass(_ batch: PlannedBatch) {
        operations.isTraining = true
        let pixels = collate(batch)
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
        let head = headGradient
        largestActivations = max(largestActivations, heap.live - before - head)
        backward(&records)
        withExtendedLifetime((facts.towerIsFrozen ? nil : pixels, angles)) {}
    }

    private var headGradient: Int {
        facts.parameters.filter { $0.learns && $0.name.hasPrefix("lm_head.") }
            .reduce(0) { $0 + $1.count * 4 }
    }

    /// Pixels of a batch: a list that grows by doubling, then a tensor.
    private func collate(_ batch: PlannedBatch) -> PlannedTensor? {
        let vision = facts.config.vision
        let picture = vision.channelCount * vision.imageSize * vision.imageSize
        guard batch.pictures > 0 else { return nil }
        var list = PlannedStorage(heap, bytes: picture * 4)
        var room = picture
        while room < batch.pictures * picture {
            room *= 2
            list = PlannedStorage(heap, bytes: room * 4)
        }
        return withExtendedLifetime(list) { operations.tensor(batch.pictures * picture, 4) }
    }

    /// What a frozen tower gives, made picture by picture.
    private func features(_ batch: PlannedBatch) -> PlannedTensor {
        let vision = facts.config.vision
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

    private mutating func backward(_ records: inout [Record]) {
        heap.beginPhase()
        var gradient = operations.tensor(1, 4)
        while let record = records.popLast() {
            operations.isRecording = true
            let output = record.output ?? record.segment.body(record.input)
            operations.isRecording = false
            PlannedBackward(operations: operations)(output, gradient: gradient)
            if facts.updatesInBackward { update(record.segment) }
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
        measureNorm(learning)
        note(.optimizer, heap.phasePeak)
        for tensor in learning { tensor.gradient = nil }
        sums = []
    }

    /// Updates what a segment reads and drops its gradients.
    private func update(_ segment: PlannedSegment) {
        let own = model.learning(segment)
        measureNorm(own)
        for tensor in own { tensor.gradient = nil }
    }

    /// The norm is summed in float64, some million elements at a time.
    private func measureNorm(_ tensors: [PlannedTensor]) {
        let largest = tensors.map(\.count).max() ?? 0
        operations.scratch(min(largest, 1 << 22) * 8)
    }

    // MARK: Beside updates

    private func evaluate(_ batch: PlannedBatch) {
        operations.isRecording = false
        operations.isTraining = false
        var state = collate(batch) ?? operations.tensor(0, 4)
        if batch.pictures > 0 {
            for segment in model.towerSegments(batch.pictures) { state = segment.body(state) }
        }
        state = model.spliceSegment(batch).body(state)
        for segment in model.decoderSegments(batch, masks: facts.masksKeys) {
            state = segment.body(state)
        }
        _ = model.lossSegment(batch).body(state)
    }

    private func copyCheckpoint() {
        let copies =
            learning.map { PlannedStorage(heap, bytes: $0.byteCount) }
            + facts.parameters.filter(\.learns).flatMap { parameter in
                let widths = [facts.masterWidth(parameter.width), facts.keepsAverage ? 4 : 0]
                let counts =
                    facts.moments.byteCounts(parameter.count)
                    + widths.map { parameter.count * $0 }
                return counts.map { PlannedStorage(heap, bytes: $0) }
            }
        withExtendedLifetime(copies) {}
    }

    private func finish() {
        guard facts.keepsAverage, facts.width != 4 else { return }
        let copies = learning.map { PlannedStorage(heap, bytes: $0.byteCount) }
        withExtendedLifetime(copies) {}
    }

    // MARK: Results

    private mutating func phase(_ phase: MemoryPlan.Phase, _ body: (Self) -> Void) {
        heap.beginPhase()
        body(self)
        note(phase, heap.phasePeak)
    }

    private mutating func note(_ phase: MemoryPlan.Phase, _ bytes: Int) {
        let isRunning = phase != .start
        let more = isRunning ? facts.prefetched + Int(Double(heap.regionBytes) * Self.gapShare) : 0
        let all = facts.base + Self.engineBytes + bytes + more
        peaks[phase] = max(peaks[phase] ?? 0, all)
    }

    private func plan() -> MemoryPlan {
        let parameters = facts.parameters
        let weights = parameters.reduce(0) { $0 + ($1.packedBytes ?? $1.count * $1.width) }
        let learned = parameters.filter(\.learns)
        let count = learned.reduce(0) { $0 + $1.count }
        let masters = learned.reduce(0) { $0 + $1.count * facts.masterWidth($1.width) }
        let moments = learned.reduce(0) {
            $0 + facts.moments.byteCounts($1.count).reduce(0, +)
        }
        let gradients = learned.reduce(0) { $0 + $1.count * $1.width }
        var parts = [
            MemoryPlan.Part(name: "program", bytes: facts.base + Self.engineBytes),
            MemoryPlan.Part(name: "weights", bytes: weights),
            MemoryPlan.Part(name: "master weights", bytes: masters),
            MemoryPlan.Part(name: "moments", bytes: moments),
            MemoryPlan.Part(name: "moving average", bytes: facts.keepsAverage ? 4 * count : 0),
            MemoryPlan.Part(name: "gradients", bytes: gradients),
            MemoryPlan.Part(name: "activations", bytes: max(0, largestActivations)),
            MemoryPlan.Part(name: "samples prepared ahead", bytes: facts.prefetched),
        ]
        parts.removeAll { $0.bytes == 0 }
        return MemoryPlan(
            phases: MemoryPlan.Phase.allCases.compactMap { phase in
                peaks[phase].map { MemoryPlan.PhasePeak(phase: phase, bytes: $0) }
            }, parts: parts)
    }
}
