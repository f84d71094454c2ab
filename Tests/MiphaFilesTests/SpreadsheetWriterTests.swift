import MiphaFiles
import MiphaTestSupport
import Testing

struct SpreadsheetWriterTests {
    @Test func `what is written is read back`() throws {
        let folder = try TemporaryFolder()
        var generator = SplitMix64(seed: 9)
        let pieces = [
            "a", " ", "\n", "\r\n", "\t", "<", "&", ">", "\"", "é", "e\u{301}", "中", "😀", "_x0041_",
            "_", "x005F_", "]]>", "&amp;", "\u{FFFD}", "=1",
        ]
        var writer = try SpreadsheetWriter(sheet: "<A & \"B\">")
        var expected: [[String?]] = []
        for row in 0..<200 {
            var cells: [SpreadsheetCell] = []
            var texts: [String?] = []
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    cells.append(.blank)
                    texts.append(nil)
                case 1:
                    let value = Int.random(in: -1_000_000...1_000_000, using: &generator)
                    cells.append(.integer(value))
                    texts.append(String(value))
                default:
                    let count = Int.random(in: 0...5, using: &generator)
                    let text = (0..<count).map { _ in
                        pieces.randomElement(using: &generator) ?? ""
                    }.joined()
                    cells.append(.text(text))
                    texts.append(text.isEmpty ? nil : text)
                }
            }
            cells.append(.integer(row))
            texts.append(String(row))
            try writer.append(cells)
            expected.append(texts)
        }
        try writer.write(to: folder.file("a.xlsx"))
        let reader = try SpreadsheetReader(path: folder.file("a.xlsx"))
        #expect(reader.sheetNames == ["<A & \"B\">"])
        let rows = try reader.rows()
        #expect(rows.count == expected.count)
        for (row, wanted) in zip(rows, expected) {
            // Not ==: it holds é and e with an accent for equal.
            #expect(
                row.map { $0.map { Array($0.utf8) } } == wanted.map { $0.map { Array($0.utf8) } })
        }
        #expect(try writer.finished() == writer.finished())
    }

    @Test func `numbers keep their value`() throws {
        let folder = try TemporaryFolder()
        let numbers: [Double] = [
            0, -0.0, 0.1, 1 / 3, 1e-300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 2.5,
        ]
        var writer = try SpreadsheetWriter()
        try writer.append(
            numbers.map { .number($0) } + [SpreadsheetCell(nil), SpreadsheetCell("x")])
        try writer.append([1, 2.5, "three"])
        try writer.write(to: folder.file("a.xlsx"))
        let rows = try SpreadsheetReader(path: folder.file("a.xlsx")).rows()
        #expect(rows[0].count == numbers.count + 2)
        for (text, number) in zip(rows[0], numbers) { #expect(Double(text ?? "") == number) }
        #expect(rows[0][8] == nil && rows[0][9] == "x")
        #expect(rows[1] == ["1", "2.5", "three"])
    }

    @Test func `characters that XML cannot hold are escaped as Excel does`() throws {
        let folder = try TemporaryFolder()
        var writer = try SpreadsheetWriter()
        try writer.append(["a\u{1}b\u{0}\u{FFFF}"])
        try writer.write(to: folder.file("a.xlsx"))
        let rows = try SpreadsheetReader(path: folder.file("a.xlsx")).rows()
        #expect(rows == [["a_x0001_b_x0000__xFFFF_"]])
    }

    @Test(arguments: [
        "", "a/b", "a:b", "[a]", "a*", "a?", "a\\b", String(repeating: "x", count: 32),
    ])
    func `a sheet's name that Excel does not take is refused`(name: String) {
        #expect(fileFailure { _ = try SpreadsheetWriter(sheet: name) }?.code == .invalidRequest)
    }

    @Test func `values that do not fit a cell are refused`() throws {
        var writer = try SpreadsheetWriter()
        try writer.append([.text(String(repeating: "x", count: 32_767))])
        let long = fileFailure {
            try writer.append(["", .text(String(repeating: "x", count: 32_768))])
        }
        #expect(long?.message.contains("cell B2 has 32768 characters") == true)
        #expect(fileFailure { try writer.append([.number(.nan)]) }?.code == .invalidRequest)
        #expect(fileFailure { try writer.append([.number(.infinity)]) }?.code == .invalidRequest)
        let wide = [SpreadsheetCell](repeating: .blank, count: 16_385)
        #expect(fileFailure { try writer.append(wide) }?.code == .invalidRequest)
    }
}
