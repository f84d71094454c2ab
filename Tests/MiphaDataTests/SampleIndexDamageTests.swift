import Foundation
import MiphaChat
import MiphaData
import MiphaTestSupport
import Testing

/// A text that is not a set of conversations, and what the error must say beside the file.
struct DamagedText: Sendable, CustomTestStringConvertible {
    let text: String
    let code: ChatError.Code
    let words: [String]
    var testDescription: String { String(text.prefix(60)) }

    init(_ text: String, _ code: ChatError.Code, _ words: String...) {
        self.text = text
        self.code = code
        self.words = words
    }

    static let turn = "{\"from\": \"human\", \"value\": \"q\"}"
    static let answer = "{\"from\": \"gpt\", \"value\": \"a\"}"
    static let good = "{\"id\": \"g\", \"conversations\": [\(turn), \(answer)]}"

    /// Bytes that are not JSON.
    static let broken = [
        DamagedText("", .malformedJSON, "line 1, column 1"),
        DamagedText(" \n ", .malformedJSON, "line 2"),
        DamagedText("7", .malformedJSON, "line 1, column 1"),
        DamagedText("[\(good),\n\(good)", .malformedJSON, "line 2", "expected"),
        DamagedText("[\(good),\n  \(good.dropLast())", .malformedJSON, "line 2"),
        DamagedText("[\(good)\n\(good)]", .malformedJSON, "line 2, column 1", "','"),
        DamagedText("[\(good),]", .malformedJSON, "line 1"),
        DamagedText("[\(good)] x", .malformedJSON, "line 1", "the end"),
        DamagedText("[{\"id\": \"\u{1}\"}]", .malformedJSON, "line 1, column 10", "control"),
        DamagedText("[{\"id\": \"\\x\"}]", .malformedJSON, "escape"),
        DamagedText("[{\"id\": \"\\ud800\"}]", .malformedJSON, "surrogate"),
        DamagedText("[{\"id\": 01}]", .malformedJSON, "line 1"),
        DamagedText("[{\"id\" \"a\"}]", .malformedJSON, "':'"),
        DamagedText("[{id: 1}]", .malformedJSON, "line 1, column 3"),
        DamagedText(
            "[{\"x\": " + String(repeating: "[", count: 2_000), .malformedJSON, "line 1"),
        DamagedText("[nul]", .malformedJSON, "line 1"),
    ]

    /// A line that is not JSON after one that is.
    static let brokenLines = [
        DamagedText("\(good)\n\(good),", .malformedJSON, "line 2"),
        DamagedText("\(good)\n{\"id\": \"b\", \"conversations\": [}", .malformedJSON, "line 2"),
    ]

    /// JSON that holds no conversations.
    static let strange = [
        DamagedText("[\(good), 7]", .malformedItem, "item 1", "expected an object"),
        DamagedText("[\(good), []]", .malformedItem, "item 1", "an array"),
        DamagedText("[{}]", .malformedItem, "item 0", "\"conversations\" is missing"),
        DamagedText("[{\"conversations\": {}}]", .malformedItem, "item 0", "an array"),
        DamagedText("[{\"conversations\": [7]}]", .malformedItem, "conversations[0]"),
        DamagedText(
            "[{\"id\": \"z\", \"conversations\": [{\"value\": \"q\"}]}]", .malformedItem,
            "conversations[0].from", "\"z\""),
        DamagedText(
            "[{\"conversations\": [{\"from\": \"human\"}]}]", .malformedItem, "value\" is missing"),
        DamagedText(
            "[{\"conversations\": [{\"from\": \"human\", \"value\": 3}]}]", .malformedItem,
            "conversations[0].value", "a string"),
        DamagedText(
            "[{\"conversations\": [{\"from\": \"robot\", \"value\": \"q\"}]}]", .malformedItem,
            "\"robot\""),
        DamagedText(
            "[{\"image\": 3, \"conversations\": [\(turn), \(answer)]}]", .malformedItem,
            "\"image\""),
        DamagedText(
            "[{\"image\": \"\", \"conversations\": [\(turn), \(answer)]}]", .malformedItem,
            "empty string"),
        DamagedText(
            "[{\"image\": [\"a\", null], \"conversations\": [\(turn), \(answer)]}]",
            .malformedItem, "image[1]"),
        DamagedText(
            "[{\"image\": [" + Array(repeating: "\"a\"", count: 70_000).joined(separator: ",")
                + "], \"conversations\": [\(turn), \(answer)]}]", .malformedItem, "70000"),
        DamagedText("[{\"conversations\": []}]", .turnOrder, "item 0", "no turn"),
        DamagedText("[{\"conversations\": [\(turn)]}]", .turnOrder, "without an answer"),
        DamagedText(
            "[\(good), {\"id\": \"y\", \"conversations\": [\(turn), \(turn)]}]", .turnOrder,
            "item 1", "conversations[1].from"),
        DamagedText("[{\"conversations\": [\(answer), \(turn)]}]", .turnOrder, "[0].from"),
    ]
}

@Suite struct SampleIndexDamageTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: DamagedText.broken + DamagedText.brokenLines + DamagedText.strange)
    func `the error names the file and the place`(_ damaged: DamagedText) throws {
        let source = try source(damaged.text, in: folder)
        let error = try #require(throws: ChatError.self) { try SampleIndex([source]) }
        #expect(error.code == damaged.code)
        #expect(error.message.hasPrefix("\(source.file): "))
        for word in damaged.words { #expect(error.message.contains(word), "\(error.message)") }
    }

    @Test(arguments: DamagedText.strange + DamagedText.brokenLines)
    func `an item that is not a conversation can be kept and throws when read`(
        _ damaged: DamagedText
    ) throws {
        let source = try source(damaged.text, in: folder)
        let index = try SampleIndex([source], faults: .keep)
        #expect(index.faultyCount == 1)
        let number = index.count - 1
        #expect(index.isFaulty(number))
        #expect((0..<number).allSatisfy { !index.isFaulty($0) })
        for number in 0..<number { #expect(try index.sample(number).id == "g") }
        guard damaged.text.count < 10_000 else { return }
        let error = try #require(throws: ChatError.self) { try index.sample(number) }
        #expect(error.code == damaged.code)
        for word in damaged.words { #expect(error.message.contains(word), "\(error.message)") }
    }

    @Test(arguments: DamagedText.broken)
    func `broken JSON cannot be kept`(_ damaged: DamagedText) throws {
        let source = try source(damaged.text, in: folder)
        #expect(throws: ChatError.self) { try SampleIndex([source], faults: .keep) }
    }

    @Test func `broken JSON inside a bad item is broken JSON`() throws {
        let source = try source("[{\"id\": [], \"x\": tru}]", in: folder)
        let error = try #require(throws: ChatError.self) {
            try SampleIndex([source], faults: .keep)
        }
        #expect(error.code == .malformedJSON)
        #expect(error.message.contains("line 1, column 18"), "\(error.message)")
    }

    @Test func `bytes that are not UTF-8 are named by line and column`() throws {
        var bytes = Array("[\n {\"id\": \"é".utf8)
        bytes += [0xFF] + Array("\"}]".utf8)
        try Data(bytes).write(to: URL(filePath: folder.file("data.json")))
        let error = try #require(throws: ChatError.self) {
            try SampleIndex([ConversationSource(file: folder.file("data.json"))])
        }
        #expect(error.code == .malformedJSON)
        #expect(error.message.contains("line 2, column 11"), "\(error.message)")
    }

    @Test func `a file without samples, a missing file and a folder are refused`() throws {
        let empty = try source("[]", in: folder)
        let none = try #require(throws: DataError.self) { try SampleIndex([empty]) }
        #expect(none.code == .noSamples)
        #expect(none.message.contains(empty.file))
        #expect(throws: DataError.self) { try SampleIndex([]) }
        for path in [folder.file("absent.json"), folder.path] {
            let error = try #require(throws: ChatError.self) {
                try SampleIndex([ConversationSource(file: path)])
            }
            #expect(error.code == .unreadableFile)
            #expect(error.message.contains(path))
        }
    }

    @Test func `a file that changes while in use is an error that says so`() throws {
        let source = try source(
            (0..<4).map { item("\($0)") }.joined(separator: "\n"), in: folder)
        let index = try SampleIndex([source])
        let handle = try #require(FileHandle(forWritingAtPath: source.file))
        try handle.seek(toOffset: 3)
        try handle.write(contentsOf: Data("?\"?".utf8))
        try handle.truncate(atOffset: 200)
        try handle.close()
        let changed = try #require(throws: ChatError.self) { try index.sample(0) }
        #expect(changed.code == .malformedJSON)
        #expect(changed.message.contains("item 0: expected the conversation that was there"))
        let cut = try #require(throws: ChatError.self) { try index.sample(3) }
        #expect(cut.code == .unreadableFile)
        #expect(cut.message.contains("item 3"))
    }

    @Test func `a file cut anywhere never traps and never passes`() throws {
        let text = Array("[\(item("a", image: "1.jpg")),\n \(item("b"))]".utf8)
        for end in 0..<text.count {
            try Data(text[..<end]).write(to: URL(filePath: folder.file("data.json")))
            #expect(throws: ChatError.self, "cut at \(end)") {
                try SampleIndex([ConversationSource(file: folder.file("data.json"))])
            }
        }
    }
}
