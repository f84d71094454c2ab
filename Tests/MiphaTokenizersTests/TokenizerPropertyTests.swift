import Foundation
import MiphaTokenizers
import Testing

@Suite struct `Properties of a tokenizer` {
    @Test func `any text comes back from its ids`() throws {
        let tokenizer = try TokenizerFixtures.small()
        var generator = SeededGenerator(3)
        for _ in 0..<2000 {
            let text = generator.text(upTo: 60)
            let ids = tokenizer.encode(text)
            #expect(tokenizer.decode(ids).utf8.elementsEqual(text.utf8))
        }
    }

    @Test func `ranges of a text without stripping tokens follow each other without gaps`() throws {
        let tokenizer = try TokenizerFixtures.small()
        var generator = SeededGenerator(4)
        for _ in 0..<500 {
            let text = generator.text(upTo: 60)
            var position = 0
            for token in tokenizer.encodeWithOffsets(text) {
                #expect(token.bytes.lowerBound == position)
                position = token.bytes.upperBound
            }
            #expect(position == text.utf8.count)
        }
    }

    @Test func `a warm cache gives the ids of a cold one`() throws {
        let warm = try TokenizerFixtures.small()
        var generator = SeededGenerator(5)
        for round in 0..<40 {
            let texts = (0..<20).map { _ in generator.text(upTo: 200) }
            let cold = round % 10 == 0 ? try TokenizerFixtures.small() : warm
            for text in texts { #expect(warm.encode(text) == cold.encode(text)) }
            for text in texts {
                #expect(warm.encode(text) == warm.encodeWithOffsets(text).map(\.id))
            }
        }
    }

    @Test func `a cache that has been filled and emptied still gives the same ids`() throws {
        let tokenizer = try TokenizerFixtures.small()
        let probe = "The picture shows a red bicycle; it's at the wall. 自行车靠在墙上"
        let expected = tokenizer.encode(probe)
        var text = ""
        for number in 0..<150_000 { text += " w\(number)x" }
        let ids = tokenizer.encode(text)
        #expect(tokenizer.decode(ids) == text)
        #expect(tokenizer.encode(probe) == expected)
        #expect(tokenizer.encode(text) == ids)
    }

    @Test func `concurrent calls give the ids of calls one by one`() async throws {
        let tokenizer = try TokenizerFixtures.small()
        var generator = SeededGenerator(6)
        let texts = (0..<64).map { _ in generator.text(upTo: 300) }
        let expected = texts.map { tokenizer.encode($0) }
        let results = await withTaskGroup(of: (Int, [Int]).self) { group in
            for (index, text) in texts.enumerated() {
                group.addTask { (index, tokenizer.encode(text)) }
            }
            var results = [[Int]](repeating: [], count: texts.count)
            for await (index, ids) in group { results[index] = ids }
            return results
        }
        #expect(results == expected)
    }

    @Test func `a word of a megabyte takes seconds, not hours`() throws {
        let tokenizer = try TokenizerFixtures.small()
        for letter in ["a", "е", "街", "!"] {
            let text = String(repeating: letter, count: 1_000_000 / letter.utf8.count)
            var ids: [Int] = []
            let time = ContinuousClock().measure { ids = tokenizer.encode(text) }
            #expect(tokenizer.decode(ids) == text)
            #expect(time < .seconds(300))
        }
    }

    @Test func `long and short words are merged alike`() throws {
        // The same letters as one long word (heap) and, where the merges do not reach across, as
        // short ones.
        let tokenizer = try TokenizerFixtures.small()
        let unit = tokenizer.encode("street")
        let joint = tokenizer.encode(String(repeating: "street", count: 50))
        let pair = tokenizer.encode("streetstreet")
        if pair == unit + unit {
            #expect(joint == Array(repeating: unit, count: 50).flatMap { $0 })
        }
        #expect(tokenizer.decode(joint) == String(repeating: "street", count: 50))
    }

    @Test func `special tokens in the text are recognised and can be skipped`() throws {
        let tokenizer = try TokenizerFixtures.small()
        let end = try #require(tokenizer.endOfTextID)
        let ids = tokenizer.encode("one<|endoftext|>two")
        #expect(ids.contains(end))
        #expect(tokenizer.isSpecial(end))
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == "onetwo")
        #expect(tokenizer.token(of: end) == "<|endoftext|>")
        #expect(tokenizer.id(of: "<pad>") == tokenizer.padID)
        #expect(tokenizer.beginningOfTextID == end)
    }

    @Test func `ids outside the vocabulary decode to nothing`() throws {
        let tokenizer = try TokenizerFixtures.small()
        #expect(tokenizer.decode([-200, -1, .max, .min, tokenizer.count + 5]).isEmpty)
        #expect(tokenizer.token(of: -1) == nil && tokenizer.token(of: .max) == nil)
        #expect(!tokenizer.isSpecial(-1))
    }

    @Test func `a template's leading token is reported, not added`() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: TokenizerFixtures.bytes("variants/sequence.json"), name: "sequence")
        #expect(tokenizer.addsBeginningOfText)
        #expect(tokenizer.beginningOfTextID == 0)
        #expect(tokenizer.encode("").isEmpty)
    }
}

@Suite struct `Streaming decoder` {
    @Test func `pieces together equal the whole text`() throws {
        let tokenizer = try TokenizerFixtures.small()
        var generator = SeededGenerator(8)
        for round in 0..<3000 {
            let limit = round % 2 == 0 ? 257 : tokenizer.count
            let ids = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                Int.random(in: 0..<limit, using: &generator)
            }
            let skips = round % 3 == 0
            var decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: skips)
            let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
            let whole = tokenizer.decode(ids, skippingSpecialTokens: skips)
            #expect(text.utf8.elementsEqual(whole.utf8), "\(ids)")
            #expect(decoder.finish().isEmpty)
        }
    }

    @Test func `a scalar in several tokens appears whole with its last byte`() throws {
        let tokenizer = try TokenizerFixtures.small()
        let ids = try "𝕏".utf8.map { byte in
            try #require((1...256).first { tokenizer.encodeSingleByte($0) == byte })
        }
        var decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: false)
        #expect(ids.map { decoder.append($0) } == ["", "", "", "𝕏"])
        #expect(decoder.append(ids[0]).isEmpty)
        #expect(decoder.finish() == "\u{FFFD}")
    }
}

extension Tokenizer {
    /// The byte a single-byte token stands for, found by decoding it after the lead bytes that make
    /// it visible.
    fileprivate func encodeSingleByte(_ id: Int) -> UInt8? {
        guard let scalar = token(of: id)?.unicodeScalars.first else { return nil }
        let printable = (0x21...0x7E).contains(scalar.value) || (0xA1...0xAC).contains(scalar.value)
        if printable || (0xAE...0xFF).contains(scalar.value) { return UInt8(scalar.value) }
        let others = (UInt32(0)...255).filter {
            !((0x21...0x7E).contains($0) || (0xA1...0xAC).contains($0) || $0 >= 0xAE)
        }
        let index = Int(scalar.value) - 0x100
        return others.indices.contains(index) ? UInt8(others[index]) : nil
    }
}

@Suite struct `Saving a tokenizer` {
    @Test func `the files of a folder are copied byte for byte`() throws {
        let tokenizer = try TokenizerFixtures.small()
        try TokenizerFixtures.withTemporaryFolder { place in
            let target = place.appendingPathComponent("deeper/copy")
            try tokenizer.write(to: target.path)
            for name in ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"] {
                let written = [UInt8](try Data(contentsOf: target.appendingPathComponent(name)))
                #expect(written == (try TokenizerFixtures.bytes("small/\(name)")))
            }
        }
    }

    @Test(arguments: ["prefix-space", "sequence", "unknown"])
    func `a tokenizer from memory comes back from its folder`(_ name: String) throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: TokenizerFixtures.bytes("variants/\(name).json"), name: name)
        let copy = try TokenizerFixtures.withTemporaryFolder { place in
            try tokenizer.write(to: place.path)
            return try Tokenizer(folder: place.path)
        }
        let text = " It's a <|endoftext|> test  with\t\tblanks"
        #expect(copy.encode(text) == tokenizer.encode(text))
        #expect(copy.endOfTextID == tokenizer.endOfTextID)
        #expect(copy.beginningOfTextID == tokenizer.beginningOfTextID)
        #expect(copy.addsBeginningOfText == tokenizer.addsBeginningOfText)
        #expect(copy.count == tokenizer.count)
    }

    @Test func `a folder that cannot be made is an error naming it`() throws {
        let tokenizer = try TokenizerFixtures.small()
        try TokenizerFixtures.withTemporaryFolder { place in
            let file = place.appendingPathComponent("file")
            try Data().write(to: file)
            let target = file.appendingPathComponent("folder").path
            let error = #expect(throws: TokenizerError.self) { try tokenizer.write(to: target) }
            #expect(error?.message.contains(target) == true)
            #expect(error?.code == .file)
        }
    }
}
