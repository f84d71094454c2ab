import MiphaFiles
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Texts that append, fork and go, against lists of keys and values.
@Suite struct PagedCacheTests {
    private static let page = PagedCache.pageLength

    @Test(arguments: 0..<16)
    func `any course of appending, forking and leaving gives what lists give`(
        seed: UInt64
    ) throws {
        var generator = SplitMix64(seed: seed)
        var texts = PagedTexts(
            PlainAttention.all[Int(seed) % PlainAttention.all.count], seed: seed)
        for _ in 0..<60 {
            let count = texts.texts.count
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<2 where count < 8:
                texts.start()
            case 2..<4 where (1..<8).contains(count):
                let text = Int.random(in: 0..<count, using: &generator)
                let length = texts.texts[text].length
                texts.fork(
                    text,
                    first: Bool.random(using: &generator)
                        ? nil : Int.random(in: 0...length, using: &generator))
            case 4 where count > 0:
                texts.release(Int.random(in: 0..<count, using: &generator))
            default:
                let rows = (0..<count).shuffled(using: &generator)
                    .prefix(Int.random(in: 0...count, using: &generator))
                let isStep = Bool.random(using: &generator)
                let counts = rows.map { _ in
                    isStep ? 1 : Int.random(in: 0...40, using: &generator)
                }
                guard counts.contains(where: { $0 > 0 }) else { continue }
                try texts.append(counts, to: Array(rows))
            }
            texts.checkPages()
        }
        while !texts.texts.isEmpty { texts.release(0) }
        texts.checkPages()
    }

    @Test(arguments: [1, 5, 16, 19, 47], PlainAttention.all)
    func `neighbouring rows read a beginning that they share and then their own tokens`(
        length: Int, plain: PlainAttention
    ) throws {
        var texts = PagedTexts(plain, seed: UInt64(length))
        for _ in 0..<2 { texts.start(bound: length) }
        try texts.append([length, length], to: [0, 1])
        for beginning in [0, 0, 0, 1, 1] { texts.fork(beginning) }
        texts.start()
        // Rows without tokens stand among the others.
        try texts.append([3, 0, 7, 5, 0, 2], to: [2, 3, 4, 5, 6, 7])
        let before = texts.cache.pagesInUse
        for _ in 0..<3 { try texts.append([1, 1, 1, 1, 1, 1], to: [2, 3, 4, 5, 6, 7]) }
        #expect(texts.cache.pagesInUse == before)
        // Rows leave from the middle and nothing of the others moves.
        texts.release(3)
        try texts.append([1, 1, 1, 1, 1], to: [2, 3, 4, 5, 6])
        texts.release(4)
        texts.release(4)
        #expect(texts.cache.pagesInUse <= before)
        // Far enough for the runs to grow, twice.
        for _ in 0..<140 { try texts.append([1, 1, 1], to: [2, 3, 4]) }
        while !texts.texts.isEmpty { texts.release(0) }
        texts.checkPages()
    }

    @Test func `a text and its forks may all go on from the middle of a page`() throws {
        var texts = PagedTexts(seed: 7)
        texts.start()
        try texts.append([Self.page + 5], to: [0])
        for count in [Self.page + 5, Self.page + 2, Self.page, 3, 0] {
            texts.fork(0, first: count)
        }
        for _ in 0..<2 * Self.page {
            try texts.append([1, 1, 1, 1, 1, 1], to: [0, 1, 2, 3, 4, 5])
        }
        texts.fork(3)
        try texts.append([2, 9, 1], to: [6, 0, 3])
    }

    @Test func `a beginning outlives the text that it was read for, in another cache too`() throws {
        var texts = PagedTexts(seed: 3)
        texts.start()
        try texts.append([40], to: [0])
        var others = PagedTexts(seed: 4)
        others.texts = [texts.texts[0]]
        others.fork(0, first: 21)
        texts.release(0)
        others.texts.removeFirst()
        #expect(texts.cache.pagesInUse == 2)
        try others.append([3], to: [0])
        try others.append([1], to: [0])
        others.release(0)
        #expect(texts.cache.pagesInUse == 0)
        #expect(others.cache.pagesInUse == 0)
    }

    @Test func `a text with a bound takes the pages that it needs`() throws {
        var texts = PagedTexts(seed: 5)
        texts.start(bound: 33)
        try texts.append([33], to: [0])
        #expect(texts.texts[0].sequence.pageCount == 3)
        #expect(texts.cache.pageCount == 3)
    }

    @Test func `keys keep their dtype`() throws {
        let cache = PagedCache(layers: 1, device: .underTest)
        let pass = try cache.pass([PagedSequence()], counts: [3])
        let x = try randomTensor([1, 3, 2, 8], seed: 1).to(dtype: .bfloat16)
        let found = try pass.attend(x, x, x, layer: 0, scale: 1)
        #expect(found.dtype == .bfloat16)
        #expect(found.shape == [1, 3, 2, 8])
    }

    @Test func `places that others leave are used again and hold nothing of them`() throws {
        let cache = PagedCache(layers: 1, device: .underTest)
        let rows = (0..<4).map { _ in PagedSequence() }
        let x = try randomTensor([1, 8, 2, 8], seed: 2)
        _ = try cache.pass(rows, counts: [2, 2, 2, 2]).attend(x, x, x, layer: 0, scale: 1)
        let pages = cache.pageCount
        let nothing = try Tensor.full([1, 1, 2, 8], Double.nan, device: .underTest)
        _ = try cache.pass([rows[1]], counts: [1])
            .attend(nothing, nothing, nothing, layer: 0, scale: 1)
        rows[1].release()
        let fresh = PagedSequence()
        let one = try randomTensor([1, 1, 2, 8], seed: 3)
        let alone = try cache.pass([fresh], counts: [1])
            .attend(one, one, one, layer: 0, scale: 1)
        try expectClose("alone", alone, one)
        #expect(cache.pageCount == pages)
        let four = try randomTensor([1, 4, 2, 8], seed: 4)
        let all = try cache.pass([rows[0], fresh, rows[2], rows[3]], counts: [1, 1, 1, 1])
            .attend(four, four, four, layer: 0, scale: 1)
        #expect(try all.values(as: Float.self).allSatisfy { $0.isFinite })
    }
}
