import Foundation
import MiphaTokenizers
import Testing

@Suite struct `Properties of tokenizers of every kind` {
    private func tokenizers() throws -> [(name: String, tokenizer: Tokenizer)] {
        try TokenizerFixtures.families.map { ($0, try TokenizerFixtures.family($0)) }
            + TokenizerFixtures.models.map { ("\($0).model", try TokenizerFixtures.model($0)) }
    }

    /// Texts that hold tokens of the files in odd places.
    private func texts(_ count: Int, seed: UInt64) -> [String] {
        let parts = [
            "<s>", "</s>", "<user>", "[X]", "<unk>", "\u{2581}", "e\u{301}",
            "\u{1100}\u{1161}\u{11A8}",
            "<0x41>", "\n\n", "  ", "</w>", "Caf\u{E9}", "\u{FB01}", "\r\n", "picture", "\u{3300}",
        ]
        var generator = SeededGenerator(seed)
        return (0..<count).map { _ in
            var text = ""
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                text += generator.text(upTo: 12)
                text += parts.randomElement(using: &generator) ?? ""
            }
            return text
        }
    }

    @Test func `ids are the same with ranges, which lie in the text and never go back`() throws {
        for (name, tokenizer) in try tokenizers() {
            for text in texts(150, seed: 21) {
                let tokens = tokenizer.encodeWithOffsets(text)
                let ids = tokenizer.encode(text)
                #expect(tokens.map(\.id) == ids, "\(name): \(text.debugDescription)")
                var start = 0
                for token in tokens {
                    #expect(token.bytes.lowerBound >= start, "\(name): \(text.debugDescription)")
                    #expect(token.bytes.upperBound <= text.utf8.count)
                    start = token.bytes.lowerBound
                }
            }
        }
    }

    @Test func `pieces of a streamed text together equal the whole text`() throws {
        var generator = SeededGenerator(22)
        for (name, tokenizer) in try tokenizers() {
            for round in 0..<200 {
                let ids = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    Int.random(in: -1...tokenizer.count, using: &generator)
                }
                let skips = round % 2 == 0
                var decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: skips)
                let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
                let whole = tokenizer.decode(ids, skippingSpecialTokens: skips)
                #expect(text.utf8.elementsEqual(whole.utf8), "\(name): \(ids)")
                #expect(decoder.finish().isEmpty)
            }
        }
    }

    @Test(arguments: ["llama", "gemma"])
    func `any text comes back from its ids where every byte has a token`(_ name: String) throws {
        let tokenizer = try TokenizerFixtures.family(name)
        var generator = SeededGenerator(23)
        for _ in 0..<500 {
            // The mark itself comes back as the blank that it stands for.
            let text = generator.text(upTo: 40).replacing("\u{2581}", with: "_")
            #expect(tokenizer.decode(tokenizer.encode(text)).utf8.elementsEqual(text.utf8))
        }
    }

    @Test func `ranges without a normaliser that removes cover the text`() throws {
        let tokenizer = try TokenizerFixtures.family("llama")
        var generator = SeededGenerator(24)
        for _ in 0..<300 {
            let text = generator.text(upTo: 60)
            var end = 0
            for token in tokenizer.encodeWithOffsets(text) {
                #expect(token.bytes.lowerBound <= end)
                end = max(end, token.bytes.upperBound)
            }
            #expect(end == text.utf8.count)
        }
    }

    @Test func `a warm cache gives the ids of a cold one`() throws {
        for (name, warm) in try tokenizers() {
            let list = texts(60, seed: 25)
            for text in list { _ = warm.encode(text) }
            let cold =
                name.hasSuffix(".model")
                ? try TokenizerFixtures.model(String(name.dropLast(6)))
                : try TokenizerFixtures.family(name)
            for text in list { #expect(warm.encode(text) == cold.encode(text), "\(name)") }
        }
    }

    @Test func `long texts without blanks take time in proportion`() throws {
        for (_, tokenizer) in try tokenizers() {
            for letter in ["a", "街", "\u{301}", "\u{2581}"] {
                let text = String(repeating: letter, count: 60_000 / letter.utf8.count)
                let time = ContinuousClock().measure { _ = tokenizer.encode(text) }
                #expect(time < .seconds(60))
            }
        }
    }

    @Test func `a bytes run that is no text becomes one sign for each byte`() throws {
        let tokenizer = try TokenizerFixtures.family("llama")
        func id(_ byte: String) throws -> Int { try #require(tokenizer.id(of: "<0x\(byte)>")) }
        let euro = try [id("E2"), id("82"), id("AC")]
        #expect(tokenizer.decode(euro) == "€")
        #expect(tokenizer.decode(euro + [try id("FF")]) == "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
        var decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: true)
        #expect(euro.map { decoder.append($0) } == ["", "", ""])
        #expect(decoder.finish() == "€")
    }

    @Test func `text after a special token gets a blank only in legacy models`() throws {
        func ids(_ config: String) throws -> (Tokenizer, [Int]) {
            try TokenizerFixtures.withTemporaryFolder { place in
                let model = try TokenizerFixtures.familyBytes("bpe.model")
                try write(model, to: place, "tokenizer.model")
                try write(Array(config.utf8), to: place, "tokenizer_config.json")
                let tokenizer = try Tokenizer(folder: place.path)
                return (tokenizer, tokenizer.encode("a picture</s>the"))
            }
        }
        let (tokenizer, legacy) = try ids("{}")
        let (_, modern) = try ids(#"{"legacy":false}"#)
        let end = try #require(tokenizer.endOfTextID)
        #expect(tokenizer.token(of: end) == "</s>")
        #expect(tokenizer.addsBeginningOfText)
        #expect(tokenizer.beginningOfTextID == tokenizer.id(of: "<s>"))
        #expect(legacy.contains(end) && modern.contains(end))
        #expect(legacy.prefix { $0 != end } == modern.prefix { $0 != end })
        #expect(tokenizer.decode(legacy) == "a picture</s> the")
        #expect(tokenizer.decode(modern) == "a picture</s>the")
        #expect(tokenizer.isSpecial(end) && !tokenizer.isSpecial(legacy[0]))
    }

    @Test func `a SentencePiece folder is written back and read again`() throws {
        let tokenizer = try TokenizerFixtures.model("unigram")
        let copy = try TokenizerFixtures.withTemporaryFolder { place in
            try tokenizer.write(to: place.path)
            return try Tokenizer(folder: place.path)
        }
        let text = "the <user> picture</s> of"
        #expect(copy.encode(text) == tokenizer.encode(text))
        #expect(copy.endOfTextID == tokenizer.endOfTextID)
        #expect(copy.addsBeginningOfText == tokenizer.addsBeginningOfText)
    }
}

private func write(_ bytes: [UInt8], to place: URL, _ name: String) throws {
    try Data(bytes).write(to: place.appendingPathComponent(name))
}
