import MiphaFiles
import MiphaTestSupport
import Testing

struct Base64Tests {
    private static func bytes(hex: String) -> [UInt8] {
        let digits = hex.utf8.map { Int($0 < 0x3A ? $0 - 0x30 : $0 - 0x61 + 10) }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }

    @Test func `texts decode as in Python, which asks for more padding`() throws {
        let json = try JSONValue(contentsOf: PackagePaths.fixture("oracles/base64/cases.json"))
        let cases = try #require(json.arrayValue)
        #expect(cases.count > 600)
        var forgiven = 0
        for item in cases {
            let text = Array(try #require(item["text"]?.stringValue).utf8)
            switch item["hex"]?.stringValue {
            case "padding":
                // Two or three characters of an open group: one or two more bytes.
                #expect(try Base64.decode(text).count % 3 != 0)
                forgiven += 1
            case let hex?: #expect(try Base64.decode(text) == Self.bytes(hex: hex))
            case nil: #expect(throws: FileError.self) { try Base64.decode(text, name: "x") }
            }
        }
        #expect(forgiven > 50)
    }

    @Test func `missing padding is forgiven`() throws {
        #expect(try Base64.decode(Array("aGVsbG8".utf8)) == Array("hello".utf8))
        #expect(try Base64.decode(Array("aGVs\nbG8g\r\nIQ".utf8)) == Array("hello !".utf8))
    }

    @Test func `a single character left over is an error with the text's name`() {
        let error = fileFailure {
            _ = try Base64.decode(Array("aGVsb".utf8), name: "a.tsv:3: image")
        }
        #expect(error?.message.hasPrefix("a.tsv:3: image: not Base64") == true)
    }
}
