/// A place in a JSON text and what is wrong there.
struct JSONSyntaxError: Error {
    let offset: Int
    let message: String
}

/// A strict reader of JSON tokens (RFC 8259) over bytes.
struct JSONScanner {
    /// A number as it stands in the text.
    struct NumberToken {
        let range: Range<Int>
        let isInteger: Bool
    }

    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position >= bytes.count }

    func failure(_ message: String, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(offset: offset ?? position, message: message)
    }

    func expected(_ what: String) -> JSONSyntaxError {
        failure("expected \(what), found \(found)")
    }

    /// The next byte in words.
    var found: String {
        guard position < bytes.count else { return "the end" }
        let byte = bytes[position]
        if byte > 0x20 && byte < 0x7F {
            return "'" + String(UnicodeScalar(byte)) + "'"
        }
        let digits = String(byte, radix: 16)
        return "byte 0x" + (byte < 16 ? "0" : "") + digits
    }

    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(
        _ byte: UInt8, _ what: @autoclosure () -> String
    ) throws(JSONSyntaxError) {
        guard take(byte) else { throw expected(what()) }
    }

    /// Takes `word` (true, false, null) when it stands here.
    mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let matches = bytes[position..<position + count].elementsEqual(word.description.utf8)
        if matches { position += count }
        return matches
    }

    /// Reads a string, with its quotation marks.
    mutating func string() throws(JSONSyntaxError) -> String {
        let open = position
        try expect(UInt8(ascii: "\""), "a string")
        var index = position
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let text = try decoded(bytes[position..<index], source: position..<index)
                position = index + 1
                return text
            }
            if byte == UInt8(ascii: "\\") {
                return try escapedString(firstEscape: index)
            }
            guard byte >= 0x20 else {
                throw failure("control character in a string must be escaped", at: index)
            }
            index += 1
        }
        throw failure("string without closing quotation mark", at: open)
    }

    private mutating func escapedString(firstEscape: Int) throws(JSONSyntaxError) -> String {
        let start = position
        var text = Array(bytes[start..<firstEscape])
        position = firstEscape
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let result = try decoded(text[...], source: start..<position)
                position += 1
                return result
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0x00..<0x20:
                throw failure("control character in a string must be escaped")
            default:
                let run = position
                while position < bytes.count, bytes[position] >= 0x20,
                    bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\")
                { position += 1 }
                text.append(contentsOf: bytes[run..<position])
            }
        }
        throw failure("string without closing quotation mark", at: start - 1)
    }

    private func decoded(
        _ text: ArraySlice<UInt8>, source: Range<Int>
    ) throws(JSONSyntaxError) -> String {
        guard let result = String(validating: text, as: UTF8.self) else {
            let offset = firstInvalidUTF8(in: bytes, source) ?? source.lowerBound
            throw failure("text is not UTF-8", at: offset)
        }
        return result
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        let start = position
        position += 1
        guard position < bytes.count else {
            throw failure("string without closing quotation mark", at: start)
        }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape(start: start)
            text.append(contentsOf: Array(String(scalar).utf8))
        default:
            throw failure("unknown escape in a string", at: start)
        }
    }

    private mutating func unicodeEscape(start: Int) throws(JSONSyntaxError) -> UnicodeScalar {
        let first = try hexadecimal(start: start)
        if let scalar = UnicodeScalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw failure("half of a surrogate pair in a string", at: start)
        }
        let second = try hexadecimal(start: start)
        guard second >= 0xDC00, second < 0xE000,
            let scalar = UnicodeScalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else {
            throw failure("half of a surrogate pair in a string", at: start)
        }
        return scalar
    }

    private mutating func hexadecimal(start: Int) throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count,
                let digit = UnicodeScalar(bytes[position]).hexadecimalValue
            else {
                throw failure("\\u needs four hexadecimal digits", at: start)
            }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    /// Reads a number without turning it into a value.
    mutating func number() throws(JSONSyntaxError) -> NumberToken {
        let start = position
        var isInteger = true
        _ = take(UInt8(ascii: "-"))
        let whole = position
        guard digits() > 0 else { throw expected("a digit") }
        guard bytes[whole] != UInt8(ascii: "0") || position == whole + 1 else {
            throw failure("number with a leading zero", at: start)
        }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard digits() > 0 else { throw expected("a digit after the decimal point") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw expected("a digit in the exponent") }
        }
        return NumberToken(range: start..<position, isInteger: isInteger)
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        return position - start
    }

    /// The value of an integer token, or nil when it does not fit.
    func integer(_ token: NumberToken) -> Int? {
        var value = 0
        var range = token.range
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        if isNegative { range = range.lowerBound + 1..<range.upperBound }
        for byte in bytes[range] {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int(byte &- 0x30)
            let (sum, carry) =
                isNegative
                ? product.subtractingReportingOverflow(digit)
                : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}

extension UnicodeScalar {
    fileprivate var hexadecimalValue: UInt32? {
        switch self {
        case "0"..."9": value - 0x30
        case "a"..."f": value - 0x61 + 10
        case "A"..."F": value - 0x41 + 10
        default: nil
        }
    }
}
