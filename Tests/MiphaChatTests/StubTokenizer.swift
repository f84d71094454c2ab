import MiphaChat
import MiphaTokenizers
import Testing

/// A byte-level tokenizer without tables: special tokens, else pieces of up to four bytes.
///
/// Like GPT-2's, a piece never crosses a space, a space opens the piece after it, and a piece may
/// end inside a character.
struct StubTokenizer: TextTokenizer {
    let specials: [(text: [UInt8], id: Int)]
    let endOfTextID: Int?
    let beginningOfTextID: Int?
    let padID: Int?
    let addsBeginningOfText: Bool

    private init(_ specials: [(String, Int)], begin: Int, end: Int, pad: Int, adds: Bool) {
        self.specials = specials.map { (Array($0.0.utf8), $0.1) }
        beginningOfTextID = begin
        endOfTextID = end
        padID = pad
        addsBeginningOfText = adds
    }

    static let phi = StubTokenizer(
        [("<|endoftext|>", 50256)], begin: 50256, end: 50256, pad: 50256, adds: false)
    static let phiWithImageTokens = StubTokenizer(
        [("<|endoftext|>", 50256), ("<im_start>", 50295), ("<im_end>", 50296)], begin: 50256,
        end: 50256, pad: 50256, adds: false)
    static let gemma = StubTokenizer(
        [("<bos>", 2), ("<eos>", 1), ("<pad>", 0)], begin: 2, end: 1, pad: 0, adds: true)
    static let gemmaTurns = StubTokenizer(
        [
            ("<bos>", 2), ("<eos>", 1), ("<pad>", 0), ("<start_of_turn>", 106),
            ("<end_of_turn>", 107),
        ], begin: 2, end: 1, pad: 0, adds: true)
    static let llama = StubTokenizer(
        [("<s>", 1), ("</s>", 2), ("<unk>", 0)], begin: 1, end: 2, pad: 0, adds: true)
    static let gemmaStrikeThrough = StubTokenizer(
        [("</s>", 2)], begin: 2, end: 1, pad: 0, adds: false)
    static let chatML = StubTokenizer(
        [("<|endoftext|>", 0), ("<|im_start|>", 1), ("<|im_end|>", 2)], begin: 0, end: 0, pad: 0,
        adds: false)
    static let phi3 = StubTokenizer(
        [
            ("<|endoftext|>", 32000), ("<|assistant|>", 32001), ("<|system|>", 32006),
            ("<|end|>", 32007), ("<|user|>", 32010), ("<s>", 1),
        ], begin: 1, end: 32000, pad: 32000, adds: true)

    /// One with the special tokens of a format's models.
    static func fitting(_ format: ChatFormat) throws -> StubTokenizer {
        let all: [([ChatFormat], StubTokenizer)] = [
            ([.phi, .plain, .stableLMZephyr], .phi),
            ([.vicuna, .llama2, .llavaHF, .mistral, .mistralFirst, .zephyr], .llama),
            ([.gemma], .gemma),
            ([.gemmaTurns], .gemmaTurns), ([.phi3, .phi3Instruct, .phi3First], .phi3),
            ([.chatML, .qwen2, .qwen25, .smolLM2], .chatML),
        ]
        return try #require(all.first { $0.0.contains(format) }, "\(format.name)").1
    }

    func encode(_ text: String) -> [Int] { encodeWithOffsets(text).map(\.id) }

    func encodeWithOffsets(_ text: String) -> [Token] {
        let bytes = Array(text.utf8)
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            if let special = special(in: bytes, at: index) {
                tokens.append(Token(id: special.id, bytes: index..<(index + special.text.count)))
                index += special.text.count
                continue
            }
            let start = index
            index += 1
            while index < bytes.count, index - start < 4, !isBlank(bytes[index]),
                bytes[start] != 0x0A, special(in: bytes, at: index) == nil
            {
                index += 1
            }
            tokens.append(Token(id: pieceID(bytes[start..<index]), bytes: start..<index))
        }
        return tokens
    }

    func decode(_ ids: [Int], skippingSpecialTokens: Bool) -> String {
        var bytes: [UInt8] = []
        for id in ids {
            if let special = specials.first(where: { $0.id == id }) {
                if !skippingSpecialTokens { bytes += special.text }
            } else if id >= 1_000_000 {
                let packed = id - 1_000_000
                let count = packed >> 32
                for position in (0..<count).reversed() {
                    bytes.append(UInt8(truncatingIfNeeded: packed >> (8 * position)))
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func id(of token: String) -> Int? {
        specials.first { $0.text.elementsEqual(token.utf8) }?.id
    }

    func isSpecial(_ id: Int) -> Bool { specials.contains { $0.id == id } }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

    private func special(in bytes: [UInt8], at index: Int) -> (text: [UInt8], id: Int)? {
        guard bytes[index] == UInt8(ascii: "<") else { return nil }
        return specials.first { bytes[index...].starts(with: $0.text) }
    }

    private func pieceID(_ bytes: ArraySlice<UInt8>) -> Int {
        var packed = bytes.count << 32
        for (offset, byte) in bytes.reversed().enumerated() { packed |= Int(byte) << (8 * offset) }
        return 1_000_000 + packed
    }
}
