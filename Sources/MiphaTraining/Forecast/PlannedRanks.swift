import MiphaTorch

/// What a process of a job takes for the exchange with the others.
///
/// It follows `DataParallel`, `ParameterShards` and `GradientReducer` as far as they take or free
/// memory. Segments that a micro-batch lacks are left out.
final class PlannedRanks {
    private let job: MemoryFacts.Job
    private let heap: SimulatedHeap
    private let tensors: [String: PlannedTensor]
    /// Units that are in memory whole.
    private var wholes: [Int: PlannedStorage] = [:]
    private var shards: [PlannedStorage] = []
    private var buffers: [PlannedStorage] = []
    /// The unit whose gradients are on their way.
    private var sent: Int?
    /// A share of sums that is on its way to all.
    private var handedOut: PlannedStorage?
    /// Sums, and gradients in float32 that wait to be sent.
    private var sums: [Int: PlannedStorage] = [:]
    private var waiting: [String: PlannedStorage] = [:]

    /// Moves the parameters into flat units.
    init(_ job: MemoryFacts.Job, _ heap: SimulatedHeap, _ tensors: [String: PlannedTensor]) {
        self.job = job
        self.heap = heap
        self.tensors = tensors
        guard job.mode != .none else { return }
        let nothing = PlannedStorage(heap, bytes: 0)
        for (number, unit) in job.layout.units.enumerated() {
            let whole = PlannedStorage(heap, bytes: job.layout.wholeBytes(unit))
            for entry in unit.entries {
                tensors[entry.name]?.storage = job.mode == .zero3 ? nothing : whole
            }
            guard job.mode == .zero3 else {
                wholes[number] = whole
                continue
            }
            shards.append(
                PlannedStorage(heap, bytes: unit.shardLength * unit.dtype.byteCount))
        }
    }

    // MARK: Weights

    /// Bytes of weights that are gathered.
    var gatheredBytes: Int {
        guard job.mode == .zero3 else { return 0 }
        return wholes.keys.reduce(0) { $0 + job.layout.wholeBytes(job.layout.units[$1]) }
    }

    private func units(_ segment: PlannedSegment?) -> [Int] {
        segment.flatMap { job.number(of: $0.places) }.map { job.layout.unitsRead[$0] } ?? []
    }

    /// Gathers the weights of a segment and of the one after it.
    func enter(_ segment: PlannedSegment, then next: PlannedSegment?) {
        guard job.mode == .zero3 else { return }
        for number in units(segment) + units(next) where wholes[number] == nil {
            wholes[number] = PlannedStorage(
                heap, bytes: job.layout.wholeBytes(job.layout.units[number]))
        }
    }

    /// Drops all weights but those of a segment.
    func leave(for next: PlannedSegment?) {
        guard job.mode == .zero3 else { return }
        let kept = units(next)
        wholes = wholes.filter { kept.contains($0.key) }
    }

    // MARK: Gradients

    /// Sends the gradients of a segment off, or keeps them.
    func reduce(_ segment: PlannedSegment, isLast: Bool) {
        guard let place = job.number(of: segment.places) else { return }
        for (number, unit) in job.layout.units.enumerated()
        where unit.segment == place && unit.learns {
            guard job.mode.sharesGradients || isLast else {
                keep(unit)
                continue
            }
            retire()
            if buffers.isEmpty {
                buffers = job.bufferBytes.map { PlannedStorage(heap, bytes: $0) }
            }
            if job.mode == .none {
                keep(unit)
            } else {
                for entry in unit.entries {
                    tensors[entry.name]?.gradient = nil
                    waiting[entry.name] = nil
                }
            }
            sent = number
        }
    }

    /// Moves gradients of lower precision into float32.
    private func keep(_ unit: ShardLayout.Unit) {
        for entry in unit.entries {
            guard let tensor = tensors[entry.name], tensor.width != 4, tensor.gradient != nil
            else { continue }
            if waiting[entry.name] == nil {
                waiting[entry.name] = PlannedStorage(heap, bytes: entry.count * 4)
            }
            tensor.gradient = nil
        }
    }

    private func retire() {
        guard let number = sent else { return }
        sent = nil
        let bytes = job.shareBytes(job.layout.units[number])
        if job.mode == .none {
            handedOut = PlannedStorage(heap, bytes: bytes)
        } else if sums[number] == nil {
            sums[number] = PlannedStorage(heap, bytes: bytes)
        }
    }

    /// Waits for all sums.
    func finish() {
        retire()
        handedOut = nil
    }

    /// Drops all gradients.
    func drop() {
        sums = [:]
        waiting = [:]
    }
}
