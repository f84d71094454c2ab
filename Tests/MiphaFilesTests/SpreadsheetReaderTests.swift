import MiphaFiles
import MiphaTestSupport
import Testing

struct SpreadsheetReaderTests {
    static func expected(_ name: String) throws -> [[String?]] {
        let json = try JSONValue(contentsOf: PackagePaths.fixture("oracles/xlsx/expected.json"))
        let rows = try #require(json[name]?.arrayValue)
        return rows.map { ($0.arrayValue ?? []).map(\.stringValue) }
    }

    @Test func `a workbook of openpyxl is read as pandas reads it`() throws {
        let path = PackagePaths.fixture("oracles/xlsx/openpyxl.xlsx")
        let reader = try SpreadsheetReader(path: path)
        #expect(reader.sheetNames == ["Answers & more", "second"])
        #expect(try reader.rows() == Self.expected("openpyxl"))
        #expect(try reader.rows(of: "Answers & more") == Self.expected("openpyxl"))
        #expect(try reader.rows(of: "second") == Self.expected("second"))
        let error = fileFailure { _ = try reader.rows(of: "third") }
        #expect(error?.message.contains("sheets: \"Answers & more\", \"second\"") == true)
    }

    @Test func `rich text, gaps, formulas, errors and cells without places are read`() throws {
        let path = PackagePaths.fixture("oracles/xlsx/handmade.xlsx")
        #expect(try SpreadsheetReader(path: path).rows() == Self.expected("handmade"))
    }

    @Test(arguments: [
        ("3", "3"), ("3.0", "3"), ("-0", "0"), ("-0.0", "0"), ("007", "7"), ("1E3", "1000"),
        ("0.1", "0.1"), ("5.0000000000000001E-2", "0.05"), ("1e-05", "1e-05"), ("1E-7", "1e-07"),
        ("123456789012345678", "123456789012345678"), ("1e300", "1e+300"), (" 4 ", "4"),
        ("100000000000000000000", "100000000000000000000"), ("-12", "-12"), ("+5.5", "5.5"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1.7976931348623157E308", "1.7976931348623157e+308"),
    ])
    func `numbers are written as Python prints them`(raw: String, shown: String) throws {
        let rows = try Workbook(cells: "<row><c><v>\(raw)</v></c></row>").rows()
        #expect(rows == [[shown]])
    }

    @Test func `entities, CDATA, comments and line ends are XML's`() throws {
        let cells = """
            <row><c t='str'><v>&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;</v></c>\
            <c t='str'><v><![CDATA[<a>&amp;]] >]]> x</v></c>\
            <c t="str"><v>a<!-- -- < -->b<?pi ?>c</v></c>\
            <c t='str'><v>1\r\n2\r3&#13;\n4</v></c></row>
            """
        let rows = try Workbook(cells: cells).rows()
        #expect(rows == [["&<>\"'A😀", "<a>&amp;]] > x", "abc", "1\n2\n3\r\n4"]])
    }

    @Test func `blank cells and empty texts are nil, and trailing rows are dropped`() throws {
        let cells = """
            <row r='2'><c r='B2' t='s'><v>0</v></c><c r='C2' t='s'><v>1</v></c><c r='D2'/></row>\
            <row r='5'><c r='A5' t='inlineStr'><is/></c></row><row r='9'/>
            """
        let rows = try Workbook(cells: cells, strings: "<si/><si><t> </t></si>").rows()
        #expect(rows == [[], [nil, nil, " "]])
    }

    @Test func `rows may come in any order`() throws {
        let cells = "<row r='3'><c r='A3'><v>3</v></c></row><row r='1'><c r='B1'><v>1</v></c></row>"
        #expect(try Workbook(cells: cells).rows() == [[nil, "1"], [], ["3"]])
    }

    @Test func `the last column is XFD`() throws {
        let cells = "<row r='1'><c r='XFD1'><v>3</v></c></row>"
        #expect(try Workbook(cells: cells).rows().first?.count == 16_384)
        let beyond = "<row r='1'><c r='XFE1'><v>3</v></c></row>"
        #expect(fileFailure { _ = try Workbook(cells: beyond).rows() } != nil)
    }

    // MARK: Damage

    @Test(arguments: [
        ("<row r='0'/>", "row \"0\""), ("<row r='x'/>", "row \"x\""),
        ("<row r='99999999999999999999'/>", "is not a row number"),
        ("<row r='9223372036854775807'><c><v>1</v></c></row>", "cannot exist"),
        ("<row r='1048577'><c><v>1</v></c></row>", "cannot exist"),
        ("<row r='9223372036854775807'/><row/>", ""),
        ("<row><c r='1A'><v>1</v></c></row>", "not a cell's place"),
        ("<row><c r='A'><v>1</v></c></row>", "not a cell's place"),
        ("<row><c r='A0'><v>1</v></c></row>", "not a cell's place"),
        ("<row><c r='AAAAAAAAAAAAAAAAAAAA1'/></row>", "not a cell's place"),
        ("<row><c r='A99999999999999999999'/></row>", "not a cell's place"),
        ("<row><c><v>three</v></c></row>", "\"three\" is not a number"),
        ("<row><c><v>0x10</v></c></row>", "is not a number"),
        ("<row><c><v>nan</v></c></row>", "is not a number"),
        ("<row><c><v>1e999</v></c></row>", "is not a number"),
        ("<row><c r='A1' t='s'><v>1</v></c></row>", "cell A1: no shared text \"1\", there are 1"),
        ("<row><c t='s'><v>-1</v></c></row>", "no shared text"),
        ("<row><c t='s'><v>1.5</v></c></row>", "no shared text"),
        ("<row><c t='b'><v>2</v></c></row>", "not a truth value"),
        ("<row><c t='q'><v>2</v></c></row>", "unknown kind \"q\""),
        ("<row><c><v>1</v></row>", "closes an element that is not open"),
        ("<row><c t='str'><v>&nbsp;</v></c></row>", "an entity that is not known"),
        ("<row><c t='str'><v>&#0;</v></c></row>", "an entity that is not known"),
        ("<row><c t='str'><v>&#xD800;</v></c></row>", "an entity that is not known"),
        ("<row><c t='str'><v>&#x110000;</v></c></row>", "an entity that is not known"),
        ("<row><c t='str'><v>&amp</v></c></row>", "an entity that is not known"),
        ("<row r=5/>", "in quotation marks"), ("<row r/>", "expected '='"),
        ("<row r='5/>", "is not closed"), ("<row", "expected"), ("<>", "an element name"),
        ("<!-- ", "comment is not closed"), ("<![CDATA[", "CDATA section is not closed"),
        ("<?x", "processing instruction is not closed"), ("</sheetData", "expected '>'"),
    ])
    func `a damaged sheet is an error with part and line`(cells: String, message: String) throws {
        guard !message.isEmpty else {
            #expect(throws: Never.self) { try Workbook(cells: "<row r='5'/>").rows() }
            return
        }
        let error = fileFailure {
            _ = try Workbook(cells: "\n" + cells, strings: "<si><t>a</t></si>").rows()
        }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
        #expect(error?.message.contains("book.xlsx/xl/s.xml:2") == true)
    }

    @Test(arguments: [
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet/>", "document type declarations are refused"),
        ("", "expected an element"), ("<a/><b/>", "a second root element"),
        ("<a/>text", "text outside the root"), ("<a>", "is not closed"), ("</a>", "not open"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", "is in \"utf-16\", expected UTF-8"),
        (String(repeating: "<a>", count: 300), "nested deeper"),
    ])
    func `a part that is no XML is an error`(sheet: String, message: String) throws {
        let error = fileFailure { _ = try Workbook(sheet: sheet).rows() }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }

    @Test func `missing parts are named`() throws {
        var book = Workbook(cells: "")
        book.sheet = nil
        #expect(fileFailure { _ = try book.rows() }?.message.contains("\"xl/s.xml\"") == true)
        book.book = nil
        #expect(fileFailure { _ = try book.rows() }?.message.contains("\"xl/book.xml\"") == true)
        book.root = nil
        #expect(
            fileFailure { _ = try book.rows() }?.message.contains("\"xl/workbook.xml\"") == true)
        var empty = Workbook(cells: "")
        empty.bookRelationships = nil
        #expect(fileFailure { _ = try empty.rows() }?.message.contains("without sheets") == true)
    }

    @Test func `a sheet of too many cells is refused before they are made`() throws {
        let rows = (1...1100).map { "<row r='\($0)'><c r='XFD\($0)'><v>1</v></c></row>" }
        let error = fileFailure { _ = try Workbook(cells: rows.joined()).rows() }
        #expect(error?.message.contains("more than 16777216 cells") == true)
    }

    @Test func `bytes that are not UTF-8 are an error`() throws {
        let book = Workbook()
        let sheet = Array("<a><row><c t='str'><v>".utf8) + [0xFF] + Array("</v></c></row></a>".utf8)
        let error = fileFailure {
            _ = try Workbook.rows(parts: [
                ("_rels/.rels", book.root.map { Array($0.utf8) }),
                ("xl/book.xml", book.book.map { Array($0.utf8) }),
                ("xl/_rels/book.xml.rels", book.bookRelationships.map { Array($0.utf8) }),
                ("xl/s.xml", sheet),
            ])
        }
        #expect(error?.message.contains("not UTF-8") == true)
    }

    @Test func `changed parts give rows or an error, never a trap`() throws {
        let path = PackagePaths.fixture("oracles/xlsx/handmade.xlsx")
        let archive = try ZipArchive(path: path)
        var parts: [(name: String, bytes: [UInt8]?)] = []
        for entry in archive.entries where !entry.name.hasPrefix("docProps") {
            parts.append((entry.name, try archive.read(entry)))
        }
        let targets = parts.indices.filter {
            let name = parts[$0].name
            return name.contains("sheet1") || name.contains("sharedStrings")
                || name.contains("workbook")
        }
        var generator = SplitMix64(seed: 23)
        let marks = Array("<>/=&;'\"!?-[]0A\0 \u{80}".utf8)
        var errors = 0
        for _ in 0..<1200 {
            var changed = parts
            let target = targets.randomElement(using: &generator) ?? 0
            var bytes = changed[target].bytes ?? []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[position] = marks.randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: position)
                default: bytes.removeSubrange(position..<min(position + 9, bytes.count))
                }
            }
            changed[target].bytes = bytes
            do {
                _ = try Workbook.rows(parts: changed)
            } catch is FileError {
                errors += 1
            }
        }
        #expect(errors > 300)
    }
}
