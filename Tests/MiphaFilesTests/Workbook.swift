import MiphaFiles
import MiphaTestSupport

/// A workbook of parts that a test sets.
struct Workbook {
    static let types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    var root: String? =
        "<Relationships><Relationship Id='a' Type='\(types)/officeDocument' Target='xl/book.xml'/>"
        + "</Relationships>"
    var book: String? =
        "<workbook><sheets><sheet name='One' sheetId='1' r:id='s1'/></sheets></workbook>"
    var bookRelationships: String? =
        "<Relationships><Relationship Id='s1' Type='\(types)/worksheet' Target='s.xml'/>"
        + "<Relationship Id='s2' Type='\(types)/sharedStrings' Target='t.xml'/></Relationships>"
    var sheet: String?
    var strings: String?

    init(sheet: String? = nil, cells: String? = nil, strings: String? = nil) {
        self.sheet =
            sheet ?? "<worksheet><sheetData>\(cells ?? "")</sheetData></worksheet>"
        self.strings = strings.map { "<sst>\($0)</sst>" }
    }

    /// Reads the first sheet.
    func rows(of sheet: String? = nil) throws -> [[String?]] {
        try Self.rows(
            parts: [
                ("_rels/.rels", root), ("xl/book.xml", book),
                ("xl/_rels/book.xml.rels", bookRelationships), ("xl/s.xml", self.sheet),
                ("xl/t.xml", strings),
            ].map { ($0.0, $0.1.map { Array($0.utf8) }) }, sheet: sheet)
    }

    static func rows(
        parts: [(name: String, bytes: [UInt8]?)], sheet: String? = nil
    ) throws -> [[String?]] {
        let folder = try TemporaryFolder()
        var zip = ZipWriter()
        for part in parts {
            if let bytes = part.bytes { try zip.add(part.name, bytes) }
        }
        try AtomicFile.write(try zip.finished(), to: folder.file("book.xlsx"))
        return try SpreadsheetReader(path: folder.file("book.xlsx")).rows(of: sheet)
    }
}
