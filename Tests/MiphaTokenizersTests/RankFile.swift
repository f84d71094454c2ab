import Foundation

/// A vocabulary of tiktoken: bytes with their ranks.
struct RankFile {
    private var ranks: [[UInt8]: Int] = [:]
    private var tokens: [[UInt8]] = []

    init(_ bytes: [UInt8]) throws {
        for line in bytes.split(separator: 0x0A) {
            let parts = line.split(separator: 0x20)
            guard let data = Data(base64Encoded: Data(parts[0])),
                let rank = Int(String(decoding: parts[1], as: UTF8.self))
            else { continue }
            ranks[[UInt8](data)] = rank
            tokens.append([UInt8](data))
        }
    }

    /// A tokenizer.json as `transformers` converts such files (convert_slow_tokenizer.py).
    func tokenizerJSON(pattern: String, special: [String: Int]) throws -> [UInt8] {
        var vocabulary: [String: Int] = [:]
        var merges: [[String]] = []
        for token in tokens {
            vocabulary[Self.spelled(token)] = ranks[token]
            if let (left, right) = parts(of: token) {
                merges.append([Self.spelled(left), Self.spelled(right)])
            }
        }
        let split: [String: Any] = [
            "type": "Split", "pattern": ["Regex": pattern], "behavior": "Isolated", "invert": false,
        ]
        let level: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
            "use_regex": false,
        ]
        let added: [[String: Any]] = special.map { content, id in
            ["id": id, "content": content, "normalized": false, "special": true]
        }
        let file: [String: Any] = [
            "version": "1.0", "added_tokens": added, "normalizer": ["type": "NFC"],
            "pre_tokenizer": ["type": "Sequence", "pretokenizers": [split, level]],
            "decoder": level,
            "model": [
                "type": "BPE", "ignore_merges": true, "vocab": vocabulary, "merges": merges,
            ],
        ]
        return [UInt8](try JSONSerialization.data(withJSONObject: file))
    }

    /// The two tokens that a token is made of, by the merges before it.
    private func parts(of token: [UInt8]) -> ([UInt8], [UInt8])? {
        guard token.count > 1, let limit = ranks[token] else { return nil }
        var parts = token.map { [$0] }
        while parts.count > 2 {
            let pairs = parts.indices.dropLast().compactMap { index in
                ranks[parts[index] + parts[index + 1]].map { (index, $0) }
            }
            guard let best = pairs.min(by: { $0.1 < $1.1 }), best.1 < limit else { return nil }
            parts[best.0] += parts.remove(at: best.0 + 1)
        }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    private static let alphabet: [Character] = {
        var next: UInt32 = 0x100
        return (0...255).map { byte in
            let isPrintable =
                (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            defer { if !isPrintable { next += 1 } }
            return Character(Unicode.Scalar(isPrintable ? UInt32(byte) : next) ?? "?")
        }
    }()

    private static func spelled(_ bytes: [UInt8]) -> String {
        String(bytes.map { alphabet[Int($0)] })
    }
}
