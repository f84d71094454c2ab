import MiphaTorch

/// Some tokens of a list.
enum TokenChoice {
    case range(Range<Int>)
    case list(Tensor)

    init(_ tokens: [Int], device: Device) throws(TensorError) {
        let first = tokens.first ?? 0
        let range = first..<first + tokens.count
        self =
            tokens == Array(range) ? .range(range) : .list(try Tensor(tokens).uploaded(to: device))
    }

    /// The rows of `x` `[tokens, ...]`.
    func rows(_ x: Tensor) throws(TensorError) -> Tensor {
        switch self {
        case .range(let range): try x.narrowed(0, from: range.lowerBound, length: range.count)
        case .list(let list): try x.selecting(list)
        }
    }
}

/// Neighbouring slots that tokens of one pass go to: what they hold is written and read at once.
final class PagedRun {
    /// The share of one text in a pass.
    struct Row {
        let slab: PageSlab
        let slot: Int
        /// Positions that the run holds before the pass.
        let past: Int
        /// The tokens of the pass.
        let tokens: Range<Int>

        var length: Int { past + tokens.count }
    }

    /// The place to which the tokens of a pass are written.
    private enum Target {
        /// The same positions of every slot.
        case block(Range<Int>)
        /// A position for each token: its slot, and its place there.
        case scattered([(slot: Int, place: Int)])
    }

    /// Numbers of the tokens in the pass, in the order of the slots.
    let tokens: [Int]

    private let slab: PageSlab
    private let slots: Range<Int>
    private let keyCount, longest: Int
    private let isCausal: Bool
    private let choice: TokenChoice
    /// Place of each token among queries padded to a common count; `nil` when there is no padding.
    private let places: Tensor?
    /// `[slots, 1, queries, keys]`, true = attend; `nil`: all, or causal.
    private let mask: Tensor?
    private let target: Target
    private let device: Device
    /// Places of the heads of the scattered tokens in the memory of a layer, by number of heads.
    private var scattered: [Int: Tensor] = [:]

    /// - Parameter rows: texts in one memory, each with tokens, by slot.
    init(_ rows: [Row], device: Device) throws(TensorError) {
        let first = rows[0].slot
        slab = rows[0].slab
        slots = first..<rows[rows.count - 1].slot + 1
        let longest = rows.map(\.tokens.count).max() ?? 0
        self.longest = longest
        keyCount = rows.map(\.length).max() ?? 0
        tokens = rows.flatMap(\.tokens)
        choice = try TokenChoice(tokens, device: device)
        let places = rows.flatMap { row in
            row.tokens.indices.map {
                (row.slot - first) * longest + $0 - row.tokens.lowerBound
            }
        }
        let isFull = places == Array(0..<slots.count * longest)
        self.places = isFull ? nil : try Tensor(places).uploaded(to: device)
        isCausal = longest > 1 && rows.allSatisfy { $0.past == 0 }
        mask =
            isCausal ? nil : try Self.mask(rows, slots, longest, keyCount)?.uploaded(to: device)
        let past = rows[0].past
        if isFull, rows.allSatisfy({ $0.past == past }) {
            target = .block(past..<past + longest)
        } else {
            target = .scattered(
                rows.flatMap { row in row.tokens.indices.map { ($0, row) } }.map { token, row in
                    (row.slot, row.past + token - row.tokens.lowerBound)
                })
        }
        self.device = device
    }

    private static func mask(
        _ rows: [Row], _ slots: Range<Int>, _ longest: Int, _ keyCount: Int
    ) throws(TensorError) -> Tensor? {
        guard longest > 1 || rows.contains(where: { $0.length != keyCount }) else { return nil }
        // A query that stands for no token sees the first key, so that its unused result is a number.
        var values = Array(repeating: false, count: slots.count * longest * keyCount)
        for query in 0..<slots.count * longest { values[query * keyCount] = true }
        for row in rows {
            for offset in 0..<row.tokens.count {
                let query = (row.slot - slots.lowerBound) * longest + offset
                for key in 0...row.past + offset { values[query * keyCount + key] = true }
            }
        }
        return try Tensor(values, shape: [slots.count, 1, longest, keyCount])
    }

    /// Stores keys and values of the tokens of a pass, `[tokens, heads, width]`.
    func store(_ k: Tensor, _ v: Tensor, layer: Int) throws(TensorError) {
        let (heads, width) = (k.size(1), k.size(2))
        let storage = try slab.storage(layer, heads: heads, width: width, like: k)
        let new = PageSlab.Storage(keys: try choice.rows(k), values: try choice.rows(v))
        switch target {
        case .block(let positions):
            let shape = [slots.count, longest, heads, width]
            try storage.part(slots: slots, positions: positions).assign(
                PageSlab.Storage(
                    keys: try new.keys.reshaped(shape).transposed(1, 2),
                    values: try new.values.reshaped(shape).transposed(1, 2)))
        case .scattered(let tokens):
            let places = try scattered(tokens, heads: heads, positions: storage.keys.size(2))
            try storage.keys.reshaped([-1, width])
                .assignRows(new.keys.reshaped([-1, width]), at: places)
            try storage.values.reshaped([-1, width])
                .assignRows(new.values.reshaped([-1, width]), at: places)
        }
    }

    /// Places of the heads of tokens among all vectors of a layer.
    private func scattered(
        _ tokens: [(slot: Int, place: Int)], heads: Int, positions: Int
    ) throws(TensorError) -> Tensor {
        if let known = scattered[heads] { return known }
        let places = tokens.flatMap { token in
            (0..<heads).map { (token.slot * heads + $0) * positions + token.place }
        }
        let tensor = try Tensor(places).uploaded(to: device)
        scattered[heads] = tensor
        return tensor
    }

    /// Attention of the tokens of a pass to what their texts hold in these slots.
    ///
    /// - Parameters:
    ///   - q: `[tokens, heads, width]`.
    ///   - joins: whether other keys will be added, which takes the sums.
    /// - Returns: for the tokens of the run `[tokens, heads, width]`, and the sums `[tokens,
    ///   heads]`.
    func attend(
        _ q: Tensor, layer: Int, scale: Double, joins: Bool
    ) throws(TensorError) -> (mixed: Tensor, sums: Tensor?) {
        let (heads, width) = (q.size(1), q.size(2))
        guard let storage = try slab.layers[layer]?.part(slots: slots, positions: 0..<keyCount)
        else { preconditionFailure("keys are stored before they are read") }
        let queries = try padded(choice.rows(q))
        guard joins else {
            let mixed = try Functions.attention(
                queries, storage.keys, storage.values, mask: mask, causal: isCausal, scale: scale)
            return (try packed(mixed.transposed(1, 2), [heads, width]), nil)
        }
        let part = try Functions.attentionPart(
            queries, storage.keys, storage.values, mask: mask, causal: isCausal, scale: scale)
        return (
            try packed(part.mixed.transposed(1, 2), [heads, width]),
            try packed(part.sums.transposed(1, 2), [heads])
        )
    }

    /// Queries `[tokens, heads, width]` as `[slots, heads, longest, width]`.
    private func padded(_ queries: Tensor) throws(TensorError) -> Tensor {
        let (heads, width) = (queries.size(1), queries.size(2))
        var all = queries
        if let places {
            all = try .zeros(
                [slots.count * longest, heads, width], dtype: queries.dtype,
                device: queries.device)
            try all.assignRows(queries, at: places)
        }
        return try all.reshaped([slots.count, longest, heads, width]).transposed(1, 2)
    }

    /// Results `[slots, longest, ...]` as `[tokens, ...]`.
    private func packed(_ results: Tensor, _ rest: [Int]) throws(TensorError) -> Tensor {
        let all = try results.reshaped([-1] + rest)
        guard let places else { return all }
        return try all.selecting(places)
    }
}
