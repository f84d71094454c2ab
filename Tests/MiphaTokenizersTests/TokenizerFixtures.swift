import Foundation
import MiphaTokenizers

/// The committed fixtures and, where it is there, the shared data next to the package.
enum TokenizerFixtures {
    /// One text with the ids and byte ranges (flat: start, end, start, end ...) of Hugging Face
    /// `tokenizers`.
    struct Case: Decodable {
        let text: String
        let ids: [Int]
        let ranges: [Int]?
    }

    /// Ids with the text they decode to, with and without special tokens.
    struct Decoding: Decodable {
        let ids: [Int]
        let text: String
        let skipped: String
    }

    struct Goldens: Decodable {
        let cases: [Case]
        let decodings: [Decoding]
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let folder = root.appendingPathComponent("Fixtures/tokenizers")
    static let phi = root.deletingLastPathComponent()
        .appendingPathComponent("shared/data/phi-tokenizer").path
    static let hasPhi = FileManager.default.fileExists(atPath: phi)

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    static func goldens(_ name: String) throws -> Goldens {
        try JSONDecoder().decode(
            Goldens.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
    }

    /// The kinds of which `Fixtures/tokenizer-families` holds a tokenizer.json.
    static let families = [
        "llama", "gemma", "metaspace-first", "metaspace-always", "metaspace-never", "unknown",
        "unknown-apart", "qwen", "llama3", "smol", "digits", "nfd", "nfkd", "lowercase", "clip",
        "unigram", "unigram-bytes",
    ]
    /// The SentencePiece models there.
    static let models = ["bpe", "bpe-bare", "unigram", "unigram-bytes"]

    static func familyBytes(_ name: String) throws -> [UInt8] {
        let place = root.appendingPathComponent("Fixtures/tokenizer-families/\(name)")
        return [UInt8](try Data(contentsOf: place))
    }

    static func familyGoldens(_ name: String) throws -> Goldens {
        try JSONDecoder().decode(Goldens.self, from: Data(try familyBytes(name)))
    }

    static func family(_ name: String) throws -> Tokenizer {
        try Tokenizer(tokenizerJSON: familyBytes("\(name).json"), name: name)
    }

    static func model(_ name: String, readsControlTokens: Bool = true) throws -> Tokenizer {
        try Tokenizer(
            sentencePieceModel: familyBytes("\(name).model"), name: name,
            readsControlTokens: readsControlTokens)
    }

    static func small() throws -> Tokenizer {
        try Tokenizer(folder: folder.appendingPathComponent("small").path)
    }

    /// A new empty folder, removed after `body`.
    static func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let place = FileManager.default.temporaryDirectory
            .appendingPathComponent("mipha-tokenizers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        return try body(place)
    }

    static func copySmall(_ names: [String], to place: URL) throws {
        for name in names {
            try FileManager.default.copyItem(
                at: folder.appendingPathComponent("small/\(name)"),
                to: place.appendingPathComponent(name))
        }
    }
}

/// A small seeded generator (xorshift*), so that random texts are the same on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// A text of scalars from all planes, white space and ASCII.
    mutating func text(upTo count: Int) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...count, using: &self) {
            let limit: UInt32 =
                [0x80, 0x80, 0x21, 0x3000, 0x110000].randomElement(using: &self) ?? 0x80
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &self)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
