/// Texts in the XML of a workbook.
enum SpreadsheetText {
    /// The text as XML content or attribute value.
    ///
    /// Characters that XML does not know become `_x0001_`, and an underscore that would be read as
    /// the start of such an escape `_x005F_`, but see ``holdsEscapeMark(_:)``.
    static func escaped(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 != 0x26 && $0 != 0x3C && $0 != 0x3E && $0 != 0x22 && $0 != 0x5F
                && $0 != 0xEF
        }
        if isPlain { return text }
        let keepsEscapes = holdsEscapeMark(text)
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            // A plain carriage return would be read as a line feed.
            case "\r": result.append(contentsOf: "&#13;".unicodeScalars)
            case "\n", "\t": result.append(scalar)
            case "_" where !keepsEscapes && isEscape(scalars[index...]):
                result.append(contentsOf: "_x005F_".unicodeScalars)
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let zeros = String(repeating: "0", count: 4 - digits.count)
                result.append(contentsOf: "_x\(zeros)\(digits)_".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Whether the text holds the word by which an underscore is escaped.
    static func holdsEscapeMark(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let mark = Array("x005F_".utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: mark) }
    }

    /// Whether the text starts as an escape does: `_`, `x`, four hexadecimal digits, `_`.
    private static func isEscape(_ scalars: ArraySlice<UnicodeScalar>) -> Bool {
        let head = Array(scalars.prefix(7))
        return head.count == 7 && head[1] == "x" && head[6] == "_"
            && head[2..<6].allSatisfy { $0.isASCII && $0.properties.isHexDigit }
    }
}
