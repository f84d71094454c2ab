import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

private let nested = #"""
    {"info": {"a": [1, {"b": "]}\""}]}, "questions": [
      {"id": 1, "text": "d'où \u00e9\ud83d\ude00 \\", "n": -1.5e3},
      [ ], {}, "x,y", 12, true, null, [[["]"]]], {"a": {"b": [{"c": 1}]}}
    ], "license": "none", "tail": [1, [2, 3], {"k": "v"}]}
    """#

private func pair(_ member: JSONObject.Member) -> JSONValue {
    [.string(member.key), member.value]
}

struct JSONElementsTests {
    static let shapes: [(String, JSONElements.Shape, String)] = [
        (nested, .arrayUnder("questions"), "questions"),
        (nested, .arrayUnder("tail"), "tail"),
        (nested, .membersUnder("info"), "info"),
        (nested, .members, ""),
        (#" [1, "two", [3], {"four": 4}, 5.5] "#, .array, ""),
        (#"[1, "two", [3], {"four": 4}, 5.5]"#, .automatic(), ""),
        ("[]", .array, ""), ("{}", .members, ""), (#"{"a": []}"#, .arrayUnder("a"), "a"),
        (#"{"a": {}}"#, .membersUnder("a"), "a"),
    ]

    @Test(arguments: shapes)
    func `every window size gives the values of the parser`(
        _ text: String, _ shape: JSONElements.Shape, _ key: String
    ) throws {
        let whole = try JSONValue(parsing: text)
        let part = key.isEmpty ? whole : try #require(whole[key])
        let expected = part.arrayValue ?? part.objectValue?.members.map(pair) ?? []
        let folder = try TemporaryFolder()
        let path = try write(text, "f.json", in: folder)
        for size in 1...64 {
            #expect(try values(text, shape, window: size) == expected, "\(size)")
            let elements = try JSONElements(contentsOf: path, shape: shape, bufferSize: size)
            var count = 0
            while var cursor = try elements.next() {
                let value = try cursor.value()
                #expect(
                    (cursor.key.map { pair(.init(key: $0, value: value)) } ?? value)
                        == expected[count])
                #expect(try JSONValue(parsing: cursor.bytes) == value)
                count += 1
            }
            #expect(count == expected.count)
        }
    }

    @Test func `lines are read with blank lines, a byte order mark and carriage returns`() throws {
        let text = "\u{FEFF}{\"a\": 1}\r\n\r\n  {\"a\": 2} \n[3]\n\"4\"\n5"
        let expected: [JSONValue] = [["a": 1], ["a": 2], [3], "4", 5]
        for size in 1...64 {
            #expect(try values(text, .lines, window: size) == expected)
            #expect(try values(text, .automatic(), window: size) == expected)
        }
    }

    @Test func `the shape is told by the content`() throws {
        func shape(_ text: String, _ keys: [String] = ["data"], window: Int = 64) throws
            -> JSONElements.Shape
        {
            let elements = JSONElements(
                Array(text.utf8), file: "f", shape: .automatic(keys: keys), bufferSize: window)
            _ = try elements.next()
            return elements.shape
        }
        #expect(try shape("\u{FEFF} [1]") == .array)
        #expect(try shape(#"{"data": [1], "x": 2}"#) == .arrayUnder("data"))
        #expect(try shape(#"{"x": {"data": [1]}, "data": 3}"#) == .lines)
        #expect(try shape("{\"data\": [1]}\n{\"data\": [2]}") == .lines)
        #expect(try shape(#"{"data": [1]}"#, []) == .lines)
        #expect(
            try shape(#"{"questions": [], "data": [1]}"#, ["data", "questions"])
                == .arrayUnder("questions"))
        let long = String(repeating: "[1, 2, 3], ", count: 1000)
        #expect(try shape("{\"data\": [\(long) 4]}") == .arrayUnder("data"))
        let error = fileError { _ = try shape("12") }
        #expect(error.message == "f:1:1: expected an array or an object, found '1'")
    }

    @Test func `random values come back, however they are cut`() throws {
        var random = RandomJSON(generator: SplitMix64(seed: 11))
        for _ in 0..<300 {
            let elements = (0..<Int.random(in: 0...6, using: &random.generator))
                .map { _ in random.value() }
            let style = random.style()
            let window = Int.random(in: 1...200, using: &random.generator)
            let array = try JSONValue.array(elements).text(style)
            #expect(try values(array, .array, window: window) == elements)
            let under: JSONValue = [
                "before": random.value(), "it": .array(elements), "behind": random.value(),
            ]
            #expect(try values(under.text(style), .arrayUnder("it"), window: window) == elements)
            if !elements.isEmpty {
                let lines = try elements.map { try $0.text(.compact) }.joined(separator: "\n")
                #expect(try values(lines, .lines, window: window) == elements)
            }
        }
    }

    @Test func `changed bytes are refused where the parser refuses them`() throws {
        var random = RandomJSON(generator: SplitMix64(seed: 12))
        var accepted = 0
        for round in 0..<3000 {
            let value = JSONValue.array((0..<3).map { _ in random.value(depth: 1) })
            var bytes = try value.bytes(random.style())
            for _ in 0..<Int.random(in: 1...2, using: &random.generator) {
                let place = Int.random(in: 0..<bytes.count, using: &random.generator)
                switch round % 3 {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random.generator)
                case 1: bytes[place] = Array("{}[],:\"\\ 1".utf8)[place % 10]
                default: bytes.remove(at: place)
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            let leniency: JSONLeniency = round % 2 == 0 ? .strict : .python
            let whole = try? JSONValue(parsing: bytes, leniency: leniency)
            let window = Int.random(in: 1...40, using: &random.generator)
            let streamed = try? values(bytes, .array, leniency: leniency, window: window)
            #expect(whole?.arrayValue == streamed, "\(String(decoding: bytes, as: UTF8.self))")
            if streamed != nil { accepted += 1 }
        }
        #expect(accepted > 100)
    }

    @Test func `every cut of a file is an error`() throws {
        let bytes = Array(nested.utf8)
        for count in 0..<bytes.count - 1 {
            let cut = Array(bytes.prefix(count))
            for (shape, window) in [
                (JSONElements.Shape.arrayUnder("questions"), 16), (.arrayUnder("questions"), 999),
                (.members, 16), (.membersUnder("info"), 7), (.automatic(keys: ["questions"]), 50),
            ] {
                let error = fileError("\(count)") { _ = try values(cut, shape, window: window) }
                #expect(error.code == .malformedJSON)
                #expect(error.message.hasPrefix("f:"))
            }
        }
    }

    @Test func `a cursor that is kept goes on reading its own bytes`() throws {
        let text = (0..<50).map { "[\($0), \"text \($0)\"]" }.joined(separator: "\n")
        let elements = JSONElements(Array(text.utf8), file: "f", shape: .lines, bufferSize: 32)
        var kept: [JSONCursor] = []
        while let cursor = try elements.next() { kept.append(cursor) }
        for number in 0..<50 {
            #expect(kept[number].bytes == Array("[\(number), \"text \(number)\"]".utf8))
            #expect(try kept[number].value() == [.integer(number), .string("text \(number)")])
        }
    }

    @Test func `places are counted in lines and characters`() throws {
        let text = "[\n \"é\", 東,\n\n   {\"a\": 1}]".replacing("東", with: "\"東\"")
        for size in 1...40 {
            let elements = JSONElements(
                Array(text.utf8), file: "f", shape: .array, bufferSize: size)
            var places: [[Int]] = []
            while let cursor = try elements.next() {
                places.append([cursor.place.line, cursor.place.column, cursor.place.byte])
            }
            #expect(places == [[2, 2, 3], [2, 7, 9], [4, 4, 20]])
        }
    }

    @Test func `places are right behind long lines and many lines`() throws {
        let long = String(repeating: "é", count: 5000)
        let many = String(repeating: "\n", count: 3000)
        let text = "[\"\(long)\",\(many)\"\(long)\", x]"
        for size in [64, 1 << 20] {
            let error = fileError { _ = try values(text, .array, window: size) }
            #expect(error.message == "f:3001:5005: element 2: expected a value, found 'x'")
        }
    }
}
