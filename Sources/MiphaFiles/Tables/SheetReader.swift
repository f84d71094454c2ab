/// The reader of one sheet's cells.
struct SheetReader {
    private static let maximumRows = 1 << 20
    private static let maximumColumns = 1 << 14

    private var scanner: XMLScanner
    private let sharedStrings: [String]
    private var result: [[String?]] = []
    private var cells = 0

    init(_ scanner: XMLScanner, sharedStrings: [String]) {
        self.scanner = scanner
        self.sharedStrings = sharedStrings
    }

    mutating func rows() throws(FileError) -> [[String?]] {
        var row = -1
        var column = -1
        while true {
            let event = try scanner.next()
            if event == .finish { break }
            guard event == .start else { continue }
            if scanner.isNamed("row") {
                row += 1
                column = -1
                if let text = try scanner.attribute("r") {
                    guard let number = Int(text), number >= 1 else {
                        throw scanner.failure("row \(text.quoted) is not a row number")
                    }
                    row = number - 1
                }
            } else if scanner.isNamed("c") {
                column += 1
                let reference = try scanner.attribute("r")
                if let reference {
                    guard let place = Self.place(reference) else {
                        throw scanner.failure("cell \(reference.quoted) is not a cell's place")
                    }
                    (row, column) = place
                }
                let value = try value(reference ?? "row \(row + 1), column \(column + 1)")
                if let value { try set(value, row, column) }
            }
        }
        while result.last?.isEmpty == true { result.removeLast() }
        return result
    }

    private mutating func set(_ value: String, _ row: Int, _ column: Int) throws(FileError) {
        guard row >= 0, row < Self.maximumRows, column < Self.maximumColumns else {
            throw scanner.failure("a cell at row \(row + 1), column \(column + 1) cannot exist")
        }
        while result.count <= row { result.append([]) }
        cells += max(column + 1 - result[row].count, 0)
        guard cells <= SpreadsheetReader.maximumCells else {
            throw scanner.failure(
                "more than \(SpreadsheetReader.maximumCells) cells up to row \(row + 1)")
        }
        while result[row].count <= column { result[row].append(nil) }
        result[row][column] = value
    }

    /// Row and column from 0 of a reference such as `AB12`.
    private static func place(_ reference: String) -> (row: Int, column: Int)? {
        var column = 0
        var row = 0
        for byte in reference.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z") where row == 0 && column < 1 << 20:
                column = column * 26 + Int(byte) - 0x40
            case UInt8(ascii: "0")...UInt8(ascii: "9") where column > 0 && row < 1 << 24:
                row = row * 10 + Int(byte) - 0x30
            case UInt8(ascii: "$"): continue
            default: return nil
            }
        }
        return row > 0 && column > 0 ? (row - 1, column - 1) : nil
    }

    /// The value of the cell that has just started.
    private mutating func value(_ cell: String) throws(FileError) -> String? {
        let kind = try scanner.attribute("t") ?? "n"
        let outer = scanner.depth - 1
        var raw: String?
        var inline: String?
        content: while true {
            switch try scanner.next() {
            case .start where scanner.isNamed("v"): raw = try scanner.elementText()
            case .start where scanner.isNamed("is"): inline = try scanner.richText()
            case .start: try scanner.skipElement()
            case .end where scanner.depth == outer: break content
            case .finish: break content
            case .end, .text: break
            }
        }
        guard kind != "inlineStr" else { return inline?.isEmpty == false ? inline : nil }
        guard let raw, !raw.isEmpty else { return nil }
        switch kind {
        case "n":
            guard let text = Self.number(raw) else {
                throw scanner.failure("cell \(cell): \(raw.quoted) is not a number")
            }
            return text
        case "s":
            guard let index = Int(raw), sharedStrings.indices.contains(index) else {
                throw scanner.failure(
                    "cell \(cell): no shared text \(raw.quoted), there are \(sharedStrings.count)")
            }
            return sharedStrings[index].isEmpty ? nil : sharedStrings[index]
        case "b":
            guard raw == "0" || raw == "1" else {
                throw scanner.failure("cell \(cell): \(raw.quoted) is not a truth value")
            }
            return raw == "1" ? "True" : "False"
        case "str", "d": return raw
        case "e": return nil
        default: throw scanner.failure("cell \(cell) is of the unknown kind \(kind.quoted)")
        }
    }

    /// A number as it is shown; nil when the text is none.
    static func number(_ raw: String) -> String? {
        let text = raw.utf8.filter { $0 > 0x20 }
        let allowed = text.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E || $0 == 0x2D || $0 == 0x2B
                || $0 | 0x20 == 0x65
        }
        guard allowed, let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite
        else { return nil }
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        if digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            let rest = digits.drop { $0 == 0x30 }
            if rest.isEmpty { return "0" }
            let sign = digits.count < text.count ? "-" : ""
            return sign + String(decoding: rest, as: UTF8.self)
        }
        if let integer = Int(exactly: value) { return String(integer) }
        if case .number(_, let shown) = JSONValue.double(value) { return shown }
        return nil
    }
}
