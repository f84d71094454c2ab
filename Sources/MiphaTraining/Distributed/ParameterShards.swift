import MiphaTorch

/// The weights of a job's sharded parameters: flat units that the parameters are views of.
final class ParameterShards {
    private struct Buffer {
        /// All shards, one after another; the parameters are views of it.
        let whole: Tensor
        /// This process's shard: a part of `whole`, or a tensor of its own when `whole` is released.
        let shard: Tensor
    }

    let layout: ShardLayout
    private let group: ProcessGroup
    private let releases: Bool
    private let buffers: [Buffer]
    private var gathering: [Int: CollectiveWork] = [:]
    private var held: Set<Int> = []
    /// Bytes of the weights that are in memory.
    private(set) var heldBytes = 0

    /// Moves the parameters into flat units.
    ///
    /// Every process starts from the weights of rank 0.
    ///
    /// - Parameter releases: whether whole units are in memory only between `gather` and `release`.
    init(
        _ layout: ShardLayout, _ group: ProcessGroup, parameters: [String: Tensor], releases: Bool
    ) throws {
        self.layout = layout
        self.group = group
        self.releases = releases
        buffers = try layout.units.map { unit in
            let device = unit.entries.first.flatMap { parameters[$0.name]?.device } ?? .cpu
            let whole = try Tensor.zeros(
                [unit.shardLength * layout.shardCount], dtype: unit.dtype, device: device)
            for entry in unit.entries {
                guard let parameter = parameters[entry.name] else { continue }
                let view = try whole.narrowed(0, from: entry.offset, length: entry.count)
                    .reshaped(entry.shape)
                try view.assign(parameter)
                try TensorStorage(of: parameter).replace(with: view)
            }
            try group.broadcast(whole, from: 0).wait()
            let own = try whole.narrowed(
                0, from: group.rank * unit.shardLength, length: unit.shardLength)
            let shard = releases ? try own.cloned() : own
            if releases { try TensorStorage(of: whole).setAllocated(false) }
            return Buffer(whole: whole, shard: shard)
        }
        heldBytes = buffers.reduce(0) { $0 + (releases ? $1.shard : $1.whole).byteCount }
    }

    /// A piece of this process's shard, as a vector that shares its elements.
    func tensor(_ piece: ShardLayout.Piece) throws -> Tensor {
        try buffers[piece.unit].shard.narrowed(
            0, from: piece.inShard.lowerBound, length: piece.inShard.count)
    }

    /// Starts to gather a unit, unless it is here or on its way.
    func gather(_ unit: Int) throws {
        guard releases, held.insert(unit).inserted else { return }
        let buffer = buffers[unit]
        try TensorStorage(of: buffer.whole).setAllocated(true)
        heldBytes += buffer.whole.byteCount
        gathering[unit] = try group.allGather(buffer.shard, into: buffer.whole)
    }

    /// Waits until a unit is here.
    func wait(for unit: Int) throws {
        try gathering.removeValue(forKey: unit)?.wait()
    }

    /// Drops the units that are here, but for some.
    func release(except kept: [Int]) throws {
        for unit in held.sorted() where !kept.contains(unit) {
            try wait(for: unit)
            try TensorStorage(of: buffers[unit].whole).setAllocated(false)
            heldBytes -= buffers[unit].whole.byteCount
            held.remove(unit)
        }
    }

    /// Gives everybody the shards that their owners have changed.
    func exchange() throws {
        guard !releases else { return }
        var work: [CollectiveWork] = []
        for buffer in buffers {
            if work.count == 2 { try work.removeFirst().wait() }
            work.append(try group.allGather(buffer.shard, into: buffer.whole))
        }
        for item in work { try item.wait() }
    }
}
