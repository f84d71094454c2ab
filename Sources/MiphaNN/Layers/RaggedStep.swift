public import MiphaTorch

/// One pass over new tokens of the rows of a ragged cache.
///
/// The tokens of all rows stand in one list, row after row, without padding: everything but
/// attention treats each by itself. Attention joins two parts: all queries of a group against the
/// group's shared keys, and each row's queries against the row's own.
public final class RaggedStep {
    private let cache: RaggedCache
    private let counts: [Int]
    /// Number of each token's slot in the storage of all rows.
    private let slots: Tensor
    /// Place of each token among queries padded to a common count; `nil` when all counts are equal.
    private let places: Tensor?
    /// `[rows, 1, 1, keys]` for passes of one token; `nil` when all rows are of one length.
    private let mask: Tensor?
    /// Own keys of the longest row, those of this pass included.
    private let keyCount: Int

    /// Position of each token.
    public let positions: [Int]
    /// Place of each row's last token in the list; a row without tokens has none.
    public let lastPlaces: [Int?]

    init(
        cache: RaggedCache, former: [Int], counts: [Int], capacity: Int, device: Device
    ) throws(TensorError) {
        self.cache = cache
        self.counts = counts
        let longest = counts.max() ?? 0
        var (slots, places, positions): ([Int], [Int], [Int]) = ([], [], [])
        var lastPlaces: [Int?] = []
        for (row, next) in cache.positions.enumerated() {
            for offset in 0..<counts[row] {
                slots.append(row * capacity + former[row] + offset)
                places.append(row * longest + offset)
                positions.append(next + offset)
            }
            lastPlaces.append(counts[row] > 0 ? positions.count - 1 : nil)
        }
        let lengths = zip(former, counts).map { $0 + $1 }
        let keyCount = lengths.max() ?? 0
        self.keyCount = keyCount
        self.positions = positions
        self.lastPlaces = lastPlaces
        self.slots = try Tensor(slots).to(device: device)
        let isEven = counts.allSatisfy { $0 == longest }
        self.places = isEven ? nil : try Tensor(places).to(device: device)
        guard longest == 1, lengths.contains(where: { $0 != keyCount }) else {
            mask = nil
            return
        }
        // A row without a token now sees its first slot, so that its unused result holds numbers.
        let sees = lengths.flatMap { length in (0..<keyCount).map { $0 < max(length, 1) } }
        mask = try Tensor(sees, shape: [lengths.count, 1, 1, keyCount]).to(device: device)
    }

    /// Attention of the new tokens to everything before them in their rows, and to themselves.
    ///
    /// - Parameters:
    ///   - q: `[1, tokens, heads, width]`; `k`, `v` likewise.
    ///   - layer: number of the layer; each is asked once in a pass.
    /// - Returns: like `q`.
    public func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int, scale: Double
    ) throws(TensorError) -> Tensor {
        let (tokens, heads, width) = (q.size(1), q.size(2), q.size(3))
        let flat = [tokens, heads, width]
        let stored = try cache.store(
            keys: k.reshaped(flat), values: v.reshaped(flat), at: slots, layer: layer,
            count: keyCount)
        let longest = counts.max() ?? 0
        let part = try Functions.attentionPart(
            padded(q.reshaped(flat), longest), stored.keys, stored.values, mask: mask,
            causal: longest > 1, scale: scale)
        let own = PartialAttention(
            mixed: try packed(part.mixed.transposed(1, 2), [heads, width]),
            sums: try packed(part.sums.transposed(1, 2), [heads]))
        guard cache.groups.contains(where: { $0.prefix != nil }) else {
            return try own.mixed.reshaped(q.shape)
        }
        return try Functions.attentionJoin(shared(q, layer: layer, scale: scale), own)
            .reshaped(q.shape)
    }

    /// Queries `[tokens, heads, width]` as `[rows, heads, longest, width]`.
    private func padded(_ queries: Tensor, _ longest: Int) throws(TensorError) -> Tensor {
        let shape = [counts.count * longest, queries.size(1), queries.size(2)]
        var all = queries
        if let places {
            all = try .zeros(shape, dtype: queries.dtype, device: queries.device)
            try all.assignRows(queries, at: places)
        }
        return try all.reshaped([counts.count, longest, shape[1], shape[2]]).transposed(1, 2)
    }

    /// Results `[rows, longest, ...]` as `[tokens, ...]`.
    private func packed(_ results: Tensor, _ rest: [Int]) throws(TensorError) -> Tensor {
        let all = try results.reshaped([-1] + rest)
        guard let places else { return all }
        return try all.selecting(places)
    }

    /// Attention to the shared beginnings, `[tokens, heads, width]`.
    private func shared(
        _ q: Tensor, layer: Int, scale: Double
    ) throws(TensorError) -> PartialAttention {
        let (heads, width) = (q.size(2), q.size(3))
        var (mixed, sums): ([Tensor], [Tensor]) = ([], [])
        var (row, token) = (0, 0)
        for group in cache.groups {
            let count = counts[row..<row + group.rowCount].reduce(0, +)
            row += group.rowCount
            guard count > 0 else { continue }
            if let prefix = group.prefix {
                let part = try Functions.attentionPart(
                    q.narrowed(1, from: token, length: count).transposed(1, 2),
                    prefix.keys[layer], prefix.values[layer], mask: nil, causal: false,
                    scale: scale)
                mixed.append(try part.mixed.transposed(1, 2).reshaped([count, heads, width]))
                sums.append(try part.sums.transposed(1, 2).reshaped([count, heads]))
            } else {
                mixed.append(
                    try .zeros([count, heads, width], dtype: q.dtype, device: q.device))
                sums.append(
                    try .full([count, heads], -Double.infinity, device: q.device))
            }
            token += count
        }
        guard mixed.count > 1 else { return PartialAttention(mixed: mixed[0], sums: sums[0]) }
        return PartialAttention(
            mixed: try .concatenating(mixed, along: 0), sums: try .concatenating(sums, along: 0))
    }
}
