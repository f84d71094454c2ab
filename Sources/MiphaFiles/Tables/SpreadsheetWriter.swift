/// The value of a cell that is written.
public enum SpreadsheetCell: Sendable, Hashable, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral
{
    /// Nothing.
    case blank
    /// A text.
    case text(String)
    /// An integer; programs other than openpyxl keep 15 digits.
    case integer(Int)
    /// A number.
    case number(Double)

    /// Makes a text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// Makes an integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// Makes a number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Makes a text, or a blank cell of nil.
    public init(_ text: String?) { self = text.map { .text($0) } ?? .blank }
}

/// A writer of Excel workbooks with one sheet of texts and numbers.
///
/// pandas and openpyxl read the written values back; the bytes depend on the values and the
/// version of zlib only. Characters that XML cannot hold are written in Excel's way, `_x0001_`.
/// Reference: ECMA-376-1:2016, parts 18.3 and 18.4.
public struct SpreadsheetWriter: Sendable {
    /// The most characters of a text, counted as UTF-16 units, that Excel holds in a cell.
    public static let maximumTextLength = 32_767

    private let sheet: String
    private var rowCount = 0
    private var data = ""
    private var strings: [ExactString: Int] = [:]
    private var table = ""
    private var references = 0

    /// Starts an empty sheet.
    ///
    /// - Parameter sheet: its name, 1 to 31 characters without `[ ] : * ? / \`.
    /// - Throws: `FileError` for another name.
    public init(sheet: String = "Sheet1") throws(FileError) {
        guard !sheet.isEmpty, sheet.utf16.count <= 31,
            sheet.unicodeScalars.allSatisfy({ !"[]:*?/\\".unicodeScalars.contains($0) }),
            sheet.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value & 0xFFFE != 0xFFFE })
        else {
            throw FileError(.invalidRequest, "spreadsheet: \(sheet.quoted) cannot name a sheet")
        }
        self.sheet = sheet
    }

    /// Appends a row.
    ///
    /// - Throws: `FileError` for a text longer than ``maximumTextLength``, a number that is not
    ///   finite, more than 16,384 cells or more than 1,048,576 rows.
    public mutating func append(_ row: [SpreadsheetCell]) throws(FileError) {
        guard rowCount < 1 << 20, row.count <= 1 << 14 else {
            throw FileError(
                .invalidRequest,
                "spreadsheet: row \(rowCount + 1) of \(row.count) cells does not fit a sheet")
        }
        rowCount += 1
        data += "<row r=\"\(rowCount)\">"
        for (column, cell) in row.enumerated() {
            let place = Self.letters(column) + String(rowCount)
            switch cell {
            case .blank: continue
            case .integer(let value): data += "<c r=\"\(place)\"><v>\(value)</v></c>"
            case .number(let value):
                guard value.isFinite, case .number(_, let text) = JSONValue.double(value) else {
                    throw FileError(
                        .invalidRequest, "spreadsheet: cell \(place) cannot hold \(value)")
                }
                data += "<c r=\"\(place)\"><v>\(text)</v></c>"
            case .text(let text): try append(text, at: place)
            }
        }
        data += "</row>"
    }

    private mutating func append(_ text: String, at place: String) throws(FileError) {
        if text.isEmpty { return }
        guard text.utf16.count <= Self.maximumTextLength else {
            throw FileError(
                .invalidRequest,
                "spreadsheet: the text of cell \(place) has \(text.utf16.count) characters, the "
                    + "most are \(Self.maximumTextLength)")
        }
        let item = "<t xml:space=\"preserve\">\(SpreadsheetText.escaped(text))</t>"
        // openpyxl drops this word from shared texts, wherever it stands.
        if text.utf8.contains(UInt8(ascii: "_")), SpreadsheetText.holdsEscapeMark(text) {
            data += "<c r=\"\(place)\" t=\"inlineStr\"><is>\(item)</is></c>"
            return
        }
        let index = strings[ExactString(text)] ?? strings.count
        if index == strings.count {
            strings[ExactString(text)] = index
            table += "<si>\(item)</si>"
        }
        references += 1
        data += "<c r=\"\(place)\" t=\"s\"><v>\(index)</v></c>"
    }

    /// The name of a column from 0: `A`, `B`, … `Z`, `AA`.
    private static func letters(_ column: Int) -> String {
        var name = ""
        var rest = column + 1
        while rest > 0 {
            let letter = UnicodeScalar(UInt8(0x41 + (rest - 1) % 26))
            name = String(letter) + name
            rest = (rest - 1) / 26
        }
        return name
    }

    /// The workbook.
    ///
    /// - Throws: `FileError` when it is larger than 4 GiB.
    public func finished() throws(FileError) -> [UInt8] {
        var zip = ZipWriter()
        for part in SpreadsheetParts.parts(
            sheet: SpreadsheetText.escaped(sheet), data: data, table: table,
            count: references, unique: strings.count)
        {
            try zip.add(part.name, Array(part.text.utf8))
        }
        return try zip.finished()
    }

    /// Writes the workbook, or leaves the file as it was.
    ///
    /// - Throws: `FileError` when it cannot be written.
    public func write(to path: String) throws(FileError) {
        try AtomicFile.write(finished(), to: path)
    }
}
