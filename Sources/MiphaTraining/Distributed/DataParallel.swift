public import MiphaModels
package import MiphaNN
public import MiphaTorch

/// The part of training that concerns the other processes of a job.
///
/// Every process works on micro-batches of its own. The optimiser of a process is an ordinary one
/// over its ``pieces``. All processes walk the segments of the model in one order, and those that a
/// batch does not have (the tower, for text) are walked all the same, so that all start the same
/// collective operations in the same order.
public final class DataParallel {
    private enum Phase {
        case forward(next: Int)
        case backward(next: Int)
    }

    /// The processes.
    public let group: ProcessGroup
    /// The sharding mode.
    public let mode: ShardingMode
    package let layout: ShardLayout
    /// The tensors that this process's optimiser updates: parameters, or flat parts of them, by
    /// parameter name.
    package let pieces: [(name: String, tensor: Tensor)]
    /// Most bytes of weights and gradients held at one time.
    package private(set) var peakBytes = 0

    private let ranges: [String: Range<Int>]
    private let ownPieces: [String: ShardLayout.Piece]
    private let shards: ParameterShards?
    private let reducer: GradientReducer
    private let parameters: [String: Tensor]
    /// The first segment that has something that learns, where backward passes end.
    private let lowest: Int
    private var phase = Phase.forward(next: 0)
    private var isLast = true
    private var unitsOfSegment: [Set<ParameterPlace>: [Int]] = [:]

    /// Prepares a job; every process starts from the weights of rank 0.
    ///
    /// - Parameters:
    ///   - segments: places of the parameters that each segment reads, in the order of the model.
    ///   - places: the place of each parameter, by name.
    ///   - parameters: those that learn.
    ///   - frozen: those that only segments read and that do not learn; `zero3` shares them out
    ///     too.
    package init(
        _ group: ProcessGroup, mode: ShardingMode, segments: [Set<ParameterPlace>],
        places: [String: ParameterPlace],
        parameters: [(name: String, tensor: Tensor)],
        frozen: [(name: String, tensor: Tensor)] = []
    ) throws {
        self.group = group
        self.mode = mode
        let shared = mode == .zero3 ? frozen : []
        self.parameters = Dictionary(
            uniqueKeysWithValues: (parameters + shared).map { ($0.name, $0.tensor) })
        func described(_ list: [(name: String, tensor: Tensor)]) -> [ShardLayout.Parameter] {
            list.map { name, tensor in
                guard let place = places[name] else {
                    preconditionFailure("parameter \(name) has no place")
                }
                return .init(name: name, shape: tensor.shape, dtype: tensor.dtype, place: place)
            }
        }
        layout = ShardLayout(
            parameters: described(parameters), frozen: described(shared), segments: segments,
            shardCount: mode == .none ? 1 : group.worldSize)
        let (units, read) = (layout.units, layout.unitsRead)
        lowest = read.firstIndex { $0.contains { units[$0].learns } } ?? read.count
        reducer = GradientReducer(layout, group, mode: mode, parameters: self.parameters)
        if mode == .none {
            shards = nil
            pieces = parameters
            ranges = [:]
            ownPieces = [:]
            for parameter in parameters { try group.broadcast(parameter.tensor, from: 0).wait() }
        } else {
            let own = layout.pieces(of: group.rank)
            let shards = try ParameterShards(
                layout, group, parameters: self.parameters, releases: mode == .zero3)
            self.shards = shards
            pieces = try own.map { ($0.name, try shards.tensor($0)) }
            ownPieces = Dictionary(uniqueKeysWithValues: own.map { ($0.name, $0) })
            ranges = ownPieces.mapValues(\.inParameter)
        }
        reducer.observe = { [unowned self] in notePeak() }
        notePeak()
    }

    /// This process's part of a whole tensor that belongs to a parameter of that name.
    package func part(of tensor: Tensor, parameter name: String) throws -> Tensor {
        guard let range = ranges[name], tensor.elementCount > 1 || tensor.rank > 0 else {
            return tensor
        }
        return try tensor.reshaped([-1])
            .narrowed(0, from: range.lowerBound, length: range.count)
    }

    /// The elements of a parameter that this process updates; `nil`: all.
    package func range(of name: String) -> Range<Int>? { ranges[name] }

    /// Numbers summed over all processes.
    package func sum(_ values: [Double]) throws -> [Double] {
        try group.reduce(values)
    }

    /// Where the model is, though this process may own no piece of it.
    private var device: Device { parameters.values.first?.device ?? .cpu }

    /// Bytes of the weights in memory, those of other processes that are here included.
    var weightBytes: Int {
        shards?.heldBytes ?? parameters.values.reduce(0) { $0 + $1.byteCount }
    }

    private func notePeak() {
        peakBytes = max(peakBytes, weightBytes + reducer.heldBytes)
    }

    // MARK: After the backward passes of an update

    /// Gives the pieces their gradients, summed over all processes and micro-batches.
    package func finishGradients() throws {
        let sums = try reducer.finish()
        for (name, tensor) in pieces {
            if let sum = sums[name] { try tensor.setGradient(sum) }
        }
    }

    /// Norm of the gradients of all pieces of all processes.
    package func norm(of gradients: [Tensor]) throws -> Double {
        let own = gradients.isEmpty ? 0 : try Tensor.norm(of: gradients)
        guard mode != .none else { return own }
        return try sum([own * own])[0].squareRoot()
    }

    /// Gives all processes the weights that their owners have updated.
    package func finishStep() throws {
        try shards?.exchange()
    }

    /// Gets the weights of the whole model, until ``releaseWeights()``.
    package func gatherWeights() throws {
        guard let shards else { return }
        for unit in layout.units.indices { try shards.gather(unit) }
        for unit in layout.units.indices { try shards.wait(for: unit) }
    }

    /// The weights that the model does not hold, by name, in rank 0; all processes take part.
    ///
    /// Units are gathered one at a time; only rank 0 keeps a copy of each, in main memory.
    ///
    /// - Parameter all: whether those that do not learn are wanted too.
    package func collectWeights(all: Bool) throws -> [String: Tensor] {
        guard mode == .zero3, let shards else { return [:] }
        var weights: [String: Tensor] = [:]
        for (number, unit) in layout.units.enumerated() where all || unit.learns {
            try shards.gather(number)
            try shards.wait(for: number)
            if group.rank == 0 {
                let gathered = unit.entries.compactMap { entry in
                    parameters[entry.name].map { (name: entry.name, tensor: $0) }
                }
                for copy in try CheckpointSnapshot.copies(of: gathered) {
                    weights[copy.name] = copy.tensor
                }
            }
            try shards.release(except: [])
        }
        return weights
    }

    /// Float32 values of pieces put together to whole parameters, in main memory of rank 0; all
    /// processes take part.
    ///
    /// - Parameter own: one tensor for each of this process's ``pieces``, of its shape.
    package func collect(
        _ own: [(name: String, tensor: Tensor)]
    ) throws -> [(name: String, tensor: Tensor)] {
        guard mode != .none else { return own }
        let tensors = Dictionary(uniqueKeysWithValues: own.map { ($0.name, $0.tensor) })
        var wholes: [(name: String, tensor: Tensor)] = []
        for (number, unit) in layout.units.enumerated() where unit.learns {
            let shard = try Tensor.zeros([unit.shardLength], device: device)
            for (name, place) in ownPieces where place.unit == number {
                guard let tensor = tensors[name] else { continue }
                try shard.narrowed(0, from: place.inShard.lowerBound, length: place.inShard.count)
                    .assign(tensor)
            }
            let whole = try Tensor.zeros([unit.shardLength * layout.shardCount], device: device)
            try group.allGather(shard, into: whole).wait()
            guard group.rank == 0 else { continue }
            wholes += try CheckpointSnapshot.copies(
                of: unit.entries.map { entry in
                    let part = try whole.narrowed(0, from: entry.offset, length: entry.count)
                    return (entry.name, try part.reshaped(entry.shape))
                })
        }
        return wholes
    }

    /// Drops the weights that ``gatherWeights()`` got.
    package func releaseWeights() throws {
        try shards?.release(except: [])
    }
}

// MARK: Walking the segments

extension DataParallel: SegmentObserver {
    /// Says that a micro-batch begins, and whether it is the last of its update.
    package func begin(isLast: Bool) {
        self.isLast = isLast
        phase = .forward(next: 0)
    }

    /// Before a segment's forward pass.
    public func willRun(_ segment: Segment) throws {
        guard case .forward(let next) = phase, let place = try place(segment, next...) else {
            return
        }
        for skipped in next..<place { try walkForward(skipped) }
        try enter(place, then: place + 1)
        phase = .forward(next: place)
    }

    /// After a segment's forward pass.
    public func didRun(_ segment: Segment) throws {
        guard case .forward(let next) = phase, try place(segment, next...) == next else { return }
        try leave(next, then: next + 1)
        phase = .forward(next: next + 1)
    }

    /// Before a segment's backward pass.
    public func willRunBackward(_ segment: Segment) throws {
        try turn()
        guard case .backward(let next) = phase, let place = try place(segment, -1...next) else {
            return
        }
        for skipped in stride(from: next, to: place, by: -1) { try walkBackward(skipped) }
        try enter(place, then: place - 1)
        phase = .backward(next: place)
    }

    /// After a segment's backward pass: its gradients set off.
    public func didRunBackward(_ segment: Segment) throws {
        guard case .backward(let next) = phase, try place(segment, -1...next) == next else {
            return
        }
        try reduce(next)
        try leave(next, then: next - 1)
        phase = .backward(next: next - 1)
    }

    /// After a micro-batch, or in the place of one that this process does not have.
    public func didEndPass() throws {
        try turn()
        if case .backward(let next) = phase {
            for skipped in stride(from: next, through: lowest, by: -1) {
                try walkBackward(skipped)
            }
        }
        phase = .forward(next: 0)
    }

    /// After a forward pass that no backward pass follows, or in the place of one.
    package func didEndForward() throws {
        guard case .forward(let next) = phase else { return }
        for skipped in next..<count { try walkForward(skipped) }
        try shards?.release(except: [])
        phase = .forward(next: 0)
    }

    private var count: Int { layout.unitsRead.count }

    /// Goes over from the forward to the backward direction.
    private func turn() throws {
        guard case .forward(let next) = phase else { return }
        for skipped in next..<count { try walkForward(skipped) }
        phase = .backward(next: count - 1)
    }

    private func walkForward(_ place: Int) throws {
        try enter(place, then: place + 1)
        try leave(place, then: place + 1)
    }

    private func walkBackward(_ place: Int) throws {
        try enter(place, then: place - 1)
        try reduce(place)
        try leave(place, then: place - 1)
    }

    /// Gets the weights of a segment, and starts to get those of the one after it.
    private func enter(_ place: Int, then next: Int) throws {
        guard mode == .zero3, let shards else { return }
        let isForward = if case .forward = phase { true } else { false }
        let ahead = isForward || next >= lowest ? units(at: next) : []
        for unit in layout.unitsRead[place] + ahead { try shards.gather(unit) }
        for unit in layout.unitsRead[place] { try shards.wait(for: unit) }
        notePeak()
    }

    /// Drops the weights of a segment; those of the last one stay for its backward pass.
    private func leave(_ place: Int, then next: Int) throws {
        guard mode == .zero3, let shards else { return }
        try shards.release(except: next == count ? units(at: place) : units(at: next))
    }

    private func units(at place: Int) -> [Int] {
        layout.unitsRead.indices.contains(place) ? layout.unitsRead[place] : []
    }

    private func reduce(_ place: Int) throws {
        for (number, unit) in layout.units.enumerated() where unit.segment == place && unit.learns {
            try reducer.reduce(number, isLast: isLast)
        }
    }

    /// The number of a chain's segment among those of the model; `nil` when nothing of it is
    /// shared.
    private func place(_ segment: Segment, _ range: some RangeExpression<Int>) throws -> Int? {
        let needed =
            unitsOfSegment[segment.places]
            ?? layout.units.indices.filter { unit in
                layout.units[unit].entries.contains { segment.places.contains($0.place) }
            }
        unitsOfSegment[segment.places] = needed
        guard !needed.isEmpty else { return nil }
        let fitting = layout.unitsRead.indices.filter { place in
            range.contains(place) && needed.allSatisfy(layout.unitsRead[place].contains)
        }
        let isForward = if case .forward = phase { true } else { false }
        guard let found = isForward ? fitting.first : fitting.last else {
            throw TrainingError(
                .failed, "segment \(segment.name) does not fit the model's order of segments")
        }
        return found
    }
}
