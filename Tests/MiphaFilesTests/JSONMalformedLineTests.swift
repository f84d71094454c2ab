import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// Values on lines, some of which are not JSON.
@Suite struct JSONMalformedLineTests {
    private static let windows = [1, 2, 3, 5, 8, 64, 1 << 20]

    private func elements(
        _ bytes: [UInt8], window: Int, limit: Int = 1 << 26
    ) -> JSONElements {
        JSONElements(bytes, file: "f", shape: .automatic(), limit: limit, bufferSize: window)
    }

    /// Each element as the text of its value, or as `line: length` where there is none.
    private func read(
        _ bytes: [UInt8], window: Int, limit: Int = 1 << 26, errors: inout [String]
    ) throws -> [String] {
        let elements = elements(bytes, window: window, limit: limit)
        var texts: [String] = []
        while let found = try elements.nextOrMalformed() {
            switch found {
            case .value(let cursor): texts.append(String(decoding: cursor.bytes, as: UTF8.self))
            case .malformed(let line):
                texts.append("\(line.place.line): \(line.length)")
                errors.append(line.error.message)
            }
            #expect(elements.count == texts.count)
        }
        return texts
    }

    @Test(arguments: [
        "{\"a\": 1}\n{\"a\": 2}\n", "{\"a\":1}{\"a\":2} [3]\n\n 4 \"x\"\nnull",
        "{\"a\":\n [1,\n  2]}\n{\"b\": {\n}} {\"c\":\n3}\r\n\r\n{\"d\": \"é\\n\"}", "{}",
        "[{\"a\": 1},\n 2]", "\u{FEFF}{\"a\": 1}\n2",
    ])
    func `text without a fault reads the same`(_ text: String) throws {
        for window in Self.windows {
            let plain = elements(Array(text.utf8), window: window)
            var expected: [String] = []
            while let cursor = try plain.next() {
                expected.append(String(decoding: cursor.bytes, as: UTF8.self))
            }
            var errors: [String] = []
            #expect(try read(Array(text.utf8), window: window, errors: &errors) == expected)
            #expect(errors.isEmpty)
        }
    }

    @Test(arguments: [
        ("garbage", "expected a value, found 'g'"),
        ("{\"id\": 7, \"text\": \"cut in a te", "string without closing quotation mark"),
        ("{\"id\": 7, \"list\": [", "expected a value, found the end"),
        ("{\"id\": 7, \"list\": [1", "expected ',' or ']', found the end"),
        ("{\"id\": 7, \"list\":", "expected a value, found the end"),
        ("{\"id\": 7,", "expected a key in quotation marks, found the end"),
        ("{\"id\": 7},", "expected the end of the text, found ','"),
        ("{\"id\": 7} x", "expected the end of the text, found 'x'"),
        ("\"id\": 7}", "expected the end of the text, found ':'"),
        ("]", "expected a value, found ']'"), ("{\"id\": tru}", "expected a value, found 't'"),
        ("{\"a\\", "string without closing quotation mark"), ("\u{0}", "found byte 0x00"),
    ])
    func `a line that is not JSON is one element with line, bytes and reason`(
        _ line: String, _ reason: String
    ) throws {
        let others = (0..<4).map { "{\"id\": \($0), \"x\": [{}, \"\($0)\"]}" }
        for place in 0...4 {
            var lines = others
            lines.insert(line, at: place)
            var expected = others
            expected.insert("\(place + 1): \(line.utf8.count)", at: place)
            for (window, end) in zip(Self.windows, ["\n", "", "\n", "", "\n\n", "", "\n"]) {
                var errors: [String] = []
                let text = lines.joined(separator: "\n") + end
                let found = try read(Array(text.utf8), window: window, errors: &errors)
                #expect(found == expected, "at \(place), window \(window)")
                #expect(errors.count == 1)
                #expect(errors.first?.hasPrefix("f: line \(place + 1), column ") == true)
                #expect(errors.first?.contains("element \(place): ") == true)
                #expect(errors.first?.hasSuffix(reason) == true, "\(errors)")
            }
        }
    }

    @Test func `any damage to lines leaves the other lines as they are`() throws {
        var generator = SplitMix64(seed: 11)
        func random(_ below: Int) -> Int { Int(generator.next() % UInt64(below)) }
        for round in 0..<40 {
            var lines: [[UInt8]] = []
            var expected: [String] = []
            for number in 0..<12 {
                let good = "{\"id\": \(number), \"turns\": [{\"from\": \"é\"}, [\(round)]]}"
                var line = Array(good.utf8)
                if random(3) == 0 {
                    if random(2) == 0 {
                        line.removeLast(1 + random(line.count - 1))
                    } else {
                        let byte = UInt8(random(256))
                        line[random(line.count)] = byte == 0x0A ? 0 : byte
                    }
                }
                let isJSON = (try? JSONValue(parsing: line)) != nil
                lines.append(line)
                expected.append(
                    isJSON ? String(decoding: line, as: UTF8.self) : "\(number + 1)")
            }
            let text = Array(lines.joined(separator: [0x0A]))
            var errors: [String] = []
            let found = try read(text, window: [3, 64, 1 << 20][round % 3], errors: &errors)
            #expect(
                found.map { $0.hasPrefix("{") ? $0 : $0.prefix { $0 != ":" }.description }
                    == expected, "round \(round)")
        }
    }

    @Test func `a text without a line of JSON is refused`() {
        for text in ["garbage\nmore\n", "7", "{\"a\": tru}", "{\n \"a\": tru\n}", ""] {
            let error = fileError(text) {
                var errors: [String] = []
                _ = try read(Array(text.utf8), window: 64, errors: &errors)
            }
            #expect(error.code == .malformedJSON)
            #expect(error.message.contains("1"))
        }
    }

    @Test func `an array that is not JSON is refused as ever`() {
        for text in ["[{\"a\": 1},\n{\"a\": 2]", "[{}\n{}]", "[{}", "[{}]\n{}"] {
            let strict = fileError(text) {
                let elements = elements(Array(text.utf8), window: 64)
                while let cursor = try elements.next() {
                    var cursor = cursor
                    try cursor.skip()
                }
            }
            let found = fileError(text) {
                let elements = elements(Array(text.utf8), window: 64)
                while case .value(var cursor) = try elements.nextOrMalformed() {
                    try cursor.skip()
                }
            }
            #expect(found == strict)
        }
    }

    @Test func `a line that is too large does not hide the next one`() throws {
        let large = "{\"a\": \"" + String(repeating: "x", count: 500) + "\"}"
        let text = Array("{\"b\": 1}\n\(large)\n{\"b\": 2}\n{\"c\": \(large)".utf8)
        for window in [1, 8, 64] {
            var errors: [String] = []
            let found = try read(text, window: window, limit: 64, errors: &errors)
            #expect(found == ["{\"b\": 1}", "2: \(large.utf8.count)", "{\"b\": 2}", "4: 515"])
        }
        var errors: [String] = []
        #expect(try read(text, window: 64, errors: &errors)[1] == large)
    }
}
