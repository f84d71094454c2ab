import MiphaFiles
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Texts in a paged cache beside lists of the keys and values that they should hold.
struct PagedTexts {
    /// A text and its lists, `[1, 1, heads, width]` by layer and position.
    struct Text {
        let sequence: PagedSequence
        var keys: [[Tensor]]
        var values: [[Tensor]]

        var length: Int { keys[0].count }
    }

    static let layers = 2
    static let width = 8

    let plain: PlainAttention
    let cache = PagedCache(layers: Self.layers, device: .underTest)
    var texts: [Text] = []
    private var seed: UInt64

    init(_ plain: PlainAttention = PlainAttention(), seed: UInt64 = 1) {
        self.plain = plain
        self.seed = seed << 32
    }

    /// Adds an empty text.
    mutating func start(bound: Int? = nil) {
        let nothing = [[Tensor]](repeating: [], count: Self.layers)
        texts.append(
            Text(sequence: PagedSequence(bound: bound), keys: nothing, values: nothing))
    }

    /// Adds a text that begins like another.
    mutating func fork(_ text: Int, first count: Int? = nil) {
        let source = texts[text]
        let count = count ?? source.length
        texts.append(
            Text(
                sequence: source.sequence.fork(first: count),
                keys: source.keys.map { Array($0[..<count]) },
                values: source.values.map { Array($0[..<count]) }))
    }

    private mutating func token(_ heads: Int) throws -> Tensor {
        seed += 1
        return try randomTensor([1, 1, heads, Self.width], seed: seed)
    }

    /// Appends tokens in one pass and compares every result with the formula over the lists.
    mutating func append(_ counts: [Int], to rows: [Int]) throws {
        let positions = zip(rows, counts).flatMap { texts[$0].length..<texts[$0].length + $1 }
        let pass = try cache.pass(rows.map { texts[$0].sequence }, counts: counts)
        #expect(try pass.positions.values(as: Int.self) == positions)
        #expect(pass.lastPlaces.map { $0 != nil } == counts.map { $0 > 0 })
        for layer in 0..<Self.layers {
            var (q, k, v): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
            var expected: [Tensor] = []
            for (row, count) in zip(rows, counts) where count > 0 {
                let past = texts[row].keys[layer].count
                for _ in 0..<count {
                    q.append(try token(plain.heads))
                    k.append(try token(plain.keyValueHeads))
                    v.append(try token(plain.keyValueHeads))
                }
                texts[row].keys[layer] += k.suffix(count)
                texts[row].values[layer] += v.suffix(count)
                expected.append(
                    try plain(
                        .concatenating(q.suffix(count), along: 1),
                        .concatenating(texts[row].keys[layer], along: 1),
                        .concatenating(texts[row].values[layer], along: 1)
                    ) { _, query, key in plain.reaches(past + query, key) })
            }
            let found = try plain.attend(
                pass, .concatenating(q, along: 1), .concatenating(k, along: 1),
                .concatenating(v, along: 1), layer: layer)
            try expectClose(
                "layer \(layer)", found, .concatenating(expected, along: 1),
                Tolerance(relative: 4e-6))
        }
        for text in texts { #expect(text.sequence.length == text.length) }
    }

    /// Gives a text's pages back.
    mutating func release(_ text: Int) {
        texts[text].sequence.release()
        texts.remove(at: text)
    }

    /// Checks that pages in use are those of the texts.
    func checkPages() {
        #expect(cache.pagesInUse <= texts.reduce(0) { $0 + $1.sequence.pageCount })
        #expect(cache.pagesInUse <= cache.pageCount)
        for text in texts {
            #expect(text.sequence.pageCount * PagedCache.pageLength >= text.length)
        }
        if texts.isEmpty {
            #expect(cache.pagesInUse == 0)
            #expect(cache.pageCount == 0)
        }
    }
}
