/// The values of an Excel workbook (`.xlsx`, `.xlsm`), as `pandas.read_excel` sees them.
///
/// Formulas count with the value that was saved with them. A blank cell, an empty text and an
/// error value (`#N/A`) are nil; runs of rich text are joined and phonetic hints left out; white
/// space is kept; `true` and `false` are `True` and `False`; a number without fraction is written
/// without one (`3.0` is `3`), others with the fewest digits that give the value back, as Python
/// prints it. Dates are the numbers that the file holds, styles are not read.
/// Reference: ECMA-376-1:2016, parts 18.3 and 18.4; openpyxl 3.1.5.
public struct SpreadsheetReader: Sendable {
    /// The largest part of a workbook that is read, in bytes.
    public static let partLimit = 1 << 28
    /// The most cells of a sheet, gaps included.
    public static let maximumCells = 1 << 24

    /// The path of the workbook.
    public let path: String
    /// The names of the sheets in their order.
    public var sheetNames: [String] { sheets.map { $0.name } }

    private struct Sheet: Sendable {
        let name: String
        let part: String
    }

    private let archive: ZipArchive
    private let sheets: [Sheet]
    private let sharedStrings: [String]

    /// Opens a workbook.
    ///
    /// - Throws: `FileError` when the file cannot be read or is no workbook.
    public init(path: String) throws(FileError) {
        self.path = path
        archive = try ZipArchive(path: path)
        let root = try Self.relationships(of: "", in: archive)
        let workbook = root.first { $0.isKind("/officeDocument") }?.target ?? "xl/workbook.xml"
        let relationships = try Self.relationships(of: workbook, in: archive)
        sheets = try Self.sheets(workbook, relationships, in: archive)
        let strings = relationships.first { $0.isKind("/sharedStrings") }?.target
        if let strings, archive.entry(named: strings) != nil {
            sharedStrings = try Self.sharedStrings(strings, in: archive)
        } else {
            sharedStrings = []
        }
    }

    /// Reads the rows of a sheet.
    ///
    /// Every row ends with its last cell that holds something, so rows may differ in length; rows
    /// that the file leaves out are empty.
    ///
    /// - Parameter sheet: its name, or nil for the first one.
    /// - Throws: `FileError` when there is no such sheet, or it is damaged or too large.
    public func rows(of sheet: String? = nil) throws(FileError) -> [[String?]] {
        let found = sheets.first { sheet == nil || $0.name.hasSameBytes(as: sheet ?? "") }
        guard let found else {
            let names = sheetNames.map { $0.quoted }.joined(separator: ", ")
            throw FileError(
                .malformedFile,
                "\(path): no sheet \((sheet ?? "").quoted); sheets: \(names)")
        }
        let bytes = try Self.part(found.part, in: archive)
        let scanner = try XMLScanner(bytes, file: "\(path)/\(found.part)")
        var reader = SheetReader(scanner, sharedStrings: sharedStrings)
        return try reader.rows()
    }

    // MARK: Parts

    private struct Relationship {
        let id: String
        let type: String
        let target: String

        func isKind(_ suffix: String) -> Bool { type.hasSuffix(suffix) }
    }

    private static func part(_ name: String, in archive: ZipArchive) throws(FileError) -> [UInt8] {
        guard archive.entry(named: name) != nil else {
            throw FileError(
                .malformedFile,
                "\(archive.path): expected an Excel workbook, found a zip archive without "
                    + name.quoted)
        }
        return try archive.read(named: name, limit: partLimit)
    }

    /// The parts that a part refers to; none when it has no list of them.
    private static func relationships(
        of part: String, in archive: ZipArchive
    ) throws(FileError) -> [Relationship] {
        let folder = part.lastIndex(of: "/").map { String(part[...$0]) } ?? ""
        let list = "\(folder)_rels/\(part.dropFirst(folder.count)).rels"
        guard archive.entry(named: list) != nil else { return [] }
        var scanner = try XMLScanner(
            Self.part(list, in: archive), file: "\(archive.path)/\(list)")
        var relationships: [Relationship] = []
        while true {
            let event = try scanner.next()
            if event == .finish { return relationships }
            guard event == .start, scanner.isNamed("Relationship"),
                try scanner.attribute("TargetMode") != "External",
                let id = try scanner.attribute("Id"), let type = try scanner.attribute("Type"),
                let target = try scanner.attribute("Target")
            else { continue }
            relationships.append(
                Relationship(id: id, type: type, target: resolved(target, from: folder)))
        }
    }

    /// A target relative to a folder, as a path in the archive.
    private static func resolved(_ target: String, from folder: String) -> String {
        var parts: [Substring] = []
        for part in (target.hasPrefix("/") ? target : folder + target).split(separator: "/") {
            if part == ".." {
                _ = parts.popLast()
            } else if part != "." {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    private static func sheets(
        _ workbook: String, _ relationships: [Relationship], in archive: ZipArchive
    ) throws(FileError) -> [Sheet] {
        var scanner = try XMLScanner(
            part(workbook, in: archive), file: "\(archive.path)/\(workbook)")
        var sheets: [Sheet] = []
        while true {
            let event = try scanner.next()
            if event == .finish { break }
            guard event == .start, scanner.isNamed("sheet") else { continue }
            guard let name = try scanner.attribute("name"), let id = try scanner.attribute("id")
            else { throw scanner.failure("a sheet without name or id") }
            // Chart sheets have no cells.
            let target = relationships.first { $0.id == id && $0.isKind("/worksheet") }
            if let target { sheets.append(Sheet(name: name, part: target.target)) }
        }
        guard !sheets.isEmpty else { throw scanner.failure("a workbook without sheets") }
        return sheets
    }

    private static func sharedStrings(
        _ name: String, in archive: ZipArchive
    ) throws(FileError) -> [String] {
        var scanner = try XMLScanner(part(name, in: archive), file: "\(archive.path)/\(name)")
        var strings: [String] = []
        while true {
            let event = try scanner.next()
            if event == .finish { return strings }
            guard event == .start, scanner.isNamed("si") else { continue }
            let text = try scanner.richText()
            // Excel writes "_x005F_" for an underscore that would otherwise start an escape.
            strings.append(
                text.utf8.contains(UInt8(ascii: "_")) ? text.removing("x005F_") : text)
        }
    }
}

extension XMLScanner {
    /// The text of the string item that has just started: its text or the texts of its runs.
    mutating func richText() throws(FileError) -> String {
        let outer = depth - 1
        var text = ""
        while true {
            switch try next() {
            case .start where isNamed("t"): text += try elementText()
            case .start where isNamed("rPh"): try skipElement()
            case .end where depth == outer: return text
            case .finish: return text
            case .start, .end, .text: break
            }
        }
    }
}

extension String {
    fileprivate func removing(_ word: String) -> String {
        let pieces = Array(utf8)
        let word = Array(word.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < pieces.count {
            if pieces[index...].starts(with: word) {
                index += word.count
            } else {
                result.append(pieces[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
