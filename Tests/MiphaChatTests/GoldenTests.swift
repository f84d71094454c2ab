import Foundation
import MiphaChat
import MiphaTokenizers
import Testing

private struct Golden: Decodable {
    struct Turn: Decodable {
        let from: String
        let value: String
    }
    struct Item: Decodable {
        let conversations: [Turn]
        let image: String?
    }
    struct Expected: Decodable {
        let ids: [Int]
        let supervised: [[Int]]
        let masked: Bool?

        var labels: [Int] {
            var labels = ids.map { _ in IgnoredLabel.id }
            for run in supervised { for index in run[0]..<run[1] { labels[index] = ids[index] } }
            return labels
        }
    }
    let name: String
    let template: String
    let maximumLength: Int
    let item: Item
    let reference: Expected
    let offsets: Expected?

    enum CodingKeys: String, CodingKey {
        case name, template, item, reference, offsets
        case maximumLength = "maximum_length"
    }

    var sample: ConversationSample {
        ConversationSample(
            id: name, images: item.image.map { [$0] } ?? [],
            turns: item.conversations.map {
                .init($0.from == "human" ? .human : .assistant, $0.value)
            })
    }

    func encode(
        _ labels: EncodingOptions.LabelPolicy, _ tokenizer: Tokenizer
    ) throws -> EncodedSample {
        let options = EncodingOptions(labels: labels, maximumLength: maximumLength)
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: .named(template), options: options)
        return try encoder.encode(sample)
    }
}

/// The Phi tokenizer of the shared data, where it is present.
enum PhiTokenizer {
    static let folder = TestFiles.shared("data/phi-tokenizer")
    static let loaded = Result { try folder.map { try Tokenizer(folder: $0) } }

    static func load() throws -> Tokenizer { try #require(try loaded.get()) }
}

/// Which goldens to compare, with which tokenizer.
enum GoldenFamily: CaseIterable {
    case phi, gemma

    static var available: [GoldenFamily] { PhiTokenizer.folder == nil ? [.gemma] : [.phi, .gemma] }

    var file: String { self == .phi ? "chat/phi.json" : "chat/gemma.json" }

    func tokenizer() throws -> Tokenizer {
        guard self == .gemma else { return try PhiTokenizer.load() }
        let name = "chat/small-gemma-tokenizer.json"
        return try Tokenizer(tokenizerJSON: [UInt8](try TestFiles.fixture(name)), name: name)
    }

    fileprivate func goldens() throws -> [Golden] {
        try JSONDecoder().decode([Golden].self, from: TestFiles.fixture(file))
    }
}

@Suite struct GoldenTests {
    @Test(arguments: GoldenFamily.available)
    func `labels by offsets equal the goldens`(family: GoldenFamily) throws {
        let tokenizer = try family.tokenizer()
        var compared = 0
        for golden in try family.goldens() {
            guard let expected = golden.offsets else { continue }
            let encoded = try golden.encode(.offsets, tokenizer)
            #expect(encoded.ids == expected.ids, "\(golden.name)")
            #expect(encoded.labels == expected.labels, "\(golden.name)")
            compared += 1
        }
        #expect(compared == (family == .phi ? 70 : 46))
    }

    @Test(arguments: GoldenFamily.available)
    func `labels of the reference policy equal the goldens`(family: GoldenFamily) throws {
        let tokenizer = try family.tokenizer()
        var masked = 0
        for golden in try family.goldens() {
            let encoded = try golden.encode(.reference, tokenizer)
            #expect(encoded.ids == golden.reference.ids, "\(golden.name)")
            #expect(encoded.labels == golden.reference.labels, "\(golden.name)")
            #expect(
                encoded.referenceOutcome?.isMasked == golden.reference.masked, "\(golden.name)")
            if encoded.referenceOutcome?.isMasked == true { masked += 1 }
        }
        #expect(masked == (family == .phi ? 16 : 8))
    }

    @Test(arguments: GoldenFamily.available)
    func `both policies agree on ordinary conversations`(family: GoldenFamily) throws {
        let tokenizer = try family.tokenizer()
        let names = ["one image, two rounds", "text only, four rounds", "accents and CJK"]
        for golden in try family.goldens() where names.contains(golden.name) {
            let ours = try golden.encode(.offsets, tokenizer)
            let theirs = try golden.encode(.reference, tokenizer)
            #expect(ours.ids == theirs.ids)
            #expect(ours.labels == theirs.labels)
            #expect(theirs.referenceOutcome == .kept)
        }
    }

    @Test(.enabled(if: PhiTokenizer.folder != nil))
    func `every NLVR item encodes alike under both policies`() throws {
        let path = try #require(TestFiles.shared("data/nlvr/val.json"))
        let tokenizer = try PhiTokenizer.load()
        let ours = try ConversationEncoder(tokenizer: tokenizer, template: .phi)
        let theirs = try ConversationEncoder(
            tokenizer: tokenizer, template: .phi, options: .parity)
        let samples = try ConversationReader().read(file: path)
        #expect(samples.count == 978)
        for sample in samples {
            let left = try ours.encode(sample)
            let right = try theirs.encode(sample)
            #expect(left.ids == right.ids)
            #expect(left.labels == right.labels)
            #expect(left.imageCount == 1)
        }
    }
}
