import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

struct JSONElementsErrorTests {
    static let malformed: [(String, JSONElements.Shape, String)] = [
        ("", .array, "1:1: expected an array, found the end"),
        ("", .lines, "1:1: expected a value, found the end"),
        (" \n ", .lines, "2:2: expected a value, found the end"),
        ("", .automatic(), "1:1: expected an array or an object, found the end"),
        ("", .members, "1:1: expected an object, found the end"),
        ("\u{FEFF}", .array, "1:1: expected an array, found the end"),
        ("{}", .array, "1:1: expected an array, found an object"),
        ("[]", .members, "1:1: expected an object, found an array"),
        ("null", .array, "1:1: expected an array, found null"),
        ("\"a\"", .arrayUnder("k"), "1:1: expected an object with the key \"k\", found a string"),
        (
            "{}", .arrayUnder("k"),
            "1:3: expected the key \"k\" with an array, found an empty object"
        ),
        (
            #"{"a": 1, "b": []}"#, .arrayUnder("k"),
            "1:18: expected the key \"k\" with an array, found \"a\", \"b\""
        ),
        (
            #"{"k": {}}"#, .arrayUnder("k"),
            "1:7: expected an array under the key \"k\", found an object"
        ),
        (
            #"{"k": []}"#, .membersUnder("k"),
            "1:7: expected an object under the key \"k\", found an array"
        ),
        (#"{"k": []"#, .arrayUnder("k"), "1:9: expected ',' or '}', found the end"),
        (#"{"k": []]"#, .arrayUnder("k"), "1:9: expected ',' or '}', found ']'"),
        (#"{"k": [],}"#, .arrayUnder("k"), "1:10: expected a key in quotation marks, found '}'"),
        (#"{"k": [], "k": []}"#, .arrayUnder("k"), "1:15: duplicate key \"k\""),
        (#"{"k": []} x"#, .arrayUnder("k"), "1:11: expected the end of the text, found 'x'"),
        (#"{"a" 1}"#, .arrayUnder("k"), "1:6: expected ':' after the key \"a\", found '1'"),
        (#"{"a": tru, "k": []}"#, .arrayUnder("k"), "1:7: expected a value, found 't'"),
        (#"{"a": [1 2], "k": []}"#, .arrayUnder("k"), "1:10: expected ',' or ']', found '2'"),
        (#"{"k": [], "a": {"b": 1,}}"#, .arrayUnder("k"), "1:24: expected a key in"),
        ("{1: 2}", .members, "1:2: expected a key in quotation marks, found '1'"),
        ("{\"a\": }", .members, "1:7: expected a value, found '}'"),
        ("{\"a\": 1, \"b\": x}", .members, "1:15: member \"b\": expected a value, found 'x'"),
        ("{\"a\": [1}", .members, "1:9: member \"a\": expected ',' or ']', found '}'"),
        ("[", .array, "1:2: element 0: expected a value, found the end"),
        ("[1", .array, "1:3: expected ',' or ']', found the end"),
        ("[1,", .array, "1:4: element 1: expected a value, found the end"),
        ("[1,]", .array, "1:4: expected a value, found ']'"),
        ("[,1]", .array, "1:2: expected a value, found ','"),
        ("[1,,2]", .array, "1:4: expected a value, found ','"),
        ("[1 2]", .array, "1:4: expected ',' or ']', found '2'"),
        ("[1}", .array, "1:3: expected ',' or ']', found '}'"),
        ("[1]]", .array, "1:4: expected the end of the text, found ']'"),
        ("[1][2]", .array, "1:4: expected the end of the text, found '['"),
        ("[1a]", .array, "1:3: element 0: expected the end of the text, found 'a'"),
        ("[01]", .array, "1:2: element 0: number with a leading zero"),
        ("[-]", .array, "1:3: element 0: expected a digit, found the end"),
        ("[NaN]", .array, "1:2: element 0: NaN and Infinity are not JSON"),
        ("[{]", .array, "1:3: element 0: expected a key in quotation marks, found ']'"),
        ("[{\"a\":1]", .array, "1:8: element 0: expected ',' or '}', found ']'"),
        ("[[}", .array, "1:3: element 0: expected a value, found '}'"),
        ("[\"a", .array, "1:2: element 0: string without closing quotation mark"),
        ("[\"a\\", .array, "1:2: element 0: string without closing quotation mark"),
        ("[\"a\nb\"]", .array, "1:4: element 0: control character in a string must be escaped"),
        ("[\"\\x\"]", .array, "1:3: element 0: unknown escape \\'x' in a string"),
        ("[\"\\ud83d\"]", .array, "1:3: element 0: half of a surrogate pair in a string"),
        ("[\"\\u12\"]", .array, "1:3: element 0: \\u needs four hexadecimal digits"),
        ("[1, {\"a\": nul}]", .array, "1:11: element 1: expected a value, found 'n'"),
        ("{\"a\":1}\n{\"a\":\n", .lines, "3:1: element 1: expected a value, found the end"),
        ("{\"a\":1},\n{\"a\":2}", .lines, "1:8: expected a value, found ','"),
        ("{\"a\":1}\n]", .lines, "2:1: expected a value, found ']'"),
        ("<html>", .automatic(), "1:1: expected an array or an object, found '<'"),
        ("id,answer\n1,yes\n", .lines, "1:1: element 0: expected a value, found 'i'"),
        ("\u{0}\u{1}", .automatic(), "1:1: expected an array or an object, found byte 0x00"),
    ]

    @Test(arguments: malformed)
    func `malformed files are refused with the place, whatever the window`(
        _ text: String, _ shape: JSONElements.Shape, _ message: String
    ) {
        for size in [1, 2, 3, 5, 8, 64, 1 << 20] {
            let error = fileError(text) { _ = try values(text, shape, window: size) }
            #expect(error.code == .malformedJSON)
            #expect(error.message.hasPrefix("f:" + message), "\(error.message)")
            let skipped = fileError(text) {
                try JSONElements(Array(text.utf8), file: "f", shape: shape, bufferSize: size)
                    .forEach { _ in }
            }
            #expect(skipped == error)
        }
    }

    @Test func `an error comes again`() throws {
        let elements = JSONElements(Array("[1, 2 3]".utf8), file: "f")
        #expect(try elements.next() != nil)
        #expect(try elements.next() != nil)
        let first = fileError { _ = try elements.next() }
        #expect(fileError { _ = try elements.next() } == first)
        #expect(elements.count == 2)
    }

    @Test func `a number beyond doubles is refused when it is read, not when it is skipped`() throws
    {
        let error = fileError { _ = try values("[1, 1e999]", .array) }
        #expect(error.message == "f:1:5: element 1: number too large for a double")
        try JSONElements(Array("[1, 1e999]".utf8)).forEach { _ in }
    }

    @Test func `bytes of another encoding are named`() throws {
        for (bytes, message) in [
            (Array("[\"caf".utf8) + [0xE9] + Array("\"]".utf8), "byte 0xE9"),
            (Array("[{\"caf".utf8) + [0xE9] + Array("\":1}]".utf8), "byte 0xE9"),
            ([0xFF, 0xFE, 0x5B, 0x00], "expected JSON in UTF-8, found text in UTF-16"),
            (Array("[\"a\\n".utf8) + [0xC0, 0x80] + Array("\"]".utf8), "byte 0xC0"),
        ] {
            #expect(fileError { _ = try values(bytes, .automatic()) }.message.contains(message))
            #expect(
                fileError {
                    try JSONElements(bytes, shape: .automatic()).forEach { _ in }
                }.message.contains(message))
        }
    }

    @Test func `files that cannot be read are named`() throws {
        let folder = try TemporaryFolder()
        let missing = fileError { _ = try JSONElements(contentsOf: folder.file("none.json")) }
        #expect(missing.code == .missing)
        #expect(missing.message == "cannot open \(folder.file("none.json")): no such file")
        let error = fileError { _ = try JSONElements(contentsOf: folder.path) }
        #expect(error.code == .system)
        #expect(error.message.contains("expected a regular file, found a folder"))
    }

    @Test func `a value beyond the limit is refused, skipped ones are not`() throws {
        let long = "[" + String(repeating: "\"0123456789\", ", count: 500) + "1]"
        let text = "{\"skipped\": \(long), \"k\": [1, 2], \"other\": {\"a\": \(long)}}"
        let small = JSONElements(
            Array(text.utf8), file: "f", shape: .arrayUnder("k"), limit: 100, bufferSize: 16)
        try small.forEach { _ in }
        #expect(small.count == 2)
        let large = JSONElements(
            Array("[\(long)]".utf8), file: "f", shape: .array, limit: 100, bufferSize: 16)
        let error = fileError { _ = try large.next() }
        #expect(error.message == "f:1:2: element 0: the value is larger than 100 bytes")
    }

    @Test func `nesting is bounded in values and in what is skipped`() {
        let deep = String(repeating: "[", count: 100_000)
        for size in [16, 1 << 20] {
            for text in ["[\(deep)", "{\"a\": \(deep)"] {
                let shape: JSONElements.Shape = text.hasPrefix("[") ? .array : .arrayUnder("k")
                let error = fileError { _ = try values(text, shape, window: size) }
                #expect(error.message.contains("nested deeper than 128 levels"))
            }
        }
    }

    @Test func `what Python writes is accepted on request only`() throws {
        let text = #"[{"a": NaN, "b": -Infinity}, Infinity, "\ud83d", "x\ude00\ud83d\ude00"]"#
        #expect(throws: FileError.self) { try values(text, .array) }
        #expect(throws: FileError.self) {
            try values(text, .array, leniency: .nonFiniteNumbers)
        }
        let elements = JSONElements(Array(text.utf8), leniency: .python)
        var first = try #require(try elements.next())
        try first.beginObject()
        _ = try first.nextKey()
        #expect(try first.double().isNaN)
        _ = try first.nextKey()
        #expect(try first.double() == -.infinity)
        #expect(try first.nextKey() == nil)
        var second = try #require(try elements.next())
        #expect(try second.value().doubleValue == .infinity)
        var third = try #require(try elements.next())
        #expect(try third.string() == "\u{FFFD}")
        var fourth = try #require(try elements.next())
        #expect(try fourth.string() == "x\u{FFFD}😀")
        try JSONElements(Array(text.utf8), leniency: .python).forEach { _ in }
        #expect(throws: FileError.self) { try JSONValue(parsing: text) }
        #expect(throws: Never.self) { try JSONValue(parsing: text, leniency: .python) }
    }
}
