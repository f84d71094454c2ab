import MiphaChat
import MiphaData
import MiphaTestSupport
import MiphaTokenizers
import Synchronization
import Testing

@Suite struct TokenLengthsTests {
    private let folder: TemporaryFolder
    private let tokenizer: Tokenizer

    init() throws {
        folder = try TemporaryFolder()
        tokenizer = try Tokenizer(folder: PackagePaths.fixture("tokenizers/small"))
    }

    private func encoder(_ limit: Int? = 2048) throws -> ConversationEncoder {
        try ConversationEncoder(
            tokenizer: tokenizer, template: ChatFormat.named("phi"),
            options: EncodingOptions(maximumLength: limit))
    }

    private func index(_ count: Int, bad: Set<Int> = []) throws -> SampleIndex {
        let items = (0..<count).map { number in
            let words = (0..<number % 17).map { "w\($0)" }.joined(separator: " ")
            let image = number % 3 == 0 ? "\(number).jpg" : nil
            // Without a marker for its image a sample cannot be encoded.
            let marker = (image == nil) == bad.contains(number) ? "<image>\n" : ""
            return item("\(number)", image: image, ["\(marker)Say \(words)", "Fine, \(number)."])
        }
        return try SampleIndex([
            source(items.joined(separator: "\n"), in: folder)
        ])
    }

    @Test func `a length is the ids with each marker as its patches`() throws {
        let index = try index(300)
        let encoder = try encoder()
        let lengths = try TokenLengths(index, encoder: encoder, patches: 729, threads: 1).lengths
        for number in 0..<300 {
            let ids = try encoder.encode(index.sample(number)).ids
            let expected = ids.reduce(0) { $0 + ($1 == ImageMarker.id ? 729 : 1) }
            #expect(Int(lengths[number]) == expected)
            #expect((expected > 729) == (number % 3 == 0))
        }
    }

    @Test func `the number of threads changes nothing`() throws {
        let index = try index(700)
        let encoder = try encoder(40)
        let one = try TokenLengths(index, encoder: encoder, patches: 9, threads: 1)
        for threads in [2, 3, 8, 1_000] {
            let many = try TokenLengths(index, encoder: encoder, patches: 9, threads: threads)
            #expect(many.lengths == one.lengths)
        }
        #expect((one.lengths.max() ?? 0) <= 40 + 8)
    }

    @Test func `progress rises to the number of samples`() throws {
        let reports = Mutex<[Int]>([])
        _ = try TokenLengths(
            index(500), encoder: encoder(), patches: 4, threads: 4,
            progress: { done in reports.withLock { $0.append(done) } })
        let seen = reports.withLock { $0 }
        #expect(seen == seen.sorted())
        #expect(seen.last == 500)
    }

    @Test(arguments: [1, 2, 7])
    func `the first bad sample is the error, however many threads`(_ threads: Int) throws {
        let index = try index(600, bad: [130, 131, 400])
        let error = try #require(throws: ChatError.self) {
            try TokenLengths(index, encoder: encoder(), patches: 4, threads: threads)
        }
        #expect(error.code == .imageMarkers)
        #expect(error.message.contains("item 130:"), "\(error.message)")
    }

    @Test func `bad samples can be listed instead`() throws {
        let index = try index(600, bad: [130, 131, 400])
        let all = try TokenLengths(
            index, encoder: encoder(), patches: 4, threads: 3, keepsFailures: true)
        #expect(all.failures.map(\.sample) == [130, 131, 400])
        #expect(all.failures.allSatisfy { $0.error.code == .imageMarkers })
        #expect([130, 131, 400].allSatisfy { all.lengths[$0] == 0 })
        #expect(all.lengths.count { $0 == 0 } == 3)
    }

    @Test func `settings out of range are refused`() throws {
        let index = try index(2)
        for (patches, threads) in [(-1, 1), (4, 0), (1 << 40, 1)] {
            #expect(throws: DataError.self) {
                try TokenLengths(index, encoder: encoder(), patches: patches, threads: threads)
            }
        }
    }
}
