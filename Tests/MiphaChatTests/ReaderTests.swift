import Foundation
import MiphaChat
import MiphaFiles
import Testing

private func read(_ text: String) throws -> [ConversationSample] {
    try ConversationReader().read(bytes: Array(text.utf8), name: "x.json")
}

private let turns = #"[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]"#

@Suite struct ReaderTests {
    @Test func `an array of items is read and other keys are left out`() throws {
        let samples = try read(
            #"""
            [{"id": "a1", "image": "c/1.jpg", "model": "", "extra": {"k": [1, -2.5e3, null, true]},
              "conversations": [{"from": "human", "value": "<image>\nHi", "w": 1},
                                {"from": "gpt", "value": "3"}]},
             {"id": 7, "conversations": \#(turns)},
             {"image": ["a.png", "b.png"], "conversations": \#(turns)},
             {"id": null, "image": null, "conversations": \#(turns)}]
            """#)
        #expect(samples.map(\.id) == ["a1", "7", nil, nil])
        #expect(samples.map(\.images) == [["c/1.jpg"], [], ["a.png", "b.png"], []])
        #expect(samples[0].turns == [.init(.human, "<image>\nHi"), .init(.assistant, "3")])
    }

    @Test func `user and assistant are accepted as roles`() throws {
        let samples = try read(
            #"[{"conversations":[{"from":"user","value":"Q"},{"from":"assistant","value":"A"}]}]"#)
        #expect(samples[0].turns.map(\.role) == [.human, .assistant])
    }

    @Test func `JSON lines are read with blank lines and a byte order mark`() throws {
        let line = "{\"id\":1,\"conversations\":\(turns)}"
        let samples = try read("\u{FEFF}\(line)\n\n\(line)\r\n  \(line)\n")
        #expect(samples.count == 3)
    }

    @Test func `an empty array holds no sample`() throws {
        #expect(try read(" [ ] ").isEmpty)
    }

    @Test(arguments: [
        (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u00e9\u00E9"#, "éé"),
        (#"\ud83d\ude00"#, "😀"), (#"a\u0000b"#, "a\u{0}b"), ("東京 é 😀", "東京 é 😀"),
        (#"\uD834\uDD1Ex"#, "𝄞x"), ("", ""),
    ])
    func `strings are unescaped`(written: String, expected: String) throws {
        let samples = try read(
            #"[{"conversations":[{"from":"human","value":"\#(written)"},"#
                + #"{"from":"gpt","value":"A"}]}]"#)
        #expect(sameBytes(samples[0].turns[0].text, expected))
    }

    @Test func `turn order is checked unless switched off`() throws {
        let text = #"[{"id":"z","conversations":[{"from":"gpt","value":"A"}]}]"#
        let error = #expect(throws: ChatError.self) { try read(text) }
        #expect(error?.code == .turnOrder)
        #expect(error?.message.contains("x.json: item 0: item \"z\"") == true)
        let reader = ConversationReader(checksTurnOrder: false)
        #expect(try reader.read(bytes: Array(text.utf8), name: "x").count == 1)
    }

    @Test func `a missing file is an error that names it`() {
        let error = #expect(throws: ChatError.self) {
            try ConversationReader().read(file: "/nonexistent/a.json")
        }
        #expect(error?.code == .unreadableFile)
        #expect(error?.message.contains("/nonexistent/a.json") == true)
    }

    @Test func `an error names file, item and key`() {
        let error = #expect(throws: ChatError.self) {
            try read(
                #"[{"id":1,"conversations":\#(turns)},"#
                    + #"{"id":"b","conversations":[{"from":"bot"}]}]"#)
        }
        #expect(
            error?.message
                == "x.json: item 1: (id \"b\") key \"conversations[0].from\": expected \"human\" or "
                + "\"gpt\" (also \"user\", \"assistant\"), found \"bot\"")
    }

    @Test(arguments: ReaderTests.malformed)
    func `malformed items throw`(text: String) {
        let error = #expect(throws: ChatError.self) { try read(text) }
        #expect(error?.message.hasPrefix("x.json: ") == true)
    }

    @Test func `invalid UTF-8 throws`() {
        for bad: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF5, 0x80]] {
            let bytes = Array(#"[{"id":"a"#.utf8) + bad + Array(#"","conversations":[]}]"#.utf8)
            #expect(throws: ChatError.self) {
                try ConversationReader().read(bytes: bytes, name: "x.json")
            }
        }
    }

    @Test func `every cut of a valid file throws`() throws {
        let whole =
            Array(
                #"[{"id":-1.5e2,"image":["\u00e9"],"k":{"a":[true,false,null]},"#.utf8)
            + Array("\"conversations\":\(turns)}]".utf8)
        #expect(try ConversationReader().read(bytes: whole, name: "x").count == 1)
        for count in 0..<whole.count {
            #expect(throws: ChatError.self) {
                try ConversationReader().read(bytes: Array(whole.prefix(count)), name: "x")
            }
        }
    }

    @Test func `random changes of bytes never trap`() {
        let whole =
            Array(#"[{"id":"a\u00e9","image":["b"],"n":[1,2.5],"conversations":"#.utf8)
            + Array("\(turns)}]".utf8)
        var generator = SplitMix64(seed: 9)
        for _ in 0..<4000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? ConversationReader().read(bytes: bytes, name: "x")
        }
    }

    static let malformed: [String] =
        [
            "", " ", "null", "1", "\"a\"", "[", "[,]", "[1]", "[null]", "[\"a\"]", "[[]]", "[{]",
            "{", "{}", "[{}]", "[{},]", "[}", "[] []", "[]x", "nul", "{\"a\"}", "{\"a\":}",
            "{a:1}", "{'a':1}", #"[{"conversations":[]}]"#, #"[{"conversations":{}}]"#,
            #"[{"conversations":null}]"#, #"[{"conversations":"a"}]"#,
            #"[{"conversations":[1]}]"#, #"[{"conversations":[{}]}]"#,
            #"[{"conversations":[{"from":"human"}]}]"#, #"[{"conversations":[{"value":"a"}]}]"#,
            #"[{"conversations":[{"from":1,"value":"a"}]}]"#,
            #"[{"conversations":[{"from":"human","value":1}]}]"#,
            #"[{"conversations":[{"from":"human","value":null}]}]"#,
            #"[{"conversations":[{"from":"Human","value":"a"}]}]"#,
            #"[{"conversations":[{"from":"system","value":"a"}]}]"#,
            #"[{"conversations":[{"from":"human","value":"a"}]}]"#,
            #"[{"conversations":[{"from":"gpt","value":"a"}]}]"#,
            #"[{"conversations":[{"from":"human","value":"a"},{"from":"human","value":"a"}]}]"#,
            #"[{"conversations":[{"from":"human","value":"a"} {"from":"gpt","value":"a"}]}]"#,
        ] + badKeys.map { "[{\($0),\"conversations\":\(turns)}]" }

    private static let badKeys = [
        #""id":true"#, #""id":{}"#, #""id":[]"#, #""id":01"#, #""id":-"#, #""id":1."#,
        #""id":1e"#, #""id":+1"#, #""id":.5"#, #""id":NaN"#, #""image":1"#, #""image":{}"#,
        #""image":"""#, #""image":[1]"#, #""image":[null]"#, #""image":[""]"#, #""image":[["a"]]"#,
        #""image":true"#, #""k":tru"#, #""k":Infinity"#, #""k":undefined"#, #""k":"\x""#,
        #""k":"\u12""#, #""k":"\u12g4""#, #""k":"\ud83d""#, #""k":"\ud83dx""#, #""k":"\ude00""#,
        #""k":"\ud83d\u0041""#, "\"k\":\"a\nb\"", "\"k\":\"a\u{1}\"", #""k":[1,]"#,
        #""k":{"a":1,}"#,
        #""k":{1:2}"#, #""k" 1"#, #""k":"\"#, #""k":"\u{+1""#,
        "\"k\":" + String(repeating: "[", count: 100_000),
        "\"k\":" + String(repeating: "{\"a\":", count: 100_000),
        "\"k\":" + String(repeating: "[", count: 300) + String(repeating: "]", count: 300),
    ]
}
