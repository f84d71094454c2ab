/// Reads values written as Python source.
package enum PythonLiteral {
    /// A list of strings, `['a', "b"]`; nil for anything else.
    ///
    /// Strings are in single or double quotation marks, with the escapes of Python's plain strings
    /// but `\N{...}`.
    package static func strings(_ text: String) -> [String]? {
        var reader = Reader(scalars: Array(text.unicodeScalars))
        return reader.list()
    }

    private struct Reader {
        let scalars: [Unicode.Scalar]
        var place = 0

        init(scalars: [Unicode.Scalar]) {
            self.scalars = scalars
        }

        var current: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

        mutating func skipBlanks() {
            while let current, " \t\r\n\u{0C}".unicodeScalars.contains(current) { place += 1 }
        }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard current == scalar else { return false }
            place += 1
            return true
        }

        mutating func list() -> [String]? {
            guard take("[") else { return nil }
            var strings: [String] = []
            while !take("]") {
                if !strings.isEmpty {
                    guard take(",") else { return nil }
                    if take("]") { break }
                }
                guard var string = string() else { return nil }
                while let more = self.string() { string += more }
                strings.append(string)
            }
            skipBlanks()
            return place == scalars.count ? strings : nil
        }

        /// One string; nil and nothing taken where none stands.
        mutating func string() -> String? {
            skipBlanks()
            guard let quote = current, quote == "'" || quote == "\"" else { return nil }
            let start = place
            place += 1
            var result = String.UnicodeScalarView()
            while let scalar = current, scalar != "\n" {
                place += 1
                if scalar == quote { return String(result) }
                if scalar != "\\" {
                    result.append(scalar)
                } else if !escape(into: &result) {
                    break
                }
            }
            place = start
            return nil
        }

        private mutating func escape(into result: inout String.UnicodeScalarView) -> Bool {
            guard let kind = current else { return false }
            place += 1
            switch kind {
            case "\n": break
            case "\\", "'", "\"": result.append(kind)
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "a": result.append("\u{07}")
            case "b": result.append("\u{08}")
            case "f": result.append("\u{0C}")
            case "v": result.append("\u{0B}")
            case "x": return code(digits: 2, radix: 16, into: &result)
            case "u": return code(digits: 4, radix: 16, into: &result)
            case "U": return code(digits: 8, radix: 16, into: &result)
            case "0"..."7":
                place -= 1
                return octal(into: &result)
            default:
                result.append("\\")
                result.append(kind)
            }
            return true
        }

        private mutating func code(
            digits: Int, radix: UInt32, into result: inout String.UnicodeScalarView
        ) -> Bool {
            var value: UInt32 = 0
            for _ in 0..<digits {
                guard let scalar = current, scalar.isASCII,
                    let digit = Character(scalar).hexDigitValue
                else { return false }
                value = value &* radix &+ UInt32(digit)
                place += 1
            }
            guard let scalar = Unicode.Scalar(value) else { return false }
            result.append(scalar)
            return true
        }

        private mutating func octal(into result: inout String.UnicodeScalarView) -> Bool {
            var value: UInt32 = 0
            for _ in 0..<3 {
                guard let scalar = current, (0x30...0x37).contains(scalar.value) else { break }
                value = value * 8 + (scalar.value - 0x30)
                place += 1
            }
            guard let scalar = Unicode.Scalar(value) else { return false }
            result.append(scalar)
            return true
        }
    }
}
