public import MiphaTorch

/// A pass over new tokens of texts in a paged cache; keys and values of the tokens are stored.
///
/// The tokens of all texts stand in one list, text after text, without padding: everything but
/// attention treats each by itself. Attention joins two parts: all queries of neighbouring texts
/// against the pages that they share, and each text's queries against its own run. It is not
/// recorded by autograd.
public final class PagedPass: AttentionPass {
    /// Position of each token in its text, `[1, tokens]`.
    public let positions: Tensor
    /// Place of each text's last token in the list; a text without tokens has none.
    public let lastPlaces: [Int?]
    /// Number of tokens.
    public var tokenCount: Int { positions.size(1) }
    /// Those of the texts after the pass.
    public var lengths: [Int] {
        texts.flatMap { Array(repeating: $0.length, count: $0.tokenCount) }
    }
    /// There is no dropout where keys are kept.
    public var dropout: RandomGenerator? { nil }

    /// Neighbouring texts that share all pages before their runs.
    private struct Group {
        let pages: [ObjectIdentifier]
        /// The extents of the shared pages.
        let shared: [PageExtent]
        var tokens: Range<Int>
    }

    private let texts: [PagedText]
    private var groups: [Group] = []
    private let runs: [PagedRun]
    /// Place of each token among the results of all runs; `nil` when they are in order.
    private let order: Tensor?
    private let device: Device

    init(
        _ rows: [PagedSequence], _ counts: [Int], device: Device
    ) throws(TensorError) {
        self.device = device
        var (positions, lastPlaces): ([Int], [Int?]) = ([], [])
        var parts: [PagedRun.Row] = []
        var texts: [PagedText] = []
        for (row, count) in zip(rows, counts) {
            lastPlaces.append(count > 0 ? positions.count + count - 1 : nil)
            guard count > 0 else { continue }
            let tokens = positions.count..<positions.count + count
            positions += row.length..<row.length + count
            parts.append(
                PagedRun.Row(
                    slab: row.pages[row.runStart].slab, slot: row.runSlot, past: row.runLength,
                    tokens: tokens))
            texts.append(
                PagedText(
                    tokens: tokens, past: row.length,
                    extents: [PageExtent](row.pages, length: row.length + count)))
            let pages = Array(row.pages[..<row.runStart])
            let names = pages.map { ObjectIdentifier($0) }
            if let last = groups.last, last.pages == names {
                groups[groups.count - 1].tokens = last.tokens.lowerBound..<tokens.upperBound
            } else {
                groups.append(
                    Group(
                        pages: names,
                        shared: [PageExtent](pages, length: row.length - row.runLength),
                        tokens: tokens))
            }
        }
        precondition(!positions.isEmpty, "a pass has tokens")
        self.texts = texts
        self.lastPlaces = lastPlaces
        self.positions = try Tensor(positions, shape: [1, positions.count]).uploaded(to: device)
        runs = try Self.runs(parts).map { rows throws(TensorError) in
            try PagedRun(rows, device: device)
        }
        let tokens = runs.flatMap(\.tokens)
        var order = Array(repeating: 0, count: tokens.count)
        for (place, token) in tokens.enumerated() { order[token] = place }
        self.order =
            tokens == Array(tokens.indices) ? nil : try Tensor(order).uploaded(to: device)
    }

    /// Texts that are read at once: those in one memory, divided where most slots between are
    /// others'.
    private static func runs(_ rows: [PagedRun.Row]) -> [[PagedRun.Row]] {
        var slabs: [[PagedRun.Row]] = []
        for row in rows {
            if let index = slabs.firstIndex(where: { $0[0].slab === row.slab }) {
                slabs[index].append(row)
            } else {
                slabs.append([row])
            }
        }
        return slabs.flatMap { rows -> [[PagedRun.Row]] in
            let rows = rows.sorted { $0.slot < $1.slot }
            let span = rows[rows.count - 1].slot - rows[0].slot + 1
            guard 2 * rows.count < span else { return [rows] }
            var runs = [[rows[0]]]
            for row in rows.dropFirst() {
                if row.slot == runs[runs.count - 1].last.map({ $0.slot + 1 }) {
                    runs[runs.count - 1].append(row)
                } else {
                    runs.append([row])
                }
            }
            return runs
        }
    }

    /// Attention of the new tokens to everything before them in their texts, and to themselves.
    public func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int, scale: Double, window: Int?,
        softcap: Double?
    ) throws(TensorError) -> Tensor {
        let (tokens, width) = (q.size(1), q.size(3))
        let keys = try k.reshaped([tokens, k.size(2), width])
        let values = try v.reshaped([tokens, v.size(2), width])
        for run in runs { try run.store(keys, values, layer: layer) }
        let queries = try q.reshaped([tokens, q.size(2), width])
        let form = AttentionForm(scale: scale, window: window, softcap: softcap)
            .within(texts.reduce(0) { max($0, $1.length) })
        guard form.seesAll && form.softcap == nil else {
            var mixed: [Tensor] = []
            for text in texts {
                mixed.append(try text.attend(queries, layer: layer, form, device: device))
            }
            return try Tensor.concatenating(mixed, along: 0).reshaped(q.shape)
        }
        let joins = groups.contains { !$0.shared.isEmpty }
        var (mixed, sums): ([Tensor], [Tensor]) = ([], [])
        for run in runs {
            let part = try run.attend(queries, layer: layer, scale: scale, joins: joins)
            mixed.append(part.mixed)
            if let more = part.sums { sums.append(more) }
        }
        let own = try ordered(mixed)
        guard joins else { return try own.reshaped(q.shape) }
        return try Functions.attentionJoin(
            shared(queries, layer: layer, scale: scale),
            PartialAttention(mixed: own, sums: ordered(sums))
        ).reshaped(q.shape)
    }

    /// Results of the runs in the order of the tokens.
    private func ordered(_ parts: [Tensor]) throws(TensorError) -> Tensor {
        let all = parts.count == 1 ? parts[0] : try .concatenating(parts, along: 0)
        guard let order else { return all }
        return try all.selecting(order)
    }

    /// Attention to the shared pages, `[tokens, heads, width]`.
    private func shared(
        _ q: Tensor, layer: Int, scale: Double
    ) throws(TensorError) -> PartialAttention {
        let (heads, width) = (q.size(1), q.size(2))
        var (mixed, sums): ([Tensor], [Tensor]) = ([], [])
        for group in groups {
            let count = group.tokens.count
            if group.shared.isEmpty {
                mixed.append(
                    try .zeros([count, heads, width], dtype: q.dtype, device: q.device))
                sums.append(try .full([count, heads], -Double.infinity, device: q.device))
            } else {
                let stored = try group.shared.stored(layer)
                let queries = try q.narrowed(0, from: group.tokens.lowerBound, length: count)
                    .reshaped([1, count, heads, width])
                let part = try Functions.attentionPart(
                    queries.transposed(1, 2), stored.keys, stored.values, mask: nil,
                    causal: false, scale: scale)
                mixed.append(try part.mixed.transposed(1, 2).reshaped([count, heads, width]))
                sums.append(try part.sums.transposed(1, 2).reshaped([count, heads]))
            }
        }
        guard mixed.count > 1 else { return PartialAttention(mixed: mixed[0], sums: sums[0]) }
        return PartialAttention(
            mixed: try .concatenating(mixed, along: 0), sums: try .concatenating(sums, along: 0))
    }
}
