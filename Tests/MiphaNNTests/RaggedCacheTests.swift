import MiphaFiles
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Attention of ragged rows behind shared beginnings, against each row computed by itself.
@Suite struct RaggedCacheTests {
    private static let heads = 2
    private static let width = 8
    private static let scale = 0.5

    /// A row's keys and values, beginning included.
    private struct Row {
        var keys, values: [Tensor]  // [1, 1, heads, width] each
    }

    private func token(_ seed: UInt64) throws -> Tensor {
        var generator = SplitMix64(seed: seed)
        return try Tensor(
            generator.floats(Self.heads * Self.width), shape: [1, 1, Self.heads, Self.width])
    }

    private func prefix(_ seed: UInt64, _ count: Int) throws -> (KeyValuePrefix, [Tensor], [Tensor])
    {
        let keys = try (0..<count).map { try token(seed + 2 * UInt64($0)) }
        let values = try (0..<count).map { try token(seed + 2 * UInt64($0) + 1) }
        let cache = KeyValueCache(layers: 1)
        _ = try cache.append(
            keys: Tensor.concatenating(keys, along: 1).transposed(1, 2),
            values: Tensor.concatenating(values, along: 1).transposed(1, 2), layer: 0)
        return (try cache.prefix(row: 0), keys, values)
    }

    /// Runs one pass and compares every token with plain attention in its row.
    private func check(
        _ pass: RaggedStep, _ rows: inout [Row], _ counts: [Int], seed: UInt64
    ) throws {
        var (q, k, v): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
        var expected: [Tensor] = []
        for row in rows.indices {
            for _ in 0..<counts[row] {
                let place = UInt64(q.count)
                q.append(try token(seed + 3 * place))
                k.append(try token(seed + 3 * place + 1))
                v.append(try token(seed + 3 * place + 2))
                rows[row].keys.append(k[k.count - 1])
                rows[row].values.append(v[v.count - 1])
                expected.append(
                    try Functions.attention(
                        q[q.count - 1].transposed(1, 2),
                        Tensor.concatenating(rows[row].keys, along: 1).transposed(1, 2),
                        Tensor.concatenating(rows[row].values, along: 1).transposed(1, 2),
                        mask: nil, causal: false, scale: Self.scale
                    ).transposed(1, 2))
            }
        }
        let found = try pass.attend(
            .concatenating(q, along: 1), .concatenating(k, along: 1),
            .concatenating(v, along: 1), layer: 0, scale: Self.scale)
        let comparison = try Comparison(
            "pass", found.values(as: Float.self),
            Tensor.concatenating(expected, along: 1).values(as: Float.self), .of(.operation))
        #expect(comparison.passes, "\(comparison)")
    }

    @Test(arguments: 0..<12)
    func `every token sees its beginning, its row and itself`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var groups: [RaggedCache.Group] = []
        var rows: [Row] = []
        for group in 0..<Int.random(in: 1...4, using: &generator) {
            let count = Int.random(in: 1...4, using: &generator)
            let length = Int.random(in: 0...9, using: &generator)
            let (prefix, keys, values) = try prefix(1000 * UInt64(group) + 7, max(1, length))
            groups.append(RaggedCache.Group(prefix: length > 0 ? prefix : nil, rowCount: count))
            for _ in 0..<count {
                rows.append(
                    Row(keys: length > 0 ? keys : [], values: length > 0 ? values : []))
            }
        }
        let cache = RaggedCache(layers: 1, groups: groups)
        let counts = rows.map {
            Int.random(in: ($0.keys.isEmpty ? 1 : 0)...6, using: &generator)
        }
        if counts.contains(where: { $0 > 0 }) {
            let pass = try cache.reading(counts)
            #expect(pass.lastPlaces.map { $0 != nil } == counts.map { $0 > 0 })
            try check(pass, &rows, counts, seed: 50_000)
        }
        // Far enough for the storage to grow.
        for step in 0..<90 where !rows.isEmpty {
            #expect(cache.positions == rows.map(\.keys.count))
            let pass = try cache.stepping()
            #expect(pass.positions == rows.map(\.keys.count))
            try check(
                pass, &rows, rows.map { _ in 1 }, seed: 100_000 + 1000 * UInt64(step))
            guard step % 20 == 3, rows.count > 1 else { continue }
            let dropped = Int.random(in: rows.indices, using: &generator)
            try cache.keep(rows.indices.filter { $0 != dropped })
            rows.remove(at: dropped)
        }
        #expect(cache.groups.reduce(0) { $0 + $1.rowCount } == rows.count)
    }

    @Test func `a beginning of a prefix is a prefix`() throws {
        let (prefix, keys, values) = try prefix(3, 9)
        let first = try prefix.first(4)
        #expect(prefix.length == 9)
        #expect(first.length == 4)
        let cache = RaggedCache(
            layers: 1, groups: [RaggedCache.Group(prefix: first, rowCount: 1)])
        var rows = [Row(keys: Array(keys[..<4]), values: Array(values[..<4]))]
        #expect(cache.positions == [4])
        try check(try cache.reading([3]), &rows, [3], seed: 90)
    }

    @Test func `rows that leave take a beginning with them that nobody else has`() throws {
        let (prefix, _, _) = try prefix(3, 2)
        let cache = RaggedCache(
            layers: 1,
            groups: [
                RaggedCache.Group(prefix: prefix, rowCount: 2),
                RaggedCache.Group(prefix: nil, rowCount: 1),
            ])
        try cache.keep([2])
        #expect(cache.groups.count == 1)
        #expect(cache.groups[0].prefix == nil)
        #expect(cache.lengths == [0])
    }
}
