import MiphaTokenizers
import Testing

@Suite struct `Malformed files of every kind` {
    private func change(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0..<changed.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: changed[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: changed.remove(at: place)
            case 2: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            default:
                changed.insert(
                    changed[Int.random(in: 0..<changed.count, using: &generator)], at: place)
            }
        }
        return changed
    }

    private func use(_ tokenizer: Tokenizer) {
        for text in ["It's a test  of e\u{301} \u{FF21}\n\u{1F600}<s>x", "<user> hi\u{2581} [X]"] {
            _ = tokenizer.decode(tokenizer.encode(text))
            _ = tokenizer.encodeWithOffsets(text)
        }
    }

    @Test(arguments: TokenizerFixtures.families)
    func `changed bytes of a tokenizer json give an error or a tokenizer that works`(
        _ name: String
    ) throws {
        let bytes = try TokenizerFixtures.familyBytes("\(name).json")
        var generator = SeededGenerator(31)
        for round in 0..<250 {
            // Half of the changes fall on the steps, which are a small part of the file.
            var changed = bytes
            if round % 2 == 0 {
                changed = change(bytes, &generator)
            } else {
                let head = Array(bytes.prefix(900))
                changed = change(head, &generator) + bytes.dropFirst(900)
            }
            if let tokenizer = try? Tokenizer(tokenizerJSON: changed, name: "noise.json") {
                use(tokenizer)
            }
        }
    }

    @Test(arguments: TokenizerFixtures.models)
    func `changed bytes of a SentencePiece model give an error or a tokenizer that works`(
        _ name: String
    ) throws {
        let bytes = try TokenizerFixtures.familyBytes("\(name).model")
        var generator = SeededGenerator(32)
        for round in 0..<400 {
            let place = round % 2 == 0 ? 0 : max(0, bytes.count - 4000)
            let changed =
                Array(bytes[..<place]) + change(Array(bytes[place...]), &generator)
            do throws(TokenizerError) {
                use(try Tokenizer(sentencePieceModel: changed, name: "noise.model"))
            } catch {
                #expect(error.message.hasPrefix("noise.model"), "\(error.message)")
            }
        }
    }

    @Test(arguments: TokenizerFixtures.models)
    func `a cut model never crashes`(_ name: String) throws {
        let bytes = try TokenizerFixtures.familyBytes("\(name).model")
        for count in stride(from: 0, to: bytes.count, by: 61) {
            if let tokenizer = try? Tokenizer(
                sentencePieceModel: Array(bytes[..<count]), name: "cut.model")
            {
                use(tokenizer)
            }
        }
    }

    /// A message in protocol buffer form, by hand.
    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(content.count)] + content
    }

    private static func piece(_ text: String, _ kind: UInt8) -> [UInt8] {
        field(1, field(1, Array(text.utf8)) + [3 << 3, kind])
    }

    private static let good = piece("<unk>", 2) + piece("</s>", 3) + piece("a", 1)

    /// Bytes of a model and what the error must name.
    private static let models: [([UInt8], String)] = [
        ([], "field 1"),
        ([0xFF, 0xFF, 0xFF], "byte 0"),
        ([0x0A, 0x7F], "byte 0"),
        ([0x0B], "byte 0"),
        (Array("PK\u{3}\u{4}".utf8), "bad.model"),
        (piece("a", 1), "unknown piece"),
        (good + piece("a", 1), "piece 3"),
        (good + piece("<unk>2", 2), "piece 3"),
        (good + piece("", 1), "piece 3"),
        (good + piece("b", 9), "piece 3: type"),
        (good + field(1, [0x0A, 0x01, 0xFF]), "piece 3"),
        (good + field(1, [0x0A, 0x01, 0x62, 0x15, 0, 0, 0xC0, 0x7F]), "piece 3"),
        (good + field(1, [0x08, 0x01]), "piece 3"),
        (good + field(2, [3 << 3, 3]), "trainer_spec.model_type"),
        (good + field(2, [3 << 3, 2]) + piece("u", 5), "piece 3: type"),
        (good + field(2, [0xC0, 0x01, 1]), "trainer_spec.treat_whitespace_as_suffix"),
        (good + field(3, [5 << 3, 0]), "normalizer_spec.escape_whitespaces"),
        (good + field(3, [0x12, 4, 1, 2, 3, 4]), "normalizer_spec.precompiled_charsmap"),
        (good + field(5, [0x12, 1, 1]), "denormalizer_spec.precompiled_charsmap"),
        (good + [0x10, 1], "field 2"),
    ]

    @Test(arguments: models.indices)
    func `a wrong field of a model is an error naming it`(_ index: Int) throws {
        let (bytes, named) = Self.models[index]
        let error = #expect(throws: TokenizerError.self) {
            _ = try Tokenizer(sentencePieceModel: bytes, name: "bad.model")
        }
        let message = error?.message ?? ""
        #expect(message.hasPrefix("bad.model") && message.contains(named), "\(message)")
    }
}
