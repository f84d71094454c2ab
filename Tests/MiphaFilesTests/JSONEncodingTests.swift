import MiphaFiles
import Testing

/// Encodings that Windows editors save JSON in.
@Suite struct JSONEncodingTests {
    private let text = "[{\"a\": \"é\"}]"

    @Test func `UTF-8 with a byte order mark is read`() throws {
        let elements = JSONElements([0xEF, 0xBB, 0xBF] + Array(text.utf8), file: "a.json")
        #expect(try elements.next()?.kind == .object)
    }

    @Test(arguments: [false, true], [false, true])
    func `UTF-16 is refused by name, with and without a mark`(
        isBig: Bool, hasMark: Bool
    ) throws {
        let units = (hasMark ? [0xFEFF] : []) + Array(text.utf16)
        let bytes = units.flatMap { unit -> [UInt8] in
            let pair = [UInt8(unit >> 8), UInt8(unit & 255)]
            return isBig ? pair : pair.reversed()
        }
        let whole = try #require(throws: FileError.self) {
            try JSONValue(parsingForeign: bytes, file: "a.json")
        }
        #expect(
            whole.message
                == "a.json: expected JSON in UTF-8, found text in UTF-16; save it as UTF-8")
        for shape in [JSONElements.Shape.automatic(), .lines, .array] {
            let error = try #require(throws: FileError.self) {
                try JSONElements(bytes, file: "a.json", shape: shape).next()
            }
            #expect(error.code == .malformedJSON)
            #expect(
                error.message.contains("expected JSON in UTF-8, found text in UTF-16"), "\(error)")
            #expect(error.message.hasPrefix("a.json"))
        }
    }
}
