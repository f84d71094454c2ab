public import MiphaTorch

/// Keys and values of rows of different lengths, each row behind a beginning that it may share.
///
/// A shared beginning is stored once for all its rows. What a row has of its own starts at the first
/// slot of the row's storage, so that rows need no common length.
public final class RaggedCache {
    /// Rows, one after another, that continue the same text.
    public struct Group {
        /// What they continue; `nil` for nothing.
        public let prefix: KeyValuePrefix?
        /// Number of rows.
        public var rowCount: Int

        /// Describes a group.
        public init(prefix: KeyValuePrefix?, rowCount: Int) {
            self.prefix = prefix
            self.rowCount = rowCount
        }
    }

    struct Slot {
        /// `[rows, capacity, heads, width]`.
        var keys, values: Tensor
    }

    /// Positions by which storage grows beyond what is needed at once.
    package static let reserve = 64

    /// The rows' beginnings in the order of the rows.
    public private(set) var groups: [Group]
    /// Positions that each row holds behind its beginning.
    public private(set) var lengths: [Int]
    private(set) var capacity = 0
    private var slots: [Slot?]

    /// Creates rows that hold nothing but their beginnings.
    public init(layers: Int, groups: [Group]) {
        self.groups = groups
        lengths = Array(repeating: 0, count: groups.reduce(0) { $0 + $1.rowCount })
        slots = Array(repeating: nil, count: layers)
    }

    /// Position of each row's next token, its beginning included.
    public var positions: [Int] {
        let before = groups.flatMap { group in
            repeatElement(group.prefix?.length ?? 0, count: group.rowCount)
        }
        return zip(before, lengths).map { $0 + $1 }
    }

    /// Starts the pass in which rows that hold nothing yet get their first tokens.
    ///
    /// - Parameters:
    ///   - counts: number of tokens for each row, some of them perhaps 0.
    ///   - device: where the keys will be.
    public func reading(_ counts: [Int], device: Device = .cpu) throws(TensorError) -> RaggedStep {
        precondition(lengths.allSatisfy { $0 == 0 }, "rows are read once")
        return try begin(counts, device)
    }

    /// Starts a pass with one more token for every row.
    public func stepping(device: Device = .cpu) throws(TensorError) -> RaggedStep {
        try begin(Array(repeating: 1, count: lengths.count), device)
    }

    private func begin(_ counts: [Int], _ device: Device) throws(TensorError) -> RaggedStep {
        precondition(counts.count == lengths.count, "one count for each row")
        let needed = zip(lengths, counts).map { $0 + $1 }
        let longest = needed.max() ?? 0
        if longest > capacity { capacity = longest + Self.reserve }
        let step = try RaggedStep(
            cache: self, former: lengths, counts: counts, capacity: capacity, device: device)
        lengths = needed
        return step
    }

    /// Keeps only some of the rows.
    ///
    /// - Parameter rows: their numbers in ascending order; at least one.
    public func keep(_ rows: [Int]) throws(TensorError) {
        precondition(!rows.isEmpty && zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 })
        guard rows.count < lengths.count else { return }
        for layer in slots.indices {
            guard let slot = slots[layer] else { continue }
            let chosen = try Tensor(rows).to(device: slot.keys.device)
            slots[layer] = Slot(
                keys: try slot.keys.selecting(chosen), values: try slot.values.selecting(chosen))
        }
        var start = 0
        for index in groups.indices {
            let range = start..<start + groups[index].rowCount
            start = range.upperBound
            groups[index].rowCount = rows.count { range.contains($0) }
        }
        groups.removeAll { $0.rowCount == 0 }
        lengths = rows.map { lengths[$0] }
    }

    /// Stores keys and values of new tokens and returns those of every row from its first slot on.
    ///
    /// - Parameters:
    ///   - keys: `[tokens, heads, width]`; `values` likewise.
    ///   - places: `[tokens]`, `row * capacity + slot`.
    /// - Returns: `[rows, heads, count, width]`, views of the cache; zeros where a row is shorter.
    func store(
        keys: Tensor, values: Tensor, at places: Tensor, layer: Int, count: Int
    ) throws(TensorError) -> (keys: Tensor, values: Tensor) {
        var slot: Slot
        if let former = slots[layer] {
            slot = former
            if former.keys.size(1) < capacity { slot = try grown(former) }
        } else {
            slot = Slot(keys: try empty(like: keys), values: try empty(like: values))
        }
        slots[layer] = slot
        let (heads, width) = (keys.size(1), keys.size(2))
        try slot.keys.reshaped([-1, heads, width]).assignRows(keys, at: places)
        try slot.values.reshaped([-1, heads, width]).assignRows(values, at: places)
        return (
            try slot.keys.narrowed(1, from: 0, length: count).transposed(1, 2),
            try slot.values.narrowed(1, from: 0, length: count).transposed(1, 2)
        )
    }

    /// Storage for all rows; zeros, because a number that is not one would pass through a mask.
    private func empty(like tokens: Tensor) throws(TensorError) -> Tensor {
        try .zeros(
            [lengths.count, capacity, tokens.size(1), tokens.size(2)], dtype: tokens.dtype,
            device: tokens.device)
    }

    private func grown(_ slot: Slot) throws(TensorError) -> Slot {
        let shape = slot.keys.shape
        let more = try Tensor.zeros(
            [shape[0], capacity - shape[1], shape[2], shape[3]], dtype: slot.keys.dtype,
            device: slot.keys.device)
        return Slot(
            keys: try .concatenating([slot.keys, more], along: 1),
            values: try .concatenating([slot.values, more], along: 1))
    }
}
