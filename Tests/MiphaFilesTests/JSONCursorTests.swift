import MiphaFiles
import Testing

private func cursor(_ text: String) -> JSONCursor {
    JSONCursor(Array(text.utf8), file: "f")
}

struct JSONCursorTests {
    @Test func `values that are not read are skipped`() throws {
        var cursor = cursor(#"{"a": [1, {"x": 2}], "b": 7, "c": {"d": "e"}, "f": null}"#)
        var keys: [String] = []
        var number = 0
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            keys.append(key)
            if key == "b" { number = try cursor.integer() }
        }
        #expect(keys == ["a", "b", "c", "f"])
        #expect(number == 7)
        try cursor.finish()
    }

    @Test func `containers inside are walked`() throws {
        var cursor = cursor(#"[{"answers": [{"answer": "net", "id": 1}, {"id": 2}]}, {}]"#)
        var found: [String] = []
        try cursor.array { cursor, index in
            try cursor.object { cursor, key in
                #expect(key == "answers")
                try cursor.array { cursor, _ in
                    try cursor.object { cursor, key in
                        if key == "answer" { found.append(try cursor.string()) }
                    }
                }
                found.append("end \(index)")
            }
        }
        #expect(found == ["net", "end 0"])
    }

    @Test func `scalars are read`() throws {
        var cursor = cursor(
            #"[12, -9223372036854775808, 1e3, 80.0, 2.5, 7, -0, true, false, null, 3, "é\n", 05]"#
                .replacing("05", with: "9007199254740993"))
        try cursor.beginArray()
        func next() throws { #expect(try cursor.nextElement()) }
        for expected in [12, .min, 1000, 80] {
            try next()
            #expect(try cursor.integer() == expected)
        }
        for expected in [2.5, 7, -0.0] {
            try next()
            let value = try cursor.double()
            #expect(value == expected && value.sign == expected.sign)
        }
        for expected in [true, false] {
            try next()
            #expect(try cursor.bool() == expected)
        }
        try next()
        #expect(cursor.kind == .null)
        #expect(try cursor.null())
        try next()
        #expect(try !cursor.null())
        #expect(try cursor.stringOrNumber() == "3")
        try next()
        #expect(cursor.kind == .string)
        #expect(try cursor.stringOrNumber() == "é\n")
        try next()
        #expect(try cursor.integer() == 9_007_199_254_740_993)
        #expect(try !cursor.nextElement())
        #expect(cursor.kind == nil)
    }

    @Test func `keys of every length and look are told apart`() throws {
        var keys: [String] = []
        for length in 0...40 {
            for letter in ["a", "b", "é"] {
                let text = String(repeating: "x", count: length)
                keys += [letter + text, text + letter, text + letter + "z" + text]
            }
        }
        var text = "["
        for key in keys + keys.reversed() { text += "{\"\(key)\": 1}, " }
        var cursor = cursor(text + "{}]")
        var found: [String] = []
        try cursor.array { cursor, _ in try cursor.object { _, key in found.append(key) } }
        #expect(found == keys + keys.reversed())
    }

    @Test func `keys that differ in the middle only are told apart`() throws {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        var keys: [String] = []
        for first in letters {
            keys += ["x\(first)y", "head\(first)tail"]
            for second in letters { keys.append("answer__-\(first)--\(second)--__answer") }
        }
        var cursor = cursor("[" + keys.map { "{\"\($0)\": 1}" }.joined(separator: ", ") + "]")
        var found: [String] = []
        try cursor.array { cursor, _ in try cursor.object { _, key in found.append(key) } }
        #expect(found == keys)
    }

    @Test(arguments: [
        ("\"a\"", "f:1:1: expected an integer, found a string"),
        ("1.5", "f:1:1: expected an integer of 64 bits, found 1.5"),
        ("9223372036854775808", "f:1:1: expected an integer of 64 bits, found 9223372036854775808"),
        ("[1]", "f:1:1: expected an integer, found an array"),
        (" null", "f:1:2: expected an integer, found null"),
        ("", "f:1:1: expected an integer, found the end"),
        ("x", "f:1:1: expected an integer, found 'x'"),
        ("1 1", "f:1:3: expected the end of the text, found '1'"),
    ])
    func `another kind of value is named`(_ text: String, _ message: String) {
        var cursor = cursor(text)
        #expect(fileError { _ = try cursor.integer() }.message == message)
    }

    @Test func `other readers name what they expected`() {
        func message(_ body: (inout JSONCursor) throws -> Void) -> String {
            var cursor = cursor("{}")
            return fileError { try body(&cursor) }.message
        }
        #expect(message { _ = try $0.string() } == "f:1:1: expected a string, found an object")
        #expect(message { _ = try $0.double() } == "f:1:1: expected a number, found an object")
        #expect(message { _ = try $0.bool() } == "f:1:1: expected true or false, found an object")
        #expect(message { _ = try $0.strings() } == "f:1:1: expected an array, found an object")
        #expect(
            message { _ = try $0.stringOrNumber() }
                == "f:1:1: expected a string or a number, found an object")
    }

    @Test func `wrong use is an error, not a trap`() throws {
        var read = cursor("1")
        _ = try read.integer()
        #expect(fileError { _ = try read.integer() }.code == .invalidRequest)
        var outside = cursor("{}")
        #expect(fileError { _ = try outside.nextKey() }.code == .invalidRequest)
        var open = cursor("[1]")
        try open.beginArray()
        #expect(fileError { try open.finish() }.code == .invalidRequest)
        var inner = cursor(#"{"a": [1, 2]}"#)
        let error = fileError {
            try inner.object { cursor, _ in try cursor.beginArray() }
        }
        #expect(error.code == .invalidRequest)
    }

    @Test func `a caller's error tells the place of the value`() throws {
        var cursor = cursor("{\n  \"answer\": \"perhaps\"}")
        try cursor.beginObject()
        _ = try cursor.nextKey()
        #expect(cursor.failure("expected yes or no").message == "f:2:13: expected yes or no")
    }
}
