import Foundation
import MiphaTokenizers
import Testing

@Suite struct `Ids and texts of Hugging Face tokenizers` {
    private func check(_ tokenizer: Tokenizer, _ goldens: TokenizerFixtures.Goldens) {
        for golden in goldens.cases {
            #expect(tokenizer.encode(golden.text) == golden.ids, "\(golden.text.debugDescription)")
            let tokens = tokenizer.encodeWithOffsets(golden.text)
            #expect(tokens.map(\.id) == golden.ids, "\(golden.text.debugDescription)")
            if let ranges = golden.ranges {
                #expect(hulls(tokens, golden.text) == ranges, "\(golden.text.debugDescription)")
            }
        }
        for golden in goldens.decodings {
            #expect(tokenizer.decode(golden.ids).utf8.elementsEqual(golden.text.utf8))
            let skipped = tokenizer.decode(golden.ids, skippingSpecialTokens: true)
            #expect(skipped.utf8.elementsEqual(golden.skipped.utf8), "\(golden.ids)")
        }
    }

    /// Ranges widened to whole scalars, as the reference reports them.
    private func hulls(_ tokens: [Token], _ text: String) -> [Int] {
        let bytes = Array(text.utf8)
        return tokens.flatMap { token in
            var start = token.bytes.lowerBound
            var end = token.bytes.upperBound
            while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
            while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
            return [start, end]
        }
    }

    @Test func `the small tokenizer gives the reference's ids, ranges and texts`() throws {
        check(try TokenizerFixtures.small(), try TokenizerFixtures.goldens("small-ids.json"))
    }

    @Test func `vocab and merges files give the same ids as tokenizer json`() throws {
        let names = [
            "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
        ]
        let tokenizer = try TokenizerFixtures.withTemporaryFolder { place in
            try TokenizerFixtures.copySmall(names, to: place)
            return try Tokenizer(folder: place.path)
        }
        check(tokenizer, try TokenizerFixtures.goldens("small-ids.json"))
        #expect(tokenizer.count == (try TokenizerFixtures.small().count))
    }

    @Test(arguments: [
        "prefix-space", "no-regex", "sequence", "ignore-merges", "dropped-bytes", "unknown",
        "unknown-fused", "byte-fallback",
    ])
    func `every supported option gives the reference's ids`(_ name: String) throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: TokenizerFixtures.bytes("variants/\(name).json"), name: name)
        check(tokenizer, try TokenizerFixtures.goldens("variants/\(name).ids.json"))
    }

    @Test(arguments: TokenizerFixtures.families)
    func `every kind of tokenizer json gives the reference's ids, ranges and texts`(
        _ name: String
    ) throws {
        let goldens = try TokenizerFixtures.familyGoldens("\(name).ids.json")
        #expect(goldens.cases.count > 100 && goldens.decodings.count > 50)
        check(try TokenizerFixtures.family(name), goldens)
    }

    @Test(arguments: TokenizerFixtures.models)
    func `a SentencePiece model gives the ids and texts of SentencePiece`(_ name: String) throws {
        check(
            try TokenizerFixtures.model(name, readsControlTokens: false),
            try TokenizerFixtures.familyGoldens("\(name)-model.ids.json"))
    }

    @Test(.enabled(if: TokenizerFixtures.hasPhi))
    func `the Phi tables give the reference's ids, ranges and texts`() throws {
        let tokenizer = try Tokenizer(folder: TokenizerFixtures.phi)
        check(tokenizer, try TokenizerFixtures.goldens("phi-ids.json"))
        #expect(tokenizer.count == 50295)
        #expect(tokenizer.endOfTextID == 50256)
        #expect(tokenizer.padID == 50256)
        #expect(!tokenizer.addsBeginningOfText)
        #expect(tokenizer.isSpecial(50256) && !tokenizer.isSpecial(50257))
        #expect(tokenizer.token(of: 262) == "Ġthe" && tokenizer.id(of: "Ġthe") == 262)
    }

    @Test(.enabled(if: TokenizerFixtures.hasPhi))
    func `Phi's vocab and merges files give the same ids as its tokenizer json`() throws {
        let tokenizer = try TokenizerFixtures.withTemporaryFolder { place in
            for name in [
                "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json",
            ] {
                try FileManager.default.copyItem(
                    atPath: "\(TokenizerFixtures.phi)/\(name)",
                    toPath: place.appendingPathComponent(name).path)
            }
            return try Tokenizer(folder: place.path)
        }
        check(tokenizer, try TokenizerFixtures.goldens("phi-ids.json"))
        #expect(tokenizer.count == 50295)
    }
}
