/// Writes JSON text.
package struct JSONWriter {
    let style: JSONStyle
    var output: [UInt8] = []
    private var path: [String] = []

    init(style: JSONStyle) {
        self.style = style
    }

    mutating func write(_ value: JSONValue, level: Int) throws(FileError) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value, let text):
            guard value.isFinite else {
                let place = path.isEmpty ? "the value" : path.joined(separator: ".")
                throw FileError(
                    .malformedJSON, "cannot write \(place) as JSON: \(value) is not finite")
            }
            append(text)
        case .string(let text):
            Self.append(text, to: &output, escapesNonASCII: style.escapesNonASCII)
        case .array(let elements): try write(elements, level: level)
        case .object(let object): try write(object, level: level)
        }
    }

    private mutating func write(_ elements: [JSONValue], level: Int) throws(FileError) {
        output.append(UInt8(ascii: "["))
        for (position, element) in elements.enumerated() {
            if position > 0 { output.append(UInt8(ascii: ",")) }
            breakLine(level: level + 1)
            path.append(String(position))
            try write(element, level: level + 1)
            path.removeLast()
        }
        if !elements.isEmpty { breakLine(level: level) }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ object: JSONObject, level: Int) throws(FileError) {
        var members = object.members
        if style.sortsKeys { members.sort { $0.key.precedesInBytes($1.key) } }
        output.append(UInt8(ascii: "{"))
        for (position, member) in members.enumerated() {
            if position > 0 { output.append(UInt8(ascii: ",")) }
            breakLine(level: level + 1)
            Self.append(member.key, to: &output, escapesNonASCII: style.escapesNonASCII)
            append(style.indentation == nil ? ":" : ": ")
            path.append(member.key)
            try write(member.value, level: level + 1)
            path.removeLast()
        }
        if !members.isEmpty { breakLine(level: level) }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func append(_ text: String) {
        output.append(contentsOf: text.utf8)
    }

    private mutating func breakLine(level: Int) {
        guard let indentation = style.indentation else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indentation * level))
    }

    /// Appends `text` as a JSON string, escaped as Python's `json` module does.
    package static func append(
        _ text: String, to output: inout [UInt8], escapesNonASCII: Bool
    ) {
        output.append(UInt8(ascii: "\""))
        if escapesNonASCII {
            for unit in text.utf16 {
                if unit < 0x7F {
                    append(UInt8(truncatingIfNeeded: unit), to: &output)
                } else {
                    appendEscape(unit, to: &output)
                }
            }
        } else if text.utf8.contains(where: {
            $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
        }) {
            for byte in text.utf8 { append(byte, to: &output) }
        } else {
            output.append(contentsOf: text.utf8)
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func append(_ byte: UInt8, to output: inout [UInt8]) {
        let short: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): short = byte
        case 0x08: short = UInt8(ascii: "b")
        case 0x09: short = UInt8(ascii: "t")
        case 0x0A: short = UInt8(ascii: "n")
        case 0x0C: short = UInt8(ascii: "f")
        case 0x0D: short = UInt8(ascii: "r")
        case 0x00..<0x20:
            appendEscape(UInt16(byte), to: &output)
            return
        default:
            output.append(byte)
            return
        }
        output.append(UInt8(ascii: "\\"))
        output.append(short)
    }

    private static func appendEscape(_ unit: UInt16, to output: inout [UInt8]) {
        let digits = String(unit, radix: 16)
        output.append(contentsOf: "\\u".utf8)
        output.append(contentsOf: repeatElement(0x30, count: 4 - digits.count))
        output.append(contentsOf: digits.utf8)
    }
}
