import MiphaTorch

/// Sums gradients over the processes of a job while the backward pass goes on below them.
final class GradientReducer {
    private struct Transfer {
        let unit: Int
        let work: CollectiveWork
        /// What is sent, and where the sum arrives.
        let flat, sum: Tensor
        /// The buffer that `flat` is the beginning of, to be used again.
        let buffer: Tensor?
    }

    /// Sums on their way at one time; more would hold more memory, fewer would wait.
    private static let limit = 2

    private let layout: ShardLayout
    private let group: ProcessGroup
    private let mode: ShardingMode
    private let parameters: [String: Tensor]
    private var transfers: [Transfer] = []
    private var buffers: [Tensor] = []
    private var sums: [Int: Tensor] = [:]
    private var seen: Set<String> = []
    private var localBytes: [Int: Int] = [:]

    /// Bytes of the gradients in memory, those on their way included.
    var heldBytes: Int {
        let flights = transfers.reduce(0) {
            $0 + ($1.buffer ?? $1.flat).byteCount + ($1.flat === $1.sum ? 0 : $1.sum.byteCount)
        }
        return flights + buffers.reduce(0) { $0 + $1.byteCount } + localBytes.values.reduce(0, +)
            + sums.values.reduce(0) { $0 + $1.byteCount }
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

    /// Sends a unit's gradients off after its backward pass, when it is time for that.
    ///
    /// - Parameter isLast: whether this is the last micro-batch of the update.
    func reduce(_ number: Int, isLast: Bool) throws {
        let unit = layout.units[number]
        var gradients: [(ShardLayout.Entry, Tensor)] = []
        for entry in unit.entries {
            guard let gradient = try parameters[entry.name]?.gradient() else { continue }
            gradients.append((entry, gradient))
            seen.insert(entry.name)
        }
        localBytes[number] = gradients.reduce(0) { $0 + $1.1.byteCount }
        observe()
        guard mode.sharesGradients || isLast else { return }
        let device = parameters[unit.entries.first?.name ?? ""]?.device ?? .cpu
        while transfers.count >= Self.limit { try retire() }
        let (flat, buffer) = try vector(unit.shardLength * layout.shardCount, on: device)
        for (entry, gradient) in gradients {
            try flat.narrowed(0, from: entry.offset, length: entry.count)
                .assign(gradient.reshaped([entry.count]))
        }
        let sum = mode == .none ? flat : try Tensor.zeros([unit.shardLength], device: device)
        let work =
            mode == .none
            ? try group.allReduce(flat) : try group.reduceScatter(flat, into: sum)
        transfers.append(Transfer(unit: number, work: work, flat: flat, sum: sum, buffer: buffer))
        observe()
        for entry in unit.entries { try parameters[entry.name]?.setGradient(nil) }
        localBytes[number] = nil
    }

    /// A vector of zeros to send; from a buffer that is used again, where the sum arrives elsewhere.
    ///
    /// New memory for every unit would leave the heap full of holes.
    private func vector(_ length: Int, on device: Device) throws -> (flat: Tensor, buffer: Tensor?)
    {
        guard mode != .none else { return (try .zeros([length], device: device), nil) }
        let longest = layout.units.map { $0.shardLength * layout.shardCount }.max() ?? length
        let buffer = try buffers.popLast() ?? .empty([longest], device: device)
        let flat = try buffer.narrowed(0, from: 0, length: length)
        try flat.setZero()
        return (flat, buffer)
    }

    private func retire() throws {
        let transfer = transfers.removeFirst()
        try transfer.work.wait()
        if let buffer = transfer.buffer { buffers.append(buffer) }
        if let before = sums[transfer.unit] {
            try before.accumulate(transfer.sum)
        } else {
            sums[transfer.unit] = transfer.sum
        }
    }

    /// Waits for all sums.
    ///
    /// - Returns: the sum of each unit that was sent, or this process's shard of it, and the names of
    ///   the parameters that got a gradient anywhere.
    func finish() throws -> (sums: [Int: Tensor], present: Set<String>) {
        while !transfers.isEmpty { try retire() }
        let names = layout.units.flatMap { $0.entries.map(\.name) }
        let device = names.first.flatMap { parameters[$0]?.device } ?? .cpu
        let flags = try group.reduce(
            names.map { seen.contains($0) ? 1 : 0 }, .maximum, on: device)
        let result = (sums, Set(zip(names, flags).filter { $0.1 > 0 }.map(\.0)))
        sums = [:]
        seen = []
        return result
    }
}
