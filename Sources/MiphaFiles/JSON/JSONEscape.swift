/// Reads escapes in strings.
enum JSONEscape {
    /// Reads the escape whose backslash stands here.
    static func read(
        _ scanner: inout JSONScanner, open: Int
    ) throws(FileError) -> UnicodeScalar {
        let start = scanner.position
        scanner.position += 1
        guard scanner.position < scanner.end else { throw scanner.unclosed(open) }
        let kind = scanner.byte(scanner.position)
        scanner.position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UnicodeScalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode(&scanner, start: start)
        default:
            throw scanner.failure(
                "unknown escape \\\(JSONScanner.words(for: kind)) in a string", at: start)
        }
    }

    private static func unicode(
        _ scanner: inout JSONScanner, start: Int
    ) throws(FileError) -> UnicodeScalar {
        let first = try hexadecimal(&scanner, start: start)
        if let scalar = UnicodeScalar(first) { return scalar }
        let after = scanner.position
        if first < 0xDC00, scanner.take(UInt8(ascii: "\\")), scanner.take(UInt8(ascii: "u")) {
            let second = try hexadecimal(&scanner, start: after)
            if second >= 0xDC00, second < 0xE000,
                let scalar = UnicodeScalar(
                    0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            {
                return scalar
            }
        }
        guard scanner.leniency.contains(.loneSurrogates) else {
            throw scanner.failure("half of a surrogate pair in a string", at: start)
        }
        scanner.position = after
        return "\u{FFFD}"
    }

    private static func hexadecimal(
        _ scanner: inout JSONScanner, start: Int
    ) throws(FileError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard scanner.position < scanner.end,
                let digit = digit(of: scanner.byte(scanner.position))
            else {
                throw scanner.failure("\\u needs four hexadecimal digits", at: start)
            }
            value = value << 4 | digit
            scanner.position += 1
        }
        return value
    }

    private static func digit(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte) - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte) - 0x41 + 10
        default: nil
        }
    }
}
