import MiphaFiles
import MiphaTestSupport
import Testing

struct JSONTests {
    @Test(arguments: ["phi-config.json", "siglip-config.json", "mixed-ascii.json"])
    func `files of Python come back to the byte`(_ name: String) throws {
        let text = try Fixture.text(name)
        #expect(try JSONValue(contentsOf: Fixture.path(name)).text() == text)
    }

    @Test func `other layouts of Python come back to the byte`() throws {
        let value = try JSONValue(contentsOf: Fixture.path("mixed-utf8.json"))
        #expect(try value == JSONValue(contentsOf: Fixture.path("mixed-ascii.json")))
        #expect(
            try value.text(JSONStyle(indentation: 2)) == Fixture.text("mixed-utf8.json"))
        #expect(try value.text(.compact) == Fixture.text("mixed-compact.json"))
        var sorted = JSONStyle.pretty
        sorted.sortsKeys = true
        #expect(try value.text(sorted) == Fixture.text("mixed-sorted.json"))
    }

    @Test func `doubles are written as Python writes them`() throws {
        let texts = try JSONValue(contentsOf: Fixture.path("doubles.json")).arrayValue ?? []
        #expect(texts.count >= 600)
        for text in texts.compactMap(\.stringValue) {
            let value = try #require(Double(text))
            #expect(JSONValue.double(value) == .number(value, text: text))
        }
    }

    @Test func `unknown keys keep their place when a known one changes`() throws {
        var object = try #require(
            try JSONValue(parsing: #"{"b":1,"x":{"y":[1.50]},"a":2}"#).objectValue)
        object["b"] = 7
        object["new"] = 0.5
        #expect(
            try JSONValue.object(object).text(.compact)
                == #"{"b":7,"x":{"y":[1.50]},"a":2,"new":0.5}"#)
        object["x"] = .none
        #expect(object.keys == ["b", "a", "new"])
    }

    @Test func `large objects find, replace and remove like small ones`() {
        var object = JSONObject()
        for number in 0..<100 { object["key\(number)"] = .integer(number) }
        object["key50"] = "fifty"
        object["key0"] = .none
        #expect(object.count == 99)
        #expect(object["key0"] == nil)
        #expect(object["key50"] == "fifty")
        #expect(object["key99"] == 99)
        #expect(object.keys[49] == "key50")
        let added = object.append(key: "key7", value: 1)
        #expect(!added)
    }

    @Test func `integers and floats stay what they were`() throws {
        let value = try JSONValue(
            parsing: "[1, 1.0, 1e3, -0, 9223372036854775807, 9223372036854775808, -1E-2]")
        #expect(
            value == [
                1, .number(1, text: "1.0"), .number(1000, text: "1e3"), .number(-0.0, text: "-0"),
                .integer(.max), .number(0x1p63, text: "9223372036854775808"),
                .number(-0.01, text: "-1E-2"),
            ])
        #expect(
            try value.text(.compact)
                == "[1,1.0,1e3,-0,9223372036854775807,9223372036854775808,-1E-2]")
        #expect(value.arrayValue?.map(\.integerValue) == [1, 1, 1000, 0, .max, nil, nil])
    }

    @Test func `strings are decoded and compared by bytes`() throws {
        let value = try JSONValue(parsing: #"["\ud83d\ude00\u00e9\/\b\f\n\r\t\"\\", "é"]"#)
        #expect(value.arrayValue?.first?.stringValue == "😀é/\u{8}\u{C}\n\r\t\"\\")
        let twins = try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(twins["\u{E9}"] == 1)
        #expect(twins["e\u{301}"] == 2)
    }

    @Test func `numbers that are not finite are not written`() {
        for number in [Double.nan, .infinity, -.infinity] {
            let value: JSONValue = ["a": [1, .double(number)]]
            let error = fileError { _ = try value.text() }
            #expect(error.message.contains("cannot write a.1 as JSON"))
            #expect(error.message.contains("is not finite"))
        }
    }

    @Test func `nesting is bounded`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(parsing: nested(JSONValue.maximumDepth))
        let deep = fileError { _ = try JSONValue(parsing: nested(129)) }
        #expect(deep.message == "JSON text:1:129: nested deeper than 128 levels")
        let million = String(repeating: "{\"a\":", count: 1_000_000)
        #expect(fileError { _ = try JSONValue(parsing: million) }.code == .malformedJSON)
    }

    @Test func `errors tell line and column in characters`() {
        func message(_ text: String) -> String {
            fileError(text) { _ = try JSONValue(parsing: text, file: "f.json") }.message
        }
        #expect(message("{\n  \"größe\": x}") == "f.json:2:12: expected a value, found 'x'")
        #expect(
            message("{\"a\":1,\n\n \"a\":2}") == "f.json:3:2: duplicate key \"a\"")
        #expect(message("[1,2") == "f.json:1:5: expected ',' or ']', found the end")
        #expect(message("{\"a\":1,}") == "f.json:1:8: expected a key in quotation marks, found '}'")
        #expect(message("[NaN]") == "f.json:1:2: NaN and Infinity are not JSON")
        #expect(message("") == "f.json:1:1: expected a value, found the end")
    }

    @Test func `files beyond the limit are refused`() {
        let error = fileError {
            _ = try JSONValue(contentsOf: Fixture.path("phi-config.json"), limit: 10)
        }
        #expect(error.message.contains("the limit is 10"))
    }

    @Test func `a value is written to a file`() throws {
        let scratch = try TemporaryFolder()
        let value: JSONValue = ["a": nil, "b": true, "c": ["x"]]
        try value.write(to: scratch.file("v.json"), style: .compact)
        #expect(
            try bytes(of: scratch.file("v.json")) == Array(#"{"a":null,"b":true,"c":["x"]}"#.utf8))
        #expect(try JSONValue(contentsOf: scratch.file("v.json")) == value)
    }

    @Test func `a file may begin with a byte order mark, and defects keep their places`() throws {
        let scratch = try TemporaryFolder()
        let path = scratch.file("v.json")
        try AtomicFile.write("\u{FEFF}{\"a\":\r\n1}", to: path)
        #expect(try JSONValue(contentsOf: path) == ["a": 1])
        try AtomicFile.write("\u{FEFF}{a:1}", to: path)
        let error = #expect(throws: FileError.self) { try JSONValue(contentsOf: path) }
        #expect(error?.message.hasPrefix("\(path):1:2: ") == true, "\(String(describing: error))")
        // The mark is of files; inside a text it is a character.
        try AtomicFile.write("\u{FEFF}\u{FEFF}1", to: path)
        #expect(throws: FileError.self) { try JSONValue(contentsOf: path) }
    }

    static let malformed: [String] =
        [
            "", " ", "\n", "\u{FEFF}{}", "{", "}", "[", "]", "{]", "[}", ",", ":", "x", "#", "//",
            "/* */ 1", "'a'", "`a`", "nul", "nulll", "Null", "NULL", "tru", "truee", "True",
            "TRUE", "fals", "False", "None", "undefined", "NaN", "-NaN", "Infinity", "-Infinity",
            "inf", "+1", "-", "--1", "- 1", "01", "-01", "00", "1.", ".5", "-.5", "1.e3", "1e",
            "1e+", "1E-", "1e1.5", "0x10", "1_000", "1,000", "1 2", "1a", "1.2.3", "1e400",
            "-1e999", "[1 2]", "[1,]", "[,1]", "[,]", "[1,,2]", "[1:2]", "[1;2]", "[1}", "[[1]",
            "[1]]", "[1]x", "{}{}", "{}[]", "[]1", "{1:2}", "{a:1}", "{'a':1}", "{null:1}",
            "{true:1}", "{\"a\"}", "{\"a\":}", "{\"a\",1}", "{\"a\" 1}", "{\"a\":1,}",
            "{,\"a\":1}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}", "{\"a\"::1}", "{\"a\":1", "{\"a\":",
            "{\"a\"", "{\"a", "{\"a\":[}", "{\"a\":{\"b\":}}", "\"", "\"a", "\"\\\"", "\"\\",
            "\"\\x\"", "\"\\a\"", "\"\\0\"", "\"\\'\"", "\"\\U0041\"", "\"\\u\"", "\"\\u1\"",
            "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\ud800\"",
            "\"\\udc00\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"", "\"\\udc00\\udc00\"",
            "\"\\ud800x\"",
            "\"\\ud83d\\u0041\"", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"", "\"\u{1F}\"", "\"a\"\"b\"",
            "\"a\" \"b\"", "\u{A0}1", "1\u{2028}", "\u{B}1", "\u{C}1", "1\u{0}", "[1\u{0}]",
            "é", "😀", "<a/>", "key: value", "[1, 2, 3\n", "{\"a\": [1, {\"b\": [}]}",
        ]

    @Test(arguments: malformed)
    func `malformed text is refused`(_ text: String) {
        let error = fileError(text) { _ = try JSONValue(parsing: text, file: "f") }
        #expect(error.code == .malformedJSON)
        #expect(error.message.hasPrefix("f:"))
    }

    @Test func `there are more than a hundred malformed texts`() {
        #expect(Set(Self.malformed).count >= 100)
    }

    @Test func `text that is not UTF-8 is refused`() {
        let bytes = Array("[\n \"ab".utf8) + [0xC3, 0x28] + Array("\"]".utf8)
        let error = fileError { _ = try JSONValue(parsing: bytes, file: "f") }
        #expect(error.message == "f:2:5: text is not UTF-8: byte 0xC3")
    }

    @Test func `mutated configs parse or throw, and what parses comes back`() throws {
        var generator = SplitMix64(seed: 5)
        for name in ["phi-config.json", "mixed-utf8.json", "siglip-config.json"] {
            let original = try Fixture.bytes(name)
            for _ in 0..<1500 {
                var bytes = original
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1: bytes.remove(at: position)
                default: bytes = Array(bytes.prefix(position))
                }
                guard let value = try? JSONValue(parsing: bytes) else { continue }
                #expect(try JSONValue(parsing: value.text()) == value)
                #expect(try JSONValue(parsing: value.bytes(.compact)) == value)
            }
        }
    }
}
