import Foundation
import MiphaChat
import MiphaFiles
import MiphaTestSupport
import Testing

/// What becomes of the keys of data items.
@Suite struct ItemKeyTests {
    private static let turns =
        #""conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]"#

    private func read(
        _ members: String, form: SampleForm = .conversations
    ) throws -> (sample: ConversationSample, unknown: [String]) {
        var cursor = JSONCursor(Array("{\(members)}".utf8), file: "x.json")
        var unknown: [String] = []
        let sample = try ConversationReader(form: form).item(&cursor, 0, &unknown)
        return (sample, unknown)
    }

    @Test(arguments: [
        (#""images":["a.png"]"#, ["a.png"]), (#""images":["a.png","b.png"]"#, ["a.png", "b.png"]),
        (#""images":["a.png"],"image":null"#, ["a.png"]),
        (#""image":[],"images":["a.png"]"#, ["a.png"]),
        (#""image":"a.png","images":[]"#, ["a.png"]),
        (#""image":"a.png","images":null"#, ["a.png"]),
        (#""images":null"#, []), (#""images":[]"#, []),
    ])
    func `a list under images is read as under image`(members: String, paths: [String]) throws {
        let (sample, unknown) = try read("\(members),\(Self.turns)")
        #expect(sample.images == paths && unknown == [])
    }

    @Test(arguments: [
        (#""images":"a.png""#, #"key "images": expected an array of paths, found a string"#),
        (
            #""images":{"<image_00>":"a.png"}"#,
            #"key "images": expected an array of paths, found an object"#
        ),
        (
            #""images":[{"bytes":null,"path":"a.png"}]"#,
            #"key "images[0]": expected a path, found an object"#
        ),
        (#""images":["a.png",""]"#, #"key "images[1]": expected a path, found an empty string"#),
        (#""images":[["a.png"]]"#, #"key "images[0]": expected a path, found an array"#),
        (
            #""image":{"<image_00>":"a.png"}"#,
            #"key "image": expected a path or an array of paths, found an object"#
        ),
        (#""image":"a.png\u0000b""#, #"key "image": expected a path, found one with a NUL inside"#),
        (
            #""image":"data:image/png;base64,aa""#,
            #"key "image": expected a path, found a text of 24 bytes"#
        ),
        (#""image":"a.png","images":["a.png"]"#, #"keys "image" and "images": both name images"#),
        (#""image":"a.png","image":"b.png""#, #"key "image" comes twice"#),
        (#""images":null,"images":["b.png"]"#, #"key "images" comes twice"#),
    ])
    func `images that are not certain are refused by name`(members: String, part: String) throws {
        let error = #expect(throws: ChatError.self) { try read("\(members),\(Self.turns)") }
        let message = error?.message ?? ""
        #expect(error?.code == .malformedItem)
        #expect(message.hasPrefix("x.json: item 0: \(part)"), "\(message)")
    }

    /// Keys of other toolkits, and what the message must say to do.
    @Test(arguments: [
        (#""image_path":"a.png""#, "image_path", #"under "image""#),
        (#""image_file":"a.png""#, "image_file", #"under "image""#),
        (#""image_url":"http://a/b.png""#, "image_url", #"under "image""#),
        (#""imgs":["a.png"]"#, "imgs", #"under "image""#),
        (#""pixel_values":[[0.5]]"#, "pixel_values", #"under "image""#),
        (#""video":"a.mp4""#, "video", "still images"),
        (#""videos":["a.mp4"]"#, "videos", "still images"),
        (#""audio":"a.wav""#, "audio", "still images"),
        (#""messages":[{"role":"user","content":"Q"}]"#, "messages", #"under "conversations""#),
        (#""system":"You are a pirate.""#, "system", "first human turn"),
        (#""tools":"[{}]""#, "tools", "first human turn"),
        (#""rejected_response":"B""#, "rejected_response", #""chosen" and "rejected""#),
        (#""kto_tag":false"#, "kto_tag", #""chosen" and "rejected""#),
        (#""max_pixels":4096"#, "max_pixels", "processor"),
        (#""weight":0.5"#, "weight", #""data_path""#),
        (#""Image":"a.png""#, "Image", #"write "image""#),
        (#""image ":"a.png""#, "image ", #"write "image""#),
        (#""IMAGES":["a.png"]"#, "IMAGES", #"write "images""#),
        (#""image-path":"a.png""#, "image-path", #"not "image_path" to the letter"#),
        (#""Conversations":[]  ,"Conversation":[1]"#, "Conversation", #"under "conversations""#),
    ])
    func `keys that would change what is learned are refused by name`(
        members: String, key: String, advice: String
    ) throws {
        for text in ["\(members),\(Self.turns)", "\(Self.turns),\(members)"] {
            let error = #expect(throws: ChatError.self) { try read(text) }
            let message = error?.message ?? ""
            #expect(message.hasPrefix("x.json: item 0: key \"\(key)\""), "\(message)")
            #expect(message.contains("which is not read") && message.contains(advice), "\(message)")
        }
    }

    @Test func `such keys say nothing while they are empty`() throws {
        for group in ItemKeyGroup.all where group.place == .item && group.use != .used {
            for name in group.names {
                for value in ["null", "\"\"", "[]", "{}"] {
                    let (sample, unknown) = try read("\"\(name)\":\(value),\(Self.turns)")
                    #expect(sample.images == [] && unknown == [], "\(name): \(value)")
                }
            }
        }
        #expect(throws: Never.self) { try read(#""weight":1,"turns":3,\#(Self.turns)"#) }
    }

    @Test func `every key to refuse is refused, and every irrelevant one passed over`() throws {
        for group in ItemKeyGroup.all {
            for name in group.names {
                let member = "\"\(name)\":[\"x\"]"
                let text =
                    group.place == .item
                    ? "\(member),\(Self.turns)"
                    : #""conversations":[{"from":"human","value":"Q",\#(member)},{"from":"gpt","value":"A"}]"#
                switch group.use {
                case .used: continue
                case .irrelevant: #expect(try read(text).unknown == [], "\(name)")
                case .refused, .refusedWithoutImages:
                    #expect(throws: ChatError.self, "\(name)") { try read(text) }
                }
            }
        }
    }

    @Test func `a second name of images that are named is reported, not refused`() throws {
        let (sample, unknown) = try read(
            #""image_url":"http://a/b.png","image":"b.png",\#(Self.turns)"#)
        #expect(sample.images == ["b.png"] && unknown == ["image_url"])
    }

    @Test func `unknown keys that are set are reported once each`() throws {
        let turns =
            #"[{"from":"human","value":"Q","mood":"up"},{"from":"gpt","value":"A","mood":1,"w":[]}]"#
        let (_, unknown) = try read(
            #""caption":"c","source":"coco","width":3,"nothing":null,"answer":"a","question":"q","conversations":\#(turns)"#
        )
        #expect(unknown == ["caption", "answer", "question", "conversations[].mood"])
    }

    @Test(arguments: [
        (#"{"from":"human","value":"Q","images":["a.png"]}"#, #"conversations[0].images"#),
        (#"{"from":"human","value":"Q","weight":0}"#, "conversations[0].weight"),
        (#"{"from":"human","value":"Q","train":false}"#, "conversations[0].train"),
        (#"{"from":"human","value":"Q","loss":false}"#, "conversations[0].loss"),
        (
            #"{"from":"human","value":"Q","reasoning_content":"hm"}"#,
            "conversations[0].reasoning_content"
        ),
        (#"{"from":"human","value":"Q","tool_calls":[{}]}"#, "conversations[0].tool_calls"),
        (#"{"From":"human","value":"Q"}"#, "conversations[0].From"),
        (#"{"role":"user","content":"Q"}"#, "conversations[0].role"),
        (#"{"from":"human","value":"Q","content":"P"}"#, "conversations[0].content"),
        (#"{"from":"human","value":"Q","value":"P"}"#, "conversations[0].value"),
        (#"{"from":"human","from":"gpt","value":"Q"}"#, "conversations[0].from"),
        (#"{"from":"human","value":[{"type":"image","image":"a.png"}]}"#, "conversations[0].value"),
    ])
    func `a turn is read whole or refused by its key`(turn: String, key: String) throws {
        let text = #""conversations":[\#(turn),{"from":"gpt","value":"A"}]"#
        let error = #expect(throws: ChatError.self) { try read(text) }
        #expect(
            error?.message.hasPrefix("x.json: item 0: key \"\(key)\"") == true,
            "\(error?.message ?? "")")
        #expect(throws: Never.self) {
            try read(
                text.replacing(turn, with: #"{"from":"human","value":"Q","weight":1,"train":true}"#)
            )
        }
    }

    @Test(arguments: [
        (#""id":"a","id":"b","conversations":[]"#, #"(id "a") key "id" comes twice"#),
        (#""id":null,"id":"b","conversations":[]"#, #"key "id" comes twice"#),
        (
            #""conversations":[{"from":"human","value":"Q","value":"P"}]"#,
            #"key "conversations[0].value": comes twice; leave one out"#
        ),
        (
            #""conversations":[{"from":"human","from":"gpt","value":"P"}]"#,
            #"key "conversations[0].from": comes twice; leave one out"#
        ),
    ])
    func `a key that comes twice is refused by its name`(members: String, part: String) throws {
        let error = #expect(throws: ChatError.self) { try read(members) }
        let message = error?.message ?? ""
        #expect(message.hasPrefix("x.json: item 0: \(part)"), "\(message)")
    }

    @Test func `an item without turns names the keys that it has instead`() throws {
        let error = #expect(throws: ChatError.self) {
            try read(#""instruction":"Do.","input":"","output":"Done.""#)
        }
        #expect(
            error?.message.hasSuffix(
                #"expected an array of turns, found the keys "instruction", "output""#) == true,
            "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (#""prompt":"P","question":"Q""#, #"keys "prompt" and "question": both hold the question"#),
        (
            #""conversations":[{"from":"human","value":"Q"}],"prompt":"P""#,
            #"keys "conversations" and "prompt": both hold the question"#
        ),
        (#""prompt":"P","prompt":"Q""#, #"key "prompt" comes twice"#),
        (#""prompt":"P","chosen":"C""#, #"key "chosen" comes twice"#),
        (#""prompt":"P","messages":[{}]"#, #"key "messages": found an array"#),
        (#""prompt":"P","video":"a.mp4""#, #"key "video": found a string"#),
        (
            #""prompt":[{"role":"user","content":"P","from":"human"}]"#,
            #"key "prompt[0].from": the turn has a role already, under "role""#
        ),
        (
            #""prompt":[{"role":"user","content":[{"type":"image"}]}]"#,
            #"key "prompt[0].content": expected a string (parts are not read"#
        ),
    ])
    func `a pair of answers is read whole or refused by the key`(
        members: String, part: String
    ) throws {
        let error = #expect(throws: ChatError.self) {
            try read(#"\#(members),"chosen":"A","rejected":"B""#, form: .preferences)
        }
        #expect(
            error?.message.hasPrefix("x.json: item 0: \(part)") == true, "\(error?.message ?? "")")
    }

    @Test func `the document lists the keys that the code knows`() throws {
        let document = try String(
            contentsOf: URL(filePath: PackagePaths.root).appending(path: "docs/data.md"),
            encoding: .utf8)
        let start = try #require(document.range(of: "## Keys of items\n"))
        let table = try #require(document[start.upperBound...].split(separator: "\n## ").first)
        var rows: [String: String] = [:]
        for line in table.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            for key in cells[0].split(separator: ", ") {
                rows["\(cells[1]) \(key)"] = "\(cells[2]): \(cells[3])"
            }
        }
        var expected: [String: String] = [:]
        for group in ItemKeyGroup.all {
            let use =
                switch group.use {
                case .used: "used"
                case .irrelevant: "irrelevant"
                case .refused: "refused"
                case .refusedWithoutImages: "refused without `image`"
                }
            for name in group.names {
                expected["\(group.place.rawValue) `\(name)`"] = "\(use): \(group.words)"
            }
        }
        #expect(rows == expected)
    }
}
