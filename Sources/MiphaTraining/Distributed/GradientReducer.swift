import MiphaTorch

/// Sums gradients over the processes of a job while the backward pass goes on below them.
///
/// Every process gets everybody's gradients of its share and adds them in the order of ranks, after
/// those of earlier micro-batches. No sum depends on how a library lays its rings: gradients that are
/// shared out after each micro-batch are to the bit those of one process that takes the micro-batches
/// of all ranks in turn. The traffic is that of a reduce-scatter.
final class GradientReducer {
    /// A unit's gradients on their way to their owners.
    private struct Transfer {
        let unit: Int
        let work: CollectiveWork
    }

    /// A unit's sums on their way to everybody.
    private struct Gather {
        let unit: Int
        let work: CollectiveWork
        let share: Tensor
    }

    /// Room for a unit.
    private struct Buffers {
        /// Its gradients, and what the others sent of theirs.
        let sent, received: Tensor
        /// Sums from all, where every process gets all.
        let gathered: Tensor?

        var byteCount: Int { sent.byteCount + received.byteCount + (gathered?.byteCount ?? 0) }
    }

    private let layout: ShardLayout
    private let group: ProcessGroup
    private let mode: ShardingMode
    private let parameters: [String: Tensor]
    private var transfer: Transfer?
    private var gather: Gather?
    /// Used again, since new memory for every unit would leave the heap full of holes.
    private var buffers: Buffers?
    /// This process's share of the sums of each unit.
    private var shares: [Int: Tensor] = [:]
    /// Where nothing is shared out: this process's gradients, whose places the sums take.
    private var wholes: [String: Tensor] = [:]
    /// Float32 sums of gradients of lower precision that wait for the update's last micro-batch.
    private var local: [String: Tensor] = [:]
    private var seen: Set<String> = []
    private var localBytes: [Int: Int] = [:]

    /// Bytes of the gradients in memory, those on their way included.
    var heldBytes: Int {
        let inTransit = (buffers?.byteCount ?? 0) + (gather?.share.byteCount ?? 0)
        return inTransit + localBytes.values.reduce(0, +)
            + shares.values.reduce(0) { $0 + $1.byteCount }
            + wholes.values.reduce(0) { $0 + $1.byteCount }
    }
    /// Called whenever `heldBytes` may be at a peak.
    var observe: () -> Void = {}

    init(
        _ layout: ShardLayout, _ group: ProcessGroup, mode: ShardingMode,
        parameters: [String: Tensor]
    ) {
        self.layout = layout
        self.group = group
        self.mode = mode
        self.parameters = parameters
    }

    /// Elements of one process's share of a unit.
    private func share(_ unit: ShardLayout.Unit) -> Int {
        let whole = unit.shardLength * layout.shardCount
        return (whole + group.worldSize - 1) / group.worldSize
    }

    /// Sends a unit's gradients off after its backward pass, when it is time for that.
    ///
    /// - Parameter isLast: whether this is the last micro-batch of the update.
    func reduce(_ number: Int, isLast: Bool) throws {
        let unit = layout.units[number]
        guard mode.sharesGradients || isLast else {
            try keep(unit)
            localBytes[number] = try bytes(unit)
            observe()
            return
        }
        localBytes[number] = try bytes(unit)
        try retire()
        let length = share(unit) * group.worldSize
        let buffers = try makeBuffers(on: device(of: unit))
        let sent = try buffers.sent.narrowed(0, from: 0, length: length)
        let received = try buffers.received.narrowed(0, from: 0, length: length)
        observe()
        try sent.setZero()
        for entry in unit.entries {
            guard let gradient = try takeGradient(entry) else { continue }
            seen.insert(entry.name)
            try sent.narrowed(0, from: entry.offset, length: entry.count)
                .assign(gradient.reshaped([entry.count]))
            if mode == .none { wholes[entry.name] = try gradient.to(dtype: .float32) }
        }
        localBytes[number] = nil
        observe()
        transfer = Transfer(unit: number, work: try group.allToAll(sent, into: received))
    }

    private func device(of unit: ShardLayout.Unit) -> Device {
        parameters[unit.entries.first?.name ?? ""]?.device ?? .cpu
    }

    private func bytes(_ unit: ShardLayout.Unit) throws -> Int {
        try unit.entries.reduce(0) { sum, entry in
            sum + (local[entry.name]?.byteCount ?? 0)
                + (try parameters[entry.name]?.gradient()?.byteCount ?? 0)
        }
    }

    /// Moves gradients of lower precision into float32 sums.
    private func keep(_ unit: ShardLayout.Unit) throws {
        for entry in unit.entries {
            guard let gradient = try parameters[entry.name]?.gradient(),
                gradient.dtype != .float32
            else { continue }
            if let sum = local[entry.name] {
                try sum.accumulate(gradient)
            } else {
                local[entry.name] = try gradient.to(dtype: .float32)
            }
            try parameters[entry.name]?.setGradient(nil)
        }
    }

    /// This process's gradient of a parameter, all micro-batches included that were not sent yet.
    private func takeGradient(_ entry: ShardLayout.Entry) throws -> Tensor? {
        let last = try parameters[entry.name]?.gradient()
        try parameters[entry.name]?.setGradient(nil)
        guard let sum = local.removeValue(forKey: entry.name) else { return last }
        if let last { try sum.accumulate(last) }
        return sum
    }

    private func makeBuffers(on device: Device) throws -> Buffers {
        if let buffers { return buffers }
        let longest = layout.units.filter(\.learns).map { share($0) * group.worldSize }.max() ?? 0
        let made = Buffers(
            sent: try .empty([longest], device: device),
            received: try .empty([longest], device: device),
            gathered: mode == .none ? try .empty([longest], device: device) : nil)
        buffers = made
        return made
    }

    /// Adds what has arrived, rank by rank.
    private func retire() throws {
        guard let transfer, let buffers else { return }
        try transfer.work.wait()
        self.transfer = nil
        let length = share(layout.units[transfer.unit])
        let parts = try (0..<group.worldSize).map { rank in
            try buffers.received.narrowed(0, from: rank * length, length: length)
        }
        let former = shares[transfer.unit]
        let sum = try former ?? parts[0].cloned()
        for part in former == nil ? parts.dropFirst() : parts[...] { try sum.accumulate(part) }
        guard let gathered = buffers.gathered else {
            shares[transfer.unit] = sum
            return
        }
        try handOut()
        let whole = try gathered.narrowed(0, from: 0, length: length * group.worldSize)
        gather = Gather(
            unit: transfer.unit, work: try group.allGather(sum, into: whole), share: sum)
        observe()
    }

    /// Puts the sums that have come from all in the place of this process's gradients.
    private func handOut() throws {
        guard let gather, let gathered = buffers?.gathered else { return }
        try gather.work.wait()
        self.gather = nil
        for entry in layout.units[gather.unit].entries {
            let place = try wholes[entry.name] ?? .empty(entry.shape, device: gathered.device)
            try place.assign(
                gathered.narrowed(0, from: entry.offset, length: entry.count)
                    .reshaped(entry.shape))
            wholes[entry.name] = place
        }
    }

    /// Waits for all sums.
    ///
    /// - Returns: the sums of the gradients of this process's pieces, without those of parameters that
    ///   got a gradient nowhere.
    func finish() throws -> [String: Tensor] {
        try retire()
        try handOut()
        let names = layout.units.filter(\.learns).flatMap { $0.entries.map(\.name) }
        let flags = try group.reduce(names.map { seen.contains($0) ? 1 : 0 }, .maximum)
        let present = Set(zip(names, flags).filter { $0.1 > 0 }.map(\.0))
        var sums = wholes.filter { present.contains($0.key) }
        if mode != .none {
            for piece in layout.pieces(of: group.rank) where present.contains(piece.name) {
                sums[piece.name] = try shares[piece.unit]?.narrowed(
                    0, from: piece.inShard.lowerBound, length: piece.inShard.count)
            }
        }
        shares = [:]
        wholes = [:]
        seen = []
        return sums
    }
}
