import Foundation
import MiphaTokenizers
import Testing

/// A change to a good `tokenizer.json` and what the error must name.
struct Mutation: Sendable, CustomTestStringConvertible {
    let original: String
    let changed: String
    let named: String

    init(_ original: String, _ changed: String, names named: String) {
        self.original = original
        self.changed = changed
        self.named = named
    }

    var testDescription: String { "\(original.prefix(40)) -> \(changed.prefix(60))" }

    private static let byteLevel = #""pre_tokenizer":{"type":"ByteLevel""#

    /// Each `original` occurs in the small fixture; the first occurrence is replaced.
    static let all: [Mutation] = [
        .init(#"{"version":"1.0""#, #"["version":"1.0""#, names: "byte"),
        .init(#"{"version":"1.0""#, #"{"version":"2.0""#, names: "version"),
        .init(#"{"version":"1.0""#, #"{"version":1"#, names: "version"),
        .init(#""truncation""#, #""truncations""#, names: "truncations"),
        .init(#""added_tokens":["#, #""added_tokens":[7,"#, names: "added_tokens[0]"),
        .init(#""added_tokens":["#, #""added_tokens":[null,"#, names: "added_tokens[0]"),
        .init(#""added_tokens":["#, #""added_tokens":[{},"#, names: "added_tokens[0]"),
        .init(#""added_tokens":["#, #""added_tokens":3,"other":["#, names: "other"),
        .init(#"{"id":0,"content""#, #"{"id":5,"content""#, names: "<|endoftext|>"),
        .init(#"{"id":0,"content""#, #"{"id":-1,"content""#, names: "<|endoftext|>"),
        .init(#"{"id":0,"content""#, #"{"id":"0","content""#, names: "added_tokens[0].id"),
        .init(#"{"id":0,"content""#, #"{"id":0.5,"content""#, names: "added_tokens[0].id"),
        .init(#"{"id":0,"content""#, #"{"content""#, names: "added_tokens[0].id"),
        .init(#"{"id":0,"content":"<|endoftext|>""#, #"{"id":0"#, names: "added_tokens[0].content"),
        .init(#""content":"<|endoftext|>""#, #""content":"""#, names: "added_tokens[0].content"),
        .init(#""content":"<|endoftext|>""#, #""content":[]"#, names: "added_tokens[0].content"),
        .init(#""content":"<pad>""#, #""content":"<|endoftext|>""#, names: "listed twice"),
        .init(#"{"id":600,"#, #"{"id":601,"#, names: "601"),
        .init(#"{"id":600,"#, #"{"id":599,"#, names: "599"),
        .init(#"{"id":600,"#, #"{"id":600000000,"#, names: "600000000"),
        .init(#"{"id":600,"#, #"{"id":9223372036854775807,"#, names: "too large"),
        .init(#"{"id":600,"#, #"{"id":99999999999999999999999,"#, names: "added_tokens[1].id"),
        .init(#""single_word":false"#, #""single_word":0"#, names: "added_tokens[0].single_word"),
        .init(#""lstrip":false"#, #""lstrip":"no""#, names: "added_tokens[0].lstrip"),
        .init(#""rstrip":false"#, #""rstrip":{}"#, names: "added_tokens[0].rstrip"),
        .init(#""special":true"#, #""special":"yes""#, names: "added_tokens[0].special"),
        .init(#""special":true"#, #""specials":true"#, names: "added_tokens[0].specials"),
        .init(#""normalizer":null"#, #""normalizer":{"type":"Bert"}"#, names: "normalizer.type"),
        .init(
            #""normalizer":null"#, #""normalizer":{"type":"NFC","more":1}"#,
            names: "normalizer.more"),
        .init(
            #""normalizer":null"#, #""normalizer":{"type":"Replace","content":""}"#,
            names: "normalizer.pattern"),
        .init(
            #""normalizer":null"#,
            #""normalizer":{"type":"Replace","pattern":{"Regex":"a+"},"content":""}"#,
            names: "normalizer.pattern.Regex"),
        .init(
            #""normalizer":null"#,
            #""normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#,
            names: "normalizer.precompiled_charsmap"),
        .init(#""normalizer":null"#, #""normalizer":{}"#, names: "normalizer.type"),
        .init(#""normalizer":null"#, #""normalizer":[]"#, names: "normalizer"),
        .init(byteLevel, #""pre_tokenizer":{"type":"Whitespace""#, names: "pre_tokenizer.type"),
        .init(
            byteLevel, #""pre_tokenizer":{"type":"Metaspace""#,
            names: "pre_tokenizer.trim_offsets"),
        .init(
            byteLevel, #""pre_tokenizer":{"type":"Split","x":1"#,
            names: "pre_tokenizer.x"),
        .init(byteLevel, #""pre_tokenizer":{"type":7"#, names: "pre_tokenizer.type"),
        .init(byteLevel, #""pre_tokenizer":{"kind":"ByteLevel""#, names: "pre_tokenizer.type"),
        .init(byteLevel, #""pre_tokenizer":null,"was":{"type":"ByteLevel""#, names: "was"),
        .init(
            byteLevel, #""pre_tokenizer":{"more":1,"type":"ByteLevel""#, names: "pre_tokenizer.more"
        ),
        .init(
            #""add_prefix_space":false"#, #""add_prefix_space":null,"use_regexp":true"#,
            names: "pre_tokenizer.use_regexp"),
        .init(
            #""add_prefix_space":false"#, #""add_prefix_space":1"#,
            names: "pre_tokenizer.add_prefix_space"),
        .init(
            byteLevel, #""pre_tokenizer":{"type":"Sequence","pretokenizers":[]"#,
            names: "pre_tokenizer.add_prefix_space"),
        .init(
            #""post_processor":{"type":"ByteLevel""#, #""post_processor":{"type":"Bert""#,
            names: "post_processor.type"),
        .init(
            #""post_processor":{"type":"ByteLevel""#, #""post_processor":{"type":null"#,
            names: "post_processor.type"),
        .init(
            #""post_processor":{"type":"ByteLevel""#,
            #""post_processor":{"type":"TemplateProcessing""#, names: "post_processor"),
        .init(
            #""decoder":{"type":"ByteLevel""#, #""decoder":{"type":"WordPiece""#,
            names: "decoder.type"),
        .init(
            #""decoder":{"type":"ByteLevel""#, #""decoder":{"type":"Fuse""#,
            names: "decoder.add_prefix_space"),
        .init(
            #""decoder":{"type":"ByteLevel""#, #""decoder":{"tipe":"ByteLevel""#,
            names: "decoder.type"),
        .init(#""model":{"#, #""model":{"surprise":1,"#, names: "model.surprise"),
        .init(#""model":{"#, #""model":[],"other":{"#, names: "other"),
        .init(#""type":"BPE""#, #""type":"WordPiece""#, names: "model.type"),
        .init(#""type":"BPE""#, #""type":"Unigram""#, names: "model.dropout"),
        .init(#""dropout":null"#, #""dropout":0.1"#, names: "model.dropout"),
        .init(#""dropout":null"#, #""dropout":"none""#, names: "model.dropout"),
        .init(#""unk_token":null"#, #""unk_token":"<unknown>""#, names: "<unknown>"),
        .init(#""unk_token":null"#, #""unk_token":3"#, names: "model.unk_token"),
        .init(
            #""continuing_subword_prefix":null"#, #""continuing_subword_prefix":"@@""#,
            names: "model.continuing_subword_prefix"),
        .init(
            #""end_of_word_suffix":null"#, #""end_of_word_suffix":7"#,
            names: "model.end_of_word_suffix"),
        .init(#""fuse_unk":false"#, #""fuse_unk":[]"#, names: "model.fuse_unk"),
        .init(#""byte_fallback":false"#, #""byte_fallback":"false""#, names: "model.byte_fallback"),
        .init(#""ignore_merges":false"#, #""ignore_merges":2"#, names: "model.ignore_merges"),
        .init(#""vocab":{"#, #""vocabulary":{"#, names: "model.vocabulary"),
        .init(#""vocab":{"#, #""vocab":{"a b":1,"#, names: "id 1"),
        .init(#""vocab":{"#, #""vocab":{"zzzz":77777777,"#, names: "77777777"),
        .init(#""vocab":{"#, #""vocab":{"zzzz":4294967296,"#, names: "4294967296"),
        .init(#""vocab":{"#, #""vocab":{"zzzz":-3,"#, names: "-3"),
        .init(#""vocab":{"#, #""vocab":{"zzzz":"1","#, names: "zzzz"),
        .init(#""vocab":{"#, #""vocab":{"zzzz":1e3,"#, names: "zzzz"),
        .init(#""vocab":{"#, #""vocab":{"zzzz":null,"#, names: "zzzz"),
        .init(#""vocab":{"#, #""vocab":{"zz":700,"zz":701,"#, names: "zz"),
        .init(#""vocab":{"#, #""vocab":{"\ud800":700,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{"\q":700,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{"\u12":700,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{"a":01,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{"a":-,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{"a":nul,"#, names: "byte"),
        .init(#""vocab":{"#, #""vocab":{"a" 1,"#, names: "byte"),
        .init(#""merges":["#, #""merges":["e zzzz","#, names: "zzzz"),
        .init(#""merges":["#, #""merges":[["zzzz","e"],"#, names: "zzzz"),
        .init(#""merges":["#, #""merges":["z q","#, names: "zq"),
        .init(#""merges":["#, #""merges":["e","#, names: "element 0"),
        .init(#""merges":["#, #""merges":["a b c","#, names: "element 0"),
        .init(#""merges":["#, #""merges":[" a","#, names: "element 0"),
        .init(#""merges":["#, #""merges":["a ","#, names: "element 0"),
        .init(#""merges":["#, #""merges":[["a"],"#, names: "element 0"),
        .init(#""merges":["#, #""merges":[["a","b","c"],"#, names: "element 0"),
        .init(#""merges":["#, #""merges":[["a",1],"#, names: "element 0"),
        .init(#""merges":["#, #""merges":[null,"#, names: "element 0"),
        .init(#""merges":["#, #""merges":{},"x":["#, names: "model.x"),
    ]
}

@Suite struct `Malformed tokenizer files` {
    @Test(arguments: Mutation.all)
    func `a wrong field is an error naming the file and the field`(_ mutation: Mutation) throws {
        var text = try TokenizerFixtures.text("small/tokenizer.json")
        let range = try #require(text.range(of: mutation.original))
        text.replaceSubrange(range, with: mutation.changed)
        let error = #expect(throws: TokenizerError.self) {
            _ = try Tokenizer(tokenizerJSON: Array(text.utf8), name: "bad.json")
        }
        let message = error?.description ?? ""
        #expect(message.hasPrefix("bad.json"))
        #expect(mutation.named.isEmpty || message.contains(mutation.named), "\(message)")
    }

    @Test func `every truncation is an error`() throws {
        let bytes = try TokenizerFixtures.bytes("small/tokenizer.json")
        for count in stride(from: 0, to: bytes.count - 2, by: 37) {
            #expect(throws: TokenizerError.self) {
                _ = try Tokenizer(tokenizerJSON: Array(bytes[..<count]), name: "cut.json")
            }
        }
    }

    @Test func `random byte changes give an error or a tokenizer that works`() throws {
        let bytes = try TokenizerFixtures.bytes("small/tokenizer.json")
        var generator = SeededGenerator(11)
        for _ in 0..<1500 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<changed.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: changed[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: changed.remove(at: place)
                default:
                    changed.insert(
                        changed[Int.random(in: 0..<changed.count, using: &generator)], at: place)
                }
            }
            if let tokenizer = try? Tokenizer(tokenizerJSON: changed, name: "noise.json") {
                let ids = tokenizer.encode("It's a test  of <R>  bytes\n\u{1F600}")
                _ = tokenizer.decode(ids)
                _ = tokenizer.encodeWithOffsets("x [X] <both> \t\t y")
            }
        }
    }

    @Test(arguments: [
        "", " ", "null", "[]", "{}", "1", "\"a\"", "{\"model\":null}", "{\"a\":1,\"a\":2}",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 5000),
        "{\"model\":{\"vocab\":{},\"merges\":[]}}", "{\"version\":\"1.0\"} x", "{\"version\":tru",
    ])
    func `other JSON is an error`(_ text: String) {
        #expect(throws: TokenizerError.self) {
            _ = try Tokenizer(tokenizerJSON: Array(text.utf8), name: "other.json")
        }
    }

    @Test func `bytes that are not UTF-8 are an error with their position`() throws {
        var bytes = try TokenizerFixtures.bytes("small/tokenizer.json")
        bytes[100] = 0xFF
        let error = #expect(throws: TokenizerError.self) {
            _ = try Tokenizer(tokenizerJSON: bytes, name: "latin.json")
        }
        #expect(error?.message.contains("latin.json: byte 100") == true)
    }

    /// File, its new content (nil: removed), and what the error must name.
    @Test(arguments: [
        ("tokenizer.json", "{", "tokenizer.json"),
        ("tokenizer_config.json", "{", "tokenizer_config.json"),
        ("tokenizer_config.json", "{\"eos_token\":\"<gone>\"}", "eos_token"),
        ("tokenizer_config.json", "{\"eos_token\":7}", "eos_token"),
        ("tokenizer_config.json", "{\"eos_token\":\"\"}", "eos_token"),
        ("tokenizer_config.json", "{\"pad_token\":{\"content\":1}}", "pad_token.content"),
        ("tokenizer_config.json", "{\"add_bos_token\":\"yes\"}", "add_bos_token"),
        ("tokenizer_config.json", "{\"added_tokens_decoder\":[]}", "added_tokens_decoder"),
        (
            "tokenizer_config.json", "{\"added_tokens_decoder\":{\"x\":{}}}",
            "added_tokens_decoder.x"
        ),
        (
            "tokenizer_config.json", "{\"added_tokens_decoder\":{\"9\":{\"content\":\"<pad>\"}}}",
            "<pad>"
        ),
        (
            "tokenizer_config.json", "{\"added_tokens_decoder\":{\"9\":{\"content\":\"new\"}}}",
            "new"
        ),
        ("special_tokens_map.json", "[]", "special_tokens_map.json"),
        (
            "special_tokens_map.json", "{\"additional_special_tokens\":[\"<gone>\"]}",
            "additional_special_tokens[0]"
        ),
    ])
    func `a wrong file in a folder is an error naming it`(
        _ name: String, _ content: String, _ named: String
    ) throws {
        try TokenizerFixtures.withTemporaryFolder { place in
            try TokenizerFixtures.copySmall(["tokenizer.json"], to: place)
            try Data(content.utf8).write(to: place.appendingPathComponent(name))
            let error = #expect(throws: TokenizerError.self) {
                _ = try Tokenizer(folder: place.path)
            }
            #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: [
        ("merges.txt", "#version: 0.2\ne\n", "line 2"),
        ("merges.txt", "#version: 0.2\ne  r\n", "line 2"),
        ("merges.txt", "#version: 0.2\n\ne r\n", "line 2"),
        ("merges.txt", "#version: 0.2\r\re r\r", "line 2"),
        ("merges.txt", "#version: 0.2\r\ne r\re\r", "line 3"),
        ("merges.txt", "", "merges.txt: expected the merges"),
        ("merges.txt", "#version: 0.2\n\n", "merges.txt: expected the merges"),
        ("merges.txt", "#version: 0.2\r\r", "merges.txt: expected the merges"),
        ("merges.txt", "e zzzz\n", "zzzz"),
        ("vocab.json", "[]", "vocab.json"),
        ("vocab.json", "{\"a\":0,\"b\":0}", "id 0"),
        ("vocab.json", "{\"a\":0,\"b\":900000}", "900000"),
        ("vocab.json", "{}", "merges.txt"),
        ("added_tokens.json", "{\"<new>\":0}", "<new>"),
        ("added_tokens.json", "{\"<new>\":\"600\"}", "<new>"),
        ("added_tokens.json", "{\"\":600}", "added_tokens.json"),
    ])
    func `wrong vocabulary files are errors naming the place`(
        _ name: String, _ content: String, _ named: String
    ) throws {
        try TokenizerFixtures.withTemporaryFolder { place in
            try TokenizerFixtures.copySmall(["vocab.json", "merges.txt"], to: place)
            try Data(content.utf8).write(to: place.appendingPathComponent(name))
            let error = #expect(throws: TokenizerError.self) {
                _ = try Tokenizer(folder: place.path)
            }
            #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
        }
    }

    @Test func `merges that no token needs may be none`() throws {
        try TokenizerFixtures.withTemporaryFolder { place in
            let files = [
                ("vocab.json", #"{"a":0,"b":1,"<end>":2}"#), ("merges.txt", "#version: 0.2\n"),
                (
                    "tokenizer_config.json",
                    #"{"added_tokens_decoder":{"2":{"content":"<end>","special":true}}}"#
                ),
            ]
            for (name, text) in files {
                try Data(text.utf8).write(to: place.appendingPathComponent(name))
            }
            #expect(try Tokenizer(folder: place.path).encode("ab<end>") == [0, 1, 2])
        }
    }

    @Test(arguments: ["\r\n", "\r"])
    func `files that Windows editors saved give the same tokenizer`(_ lineEnd: String) throws {
        try TokenizerFixtures.withTemporaryFolder { place in
            try TokenizerFixtures.copySmall(["vocab.json", "merges.txt"], to: place)
            let text = "The café, 3 words — and more."
            let ids = try Tokenizer(folder: place.path).encode(text)
            for name in ["vocab.json", "merges.txt"] {
                let file = place.appendingPathComponent(name)
                let plain = try String(contentsOf: file, encoding: .utf8)
                let edited = "\u{FEFF}" + plain.replacing("\n", with: lineEnd)
                try Data(edited.utf8).write(to: file)
            }
            #expect(try Tokenizer(folder: place.path).encode(text) == ids)
        }
    }

    @Test func `a missing folder, an empty one and missing merges are errors`() throws {
        try TokenizerFixtures.withTemporaryFolder { place in
            let missing = place.appendingPathComponent("none").path
            #expect(throws: TokenizerError.self) { _ = try Tokenizer(folder: missing) }
            #expect(throws: TokenizerError.self) { _ = try Tokenizer(folder: place.path) }
            try TokenizerFixtures.copySmall(["vocab.json"], to: place)
            let error = #expect(throws: TokenizerError.self) {
                _ = try Tokenizer(folder: place.path)
            }
            #expect(error?.message.contains("merges.txt") == true)
            let file = place.appendingPathComponent("vocab.json").path
            #expect(throws: TokenizerError.self) { _ = try Tokenizer(folder: file) }
        }
    }
}
