import MiphaModels
import MiphaNN
import MiphaTorch

/// What a process of a job takes for the exchange with the others.
///
/// It follows `DataParallel`, `ParameterShards` and `GradientReducer` as far as they take or free
/// memory. Segments that a micro-batch lacks are left out.
final class PlannedRanks {
    private let job: MemoryFacts.Job
    private let store: ParameterStore
    /// Units that are in memory whole.
    private var wholes: [Int: Tensor] = [:]
    private var shards: [Tensor] = []
    private var buffers: [Tensor] = []
    /// The unit whose gradients are on their way.
    private var sent: Int?
    /// A share of sums that is on its way to all.
    private var handedOut: Tensor?
    /// Sums, and gradients in float32 that wait to be sent.
    private var sums: [Int: Tensor] = [:]
    private var waiting: [String: Tensor] = [:]
    /// The chain that runs, the number of its next segment, and of the first that learns.
    private var segments: [Segment] = []
    private var place = 0
    private var lowest = 0
    private var isLast = true

    /// Moves the parameters of a model into flat units.
    init(_ job: MemoryFacts.Job, _ model: MiphaModel) throws {
        self.job = job
        store = model.store
        guard job.mode != .none else { return }
        for (number, unit) in job.layout.units.enumerated() {
            let whole = try Tensor.room(job.layout.wholeBytes(unit))
            for entry in unit.entries {
                guard let parameter = store[entry.name] else { continue }
                // From here on the unit is what takes memory.
                try withMetaMemory(nil) {
                    try parameter.setData(
                        .empty(parameter.shape, dtype: parameter.dtype, device: .meta))
                }
            }
            guard job.mode == .zero3 else {
                wholes[number] = whole
                continue
            }
            shards.append(try .room(unit.shardLength * unit.dtype.byteCount))
        }
    }

    /// Begins a pass over a chain.
    ///
    /// - Parameter isLast: whether it is the last of its update.
    func begin(_ chain: LossChain, isLast: Bool) {
        segments = chain.segments
        lowest = chain.learns.firstIndex(of: true) ?? segments.count
        place = 0
        self.isLast = isLast
    }

    /// Waits for all sums.
    func finish() throws {
        try retire()
        handedOut = nil
    }

    /// Drops all gradients.
    func drop() {
        sums = [:]
        waiting = [:]
    }

    // MARK: Weights

    /// Bytes of weights that are gathered.
    var gatheredBytes: Int {
        guard job.mode == .zero3 else { return 0 }
        return wholes.keys.reduce(0) { $0 + job.layout.wholeBytes(job.layout.units[$1]) }
    }

    private func units(_ segment: Segment?) -> [Int] {
        segment.flatMap { job.number(of: $0.places) }.map { job.layout.unitsRead[$0] } ?? []
    }

    /// Gathers the weights of a segment and of the one after it.
    private func enter(_ segment: Segment, then next: Segment?) throws {
        guard job.mode == .zero3 else { return }
        for number in units(segment) + units(next) where wholes[number] == nil {
            wholes[number] = try .room(job.layout.wholeBytes(job.layout.units[number]))
        }
    }

    /// Drops all weights but those of a segment.
    private func leave(for next: Segment?) {
        guard job.mode == .zero3 else { return }
        let kept = units(next)
        wholes = wholes.filter { kept.contains($0.key) }
    }

    // MARK: Gradients

    /// Sends the gradients of a segment off, or keeps them.
    private func reduce(_ segment: Segment) throws {
        guard let number = job.number(of: segment.places) else { return }
        for (number, unit) in job.layout.units.enumerated().filter({ $1.segment == number })
        where unit.learns {
            guard job.mode.sharesGradients || isLast else {
                try keep(unit)
                continue
            }
            try retire()
            if buffers.isEmpty { buffers = try job.bufferBytes.map { try .room($0) } }
            if job.mode == .none {
                try keep(unit)
            } else {
                for entry in unit.entries {
                    try store[entry.name]?.setGradient(nil)
                    waiting[entry.name] = nil
                }
            }
            sent = number
        }
    }

    /// Moves gradients of lower precision into float32.
    private func keep(_ unit: ShardLayout.Unit) throws {
        for entry in unit.entries {
            guard let tensor = store[entry.name], tensor.dtype != .float32,
                let gradient = try tensor.gradient()
            else { continue }
            if waiting[entry.name] == nil {
                waiting[entry.name] = try gradient.to(dtype: .float32)
            }
            try tensor.setGradient(nil)
        }
    }

    private func retire() throws {
        guard let number = sent else { return }
        sent = nil
        let bytes = job.shareBytes(job.layout.units[number])
        if job.mode == .none {
            handedOut = try .room(bytes)
        } else if sums[number] == nil {
            sums[number] = try .room(bytes)
        }
    }
}

extension PlannedRanks: SegmentObserver {
    func willRun(_ segment: Segment) throws { try enter(segment, then: next) }

    func didRun(_ segment: Segment) throws {
        leave(for: next ?? segment)
        place += 1
    }

    func willRunBackward(_ segment: Segment) throws {
        place -= 1
        try enter(segment, then: former)
    }

    func didRunBackward(_ segment: Segment) throws {
        try reduce(segment)
        leave(for: former)
    }

    func didEndPass() throws {}

    private var next: Segment? { place + 1 < segments.count ? segments[place + 1] : nil }
    private var former: Segment? { place > lowest ? segments[place - 1] : nil }
}
