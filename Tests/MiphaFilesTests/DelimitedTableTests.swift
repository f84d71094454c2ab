import MiphaFiles
import MiphaTestSupport
import Testing

struct DelimitedTableTests {
    /// A source that gives few bytes at a time.
    struct Trickle: ByteSource {
        var source: ArrayByteSource
        let step: Int

        mutating func read(upTo count: Int) throws(FileError) -> [UInt8] {
            try source.read(upTo: min(count, step))
        }
    }

    /// Header and rows of a text that comes `step` bytes at a time.
    private func rows(
        _ text: [UInt8], _ delimiter: UInt8?, step: Int = 1 << 20, name: String = "t.tsv",
        rowLimit: Int = 1 << 20
    ) throws -> [[String]] {
        let source = Trickle(source: ArrayByteSource(text), step: step)
        var table = try DelimitedTable(
            source, name: name, delimiter: delimiter, rowLimit: rowLimit)
        var rows = [table.columns]
        while let row = try table.next() {
            rows.append(try row.columns.map { try row.text($0) })
        }
        return rows
    }

    private func rows(_ text: String, _ delimiter: Character = "\t") throws -> [[String]] {
        try rows(Array(text.utf8), delimiter.asciiValue)
    }

    private static func names(_ first: [String]) -> [String] {
        var names: [String] = []
        for (index, text) in first.enumerated() {
            let wanted = text.isEmpty ? "Unnamed: \(index)" : text
            var name = wanted
            var number = 1
            while names.contains(name) {
                name = "\(wanted).\(number)"
                number += 1
            }
            names.append(name)
        }
        return names
    }

    @Test(arguments: [1, 2, 3, 7, 1 << 20])
    func `texts are cut as pandas and Python's csv do`(step: Int) throws {
        let json = try JSONValue(contentsOf: PackagePaths.fixture("oracles/tables/cases.json"))
        let cases = try #require(json.arrayValue)
        #expect(cases.count > 600)
        for item in cases {
            let text = try #require(item["text"]?.stringValue)
            let delimiter = try #require(item["delimiter"]?.stringValue?.utf8.first)
            guard let lines = item["rows"]?.arrayValue, !lines.isEmpty else {
                #expect(throws: FileError.self, "\(text)") {
                    try rows(Array(text.utf8), delimiter, step: step)
                }
                continue
            }
            var wanted = lines.map { ($0.arrayValue ?? []).compactMap(\.stringValue) }
            wanted[0] = Self.names(wanted[0])
            let found = try rows(Array(text.utf8), delimiter, step: step)
            #expect(found == wanted, "\(text)")
        }
    }

    @Test func `pandas' missing values are these`() throws {
        let json = try JSONValue(contentsOf: PackagePaths.fixture("oracles/tables/missing.json"))
        let names = (json.arrayValue ?? []).compactMap(\.stringValue)
        #expect(Set(names) == DelimitedTable.pandasMissing)
        #expect(names.count == DelimitedTable.pandasMissing.count)
    }

    @Test func `values are nil where pandas reads a missing one`() throws {
        let text = "a\tb\tc\td\nNone\t\t\"nan\"\tnone\n"
        var table = try DelimitedTable(ArrayByteSource(Array(text.utf8)), name: "t.tsv")
        let row = try #require(try table.next())
        #expect(try row.value("a") == nil && row.value("b") == nil && row.value("c") == nil)
        #expect(try row.value("d") == "none")
        #expect(try row.text("a") == "None" && row.text("b") == "")
        #expect(try row.bytes("c") == Array("nan".utf8))
    }

    @Test func `places lead to the raw bytes of fields`() throws {
        let folder = try TemporaryFolder()
        let image = String(repeating: "iVBORw0KGgo+/", count: 200_000)
        let text =
            "\u{FEFF}index\timage\tquestion\r\n0\t\(image)\tfirst\r\n1\t\"\(image)=\"\t\"a \"\"b\"\"\"\r\n"
            + "2\t\t\"x\"\r\n3\t\"\"\tx\r\n"
        let path = folder.file("images.tsv")
        try AtomicFile.write(text, to: path)
        var table = try DelimitedTable(path: path)
        #expect(table.columns == ["index", "image", "question"])
        let file = try RandomAccessFile(path: path)
        var images: [String?] = []
        var questions: [String?] = []
        var lines: [Int] = []
        while let row = try table.next() {
            lines.append(row.line)
            for (column, isImage) in [("image", true), ("question", false)] {
                let place = try row.place(of: column)
                let text = try place.map { String(decoding: try file.read($0), as: UTF8.self) }
                if isImage { images.append(text) } else { questions.append(text) }
            }
        }
        #expect(images == [image, image + "=", nil, nil])
        #expect(questions == ["first", "a \"\"b\"\"", "x", "x"])
        #expect(lines == [2, 3, 4, 5])
    }

    @Test func `lines inside quotation marks count`() throws {
        let text = "a\tb\n\"x\ny\r\nz\"\t1\n\n2\t\"q\n"
        var table = try DelimitedTable(ArrayByteSource(Array(text.utf8)), name: "t.tsv")
        #expect(try table.next()?.line == 2)
        do {
            _ = try table.next()
            Issue.record("no error")
        } catch {
            #expect(error.message.hasPrefix("t.tsv:6: a quotation mark is not closed"))
        }
    }

    @Test func `the delimiter is told by the name, else by the first line`() throws {
        for (name, text, count) in [
            ("a.tsv", "a,b\tc\n", 2), ("a.CSV", "a\tb,c,d\n", 3), ("a.txt", "a,b,c\td\n", 3),
            ("a", "a\tb\tc,d\ne,f,g,h,i\n", 3), ("a.tab", "a,b", 1),
        ] {
            let table = try DelimitedTable(ArrayByteSource(Array(text.utf8)), name: name)
            #expect(table.columns.count == count, "\(name)")
        }
    }

    @Test func `an absent column tells the columns found and a likely delimiter`() throws {
        func message(_ text: String, _ name: String, _ wanted: [String]) throws -> String {
            let table = try DelimitedTable(ArrayByteSource(Array(text.utf8)), name: name)
            do {
                try table.require(wanted)
            } catch {
                return error.message
            }
            return ""
        }
        #expect(try message("index,question,A\n", "a.tsv", ["index", "A"]).contains("by commas"))
        #expect(try message("index\tquestion\n", "a.csv", ["index"]).contains("by tabs"))
        #expect(try message("index;question\n", "a.csv", ["index"]).contains("by semicolons"))
        #expect(
            try message("index\tquestion\n", "a.tsv", ["index", "hint", "A"])
                == "a.tsv: no column \"hint\", \"A\"; columns: \"index\", \"question\"")
        #expect(try message("index\tquestion\n", "a.tsv", ["question"]).isEmpty)
        var table = try DelimitedTable(ArrayByteSource(Array("é\nx\n".utf8)), name: "a.tsv")
        let row = try #require(try table.next())
        #expect(fileFailure { _ = try row.text("e\u{301}") } != nil)
        #expect(try row.text("é") == "x")
    }

    @Test(arguments: [
        ("a\tb\n1\n", "t.tsv:2: expected 2 fields, found 1; columns: \"a\", \"b\""),
        ("a\tb\n1\t2\n\n1\t2\t3\n", "t.tsv:4: expected 2 fields, found 3"),
        ("a\tb\n1\t\"2\n3\t4\n", "t.tsv:2: a quotation mark is not closed"),
        ("", "expected a row of column names"), ("\n \n\r\n", "expected a row of column names"),
        ("\u{FEFF}", "expected a row of column names"), ("\"a", "t.tsv:1: a quotation mark"),
    ])
    func `a damaged table is an error with its line`(text: String, message: String) {
        let error = fileFailure { _ = try rows(text) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }

    @Test(arguments: [("\"", "x\n"), ("", "x")])
    func `a record of more than a megabyte is an error`(start: String, piece: String) {
        let text = "a\n" + start + String(repeating: piece, count: 1_200_000 / piece.utf8.count)
        let error = fileFailure { _ = try rows(text) }
        #expect(error?.message.contains("larger than 1048576 bytes") == true)
    }

    @Test func `texts that are not UTF-8 are errors when they are read`() throws {
        let utf16: [UInt8] = [0xFF, 0xFE, 0x61, 0x00]
        #expect(fileFailure { _ = try rows(utf16, nil) }?.message.contains("UTF-16") == true)
        #expect(
            fileFailure { _ = try rows([0x61, 0xFF, 0x0A], nil) }?.message.contains("column 1")
                == true)
        let bytes = Array("a\tb\nx\t".utf8) + [0xC3, 0x28, 0x0A]
        var table = try DelimitedTable(ArrayByteSource(bytes), name: "t.tsv")
        let row = try #require(try table.next())
        #expect(try row.text("a") == "x")
        #expect(try row.bytes("b") == [0xC3, 0x28])
        #expect(
            fileFailure { _ = try row.text("b") }?.message
                == "t.tsv:2: the field \"b\" is not UTF-8")
    }

    @Test func `random bytes never trap, and pieces do not matter`() {
        var generator = SplitMix64(seed: 31)
        let marks = Array("\"\"\t\n\r, a\u{80}\u{FEFF}".utf8)
        for _ in 0..<3000 {
            let count = Int.random(in: 0...40, using: &generator)
            let text = (0..<count).map { _ in marks.randomElement(using: &generator) ?? 0 }
            let whole = try? rows(text, 0x09)
            let pieces = try? rows(text, 0x09, step: Int.random(in: 1...5, using: &generator))
            #expect(whole == pieces)
        }
    }
}
