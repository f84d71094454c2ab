import Foundation
import MiphaFiles

/// A conversation file with the shape of LLaVA's mix of 665,298 items: the items of each image
/// root, text-only items, turns and words of each kind; the texts mean nothing.
struct SyntheticMix {
    /// Items of one origin.
    private struct Kind {
        let root: String?
        let items: Int
        /// Question and answer pairs.
        let rounds: ClosedRange<Int>
        let question: ClosedRange<Int>
        let answer: ClosedRange<Int>
    }

    /// Item counts are those of haotian-liu/LLaVA, issue 657; rounds and sentences make a gigabyte.
    private static let kinds = [
        Kind(root: "coco/train2017", items: 364_100, rounds: 1...9, question: 1...1, answer: 0...3),
        Kind(root: "gqa/images", items: 72_140, rounds: 5...20, question: 1...1, answer: 0...0),
        Kind(root: "ocr_vqa/images", items: 80_000, rounds: 3...6, question: 1...1, answer: 0...1),
        Kind(
            root: "textvqa/train_images", items: 21_953, rounds: 1...1, question: 1...2,
            answer: 0...1),
        Kind(root: "vg/VG_100K", items: 86_417, rounds: 5...20, question: 1...1, answer: 0...0),
        Kind(root: nil, items: 40_688, rounds: 1...8, question: 1...6, answer: 2...30),
    ]

    /// Sentences as they stand in JSON, with their words.
    private let sentences: [(bytes: [UInt8], words: Int)]
    private var random: SplitMix64

    /// The words of each item written.
    private(set) var words: [Int32] = []
    /// The number of items with images of each root, and under "" of those without.
    private(set) var roots: [String: Int] = [:]

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        let stock = [
            "the", "a", "picture", "shows", "two", "people", "don't", "there", "is", "red", "of",
            "caf\\u00e9", "it\\u2019s", "\\\"big\\\"", "1/2", "left", "\u{8A9E}", "answer", "using",
        ]
        var made: [(bytes: [UInt8], words: Int)] = []
        for number in 0..<256 {
            var text = ""
            let count = 5 + number % 12
            for word in 0..<count {
                text += word == 0 ? "" : (word + number) % 13 == 0 ? "\\n\\n" : " "
                text += stock.randomElement(using: &random) ?? ""
            }
            made.append((Array(text.utf8), count))
        }
        sentences = made
    }

    /// Writes the items divided by `part`, in a random order.
    mutating func write(to path: String, part: Int = 1) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        defer { try? file.close() }
        var left = Self.kinds.map { $0.items / part }
        var total = left.reduce(0, +)
        var buffer = Array("[".utf8)
        while total > 0 {
            var pick = Int.random(in: 0..<total, using: &random)
            var kind = 0
            while pick >= left[kind] {
                pick -= left[kind]
                kind += 1
            }
            buffer += Array((words.isEmpty ? "\n  " : ",\n  ").utf8)
            append(Self.kinds[kind], to: &buffer)
            left[kind] -= 1
            total -= 1
            if buffer.count > 1 << 20 {
                try file.write(contentsOf: Data(buffer))
                buffer.removeAll(keepingCapacity: true)
            }
        }
        try file.write(contentsOf: Data(buffer + Array("\n]\n".utf8)))
    }

    private mutating func append(_ kind: Kind, to buffer: inout [UInt8]) {
        let id = words.count
        buffer += Array("{\n    \"id\": \"\(id)\",\n    ".utf8)
        if let root = kind.root {
            buffer += Array("\"image\": \"\(root)/\(id).jpg\",\n    ".utf8)
        } else {
            buffer += Array("\"model\": \"\",\n    ".utf8)
        }
        buffer += Array("\"conversations\": [".utf8)
        var count = 0
        let rounds = Int.random(in: kind.rounds, using: &random)
        for round in 0..<rounds {
            let marker = round == 0 && kind.root != nil ? "<image>\\n" : ""
            count += marker.isEmpty ? 0 : 1
            count += turn("human", marker, kind.question, isFirst: round == 0, to: &buffer)
            count += turn("gpt", "", kind.answer, isFirst: false, to: &buffer)
        }
        buffer += Array("\n    ]\n  }".utf8)
        words.append(Int32(count))
        roots[kind.root ?? "", default: 0] += 1
    }

    private mutating func turn(
        _ role: String, _ start: String, _ length: ClosedRange<Int>, isFirst: Bool,
        to buffer: inout [UInt8]
    ) -> Int {
        buffer += Array(
            "\(isFirst ? "" : ",")\n      {\n        \"from\": \"\(role)\",\n        \"value\": \"\(start)"
                .utf8)
        let count = Int.random(in: length, using: &random)
        var words = 0
        for sentence in 0..<count {
            let pick = sentences[Int.random(in: 0..<sentences.count, using: &random)]
            if sentence > 0 { buffer.append(UInt8(ascii: " ")) }
            buffer += pick.bytes
            words += pick.words
        }
        if count == 0 {
            buffer += Array("Yes".utf8)
            words = 1
        }
        buffer += Array("\"\n      }".utf8)
        return words
    }
}
