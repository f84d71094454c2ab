import Foundation
import MiphaTestSupport
import MiphaTokenizers
import Testing

/// Real vocabularies with the ids of the reference libraries, where they lie beside the package.
@Suite(.enabled(if: PackagePaths.sharedData("data/tokenizers") != nil))
struct `Real tokenizers of every family` {
    struct Case: Decodable {
        let text: String
        let ids: [Int]
        let decoded: String?
        let jsonIDs: [Int]?
        let idsNoRstrip: [Int]?
        let markedIDs: [Int]?

        enum CodingKeys: String, CodingKey {
            case text, ids, decoded
            case jsonIDs = "ids_json"
            case idsNoRstrip = "ids_no_rstrip"
            case markedIDs = "ids_metaspace"
        }
    }

    struct Cases: Decodable {
        let cases: [Case]
        let pattern: String?
        let special_tokens: [String: Int]?
    }

    private func place(_ name: String) throws -> String {
        try #require(PackagePaths.sharedData("data/tokenizers/\(name)"))
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: place(name))))
    }

    private func cases(_ name: String) throws -> Cases {
        try JSONDecoder().decode(Cases.self, from: Data(bytes(name)))
    }

    /// A file, or what `gzip` makes of the packed one.
    private func json(_ folder: String) throws -> [UInt8] {
        guard PackagePaths.sharedData("data/tokenizers/\(folder)/tokenizer.json") == nil else {
            return try bytes("\(folder)/tokenizer.json")
        }
        let gzip = Process()
        let output = Pipe()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", try place("\(folder)/tokenizer.json.gz")]
        gzip.standardOutput = output
        try gzip.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        return [UInt8](data)
    }

    private func check(_ tokenizer: Tokenizer, _ text: String, _ ids: [Int], _ decoded: String?) {
        #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
        #expect(tokenizer.encodeWithOffsets(text).map(\.id) == ids, "\(text.debugDescription)")
        if let decoded {
            let found = tokenizer.decode(ids)
            #expect(found.utf8.elementsEqual(decoded.utf8), "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        "llama2", "mistral-v1", "gemma", "qwen2", "smollm2", "gpt-neox", "clip", "phi-3",
    ])
    func `tokenizer json gives the reference's ids`(_ folder: String) throws {
        let tokenizer = try Tokenizer(tokenizerJSON: json(folder), name: folder)
        let list = try cases("\(folder)/cases.json").cases
        #expect(list.count == 300)
        for one in list {
            let same = one.jsonIDs == nil
            check(tokenizer, one.text, one.jsonIDs ?? one.ids, same ? one.decoded : nil)
        }
    }

    @Test func `Phi-3's tokens without rstrip give the reference's ids`() throws {
        let text = String(decoding: try json("phi-3"), as: UTF8.self)
            .replacing(#""rstrip": true"#, with: #""rstrip": false"#)
            .replacing(#""rstrip":true"#, with: #""rstrip":false"#)
        let tokenizer = try Tokenizer(tokenizerJSON: Array(text.utf8), name: "phi-3")
        for one in try cases("phi-3/cases.json").cases {
            check(tokenizer, one.text, one.idsNoRstrip ?? one.ids, nil)
        }
    }

    @Test func `Llama's vocabulary with Metaspace gives the ids of transformers 5`() throws {
        // As text: dictionaries of Foundation take canonically equivalent tokens for one.
        var text = String(decoding: try json("llama2"), as: UTF8.self)
        let start = try #require(text.range(of: #""normalizer""#)).lowerBound
        let end = try #require(text.range(of: #""post_processor""#)).lowerBound
        text.replaceSubrange(
            start..<end,
            with: #""pre_tokenizer":{"type":"Metaspace","prepend_scheme":"first","split":false},"#)
        let tokenizer = try Tokenizer(tokenizerJSON: Array(text.utf8), name: "llama2")
        for one in try cases("llama2/cases.json").cases {
            check(tokenizer, one.text, one.markedIDs ?? one.ids, nil)
        }
    }

    @Test(arguments: [
        "llama2/tokenizer.model", "mistral-v1/tokenizer.model", "mistral-v3/tokenizer.model",
        "gemma/tokenizer.model", "sentencepiece-unigram/test_model.model",
        "sentencepiece-unigram/test_ja_model.model",
    ])
    func `a SentencePiece model gives SentencePiece's ids, and with special tokens the other's`(
        _ file: String
    ) throws {
        let folder = file.split(separator: "/")[0]
        let name = file.split(separator: "/")[1].dropLast(6)
        let list = try cases(
            folder == "sentencepiece-unigram"
                ? "\(folder)/cases-\(name).json" : "\(folder)/cases.json"
        ).cases
        let plain = try Tokenizer(
            sentencePieceModel: bytes(file), name: file, readsControlTokens: false)
        for one in list { check(plain, one.text, one.ids, one.decoded) }
        guard folder != "sentencepiece-unigram" else { return }
        let reading = try Tokenizer(sentencePieceModel: bytes(file), name: file)
        for one in list { check(reading, one.text, one.jsonIDs ?? one.ids, nil) }
    }

    @Test func `StableLM-2's ranks, written as merges, give tiktoken's ids`() throws {
        let cases = try cases("stablelm2/cases.json")
        let ranks = try RankFile(bytes("stablelm2/cl100k_base.tiktoken"))
        let tokenizer = try Tokenizer(
            tokenizerJSON: ranks.tokenizerJSON(
                pattern: #require(cases.pattern), special: #require(cases.special_tokens)),
            name: "stablelm2")
        for one in cases.cases { check(tokenizer, one.text, one.ids, one.decoded) }
    }
}
