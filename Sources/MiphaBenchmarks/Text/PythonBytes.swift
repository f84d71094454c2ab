/// Functions of ``PythonText`` over valid UTF-8, for hot loops.
enum PythonBytes {
    /// `text.lower()`.
    static func lower(_ text: [UInt8]) -> [UInt8] {
        if text.contains(where: { $0 >= 0x80 }) {
            return Array(PythonText.lower(String(decoding: text, as: UTF8.self)).utf8)
        }
        return text.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
    }

    /// `text.strip()`.
    static func strip(_ text: inout [UInt8]) {
        var start = 0
        while start < text.count {
            let count = blank(text, at: start)
            if count == 0 { break }
            start += count
        }
        var end = text.count
        while end > start {
            let first = scalarStart(text, endingAt: end)
            guard blank(text, at: first) == end - first else { break }
            end = first
        }
        if end < text.count { text.removeSubrange(end...) }
        if start > 0 { text.removeSubrange(..<start) }
    }

    /// Calls `body` with the range of each run between whitespace, as `text.split()` gives them.
    static func forEachWord(_ text: [UInt8], _ body: (Range<Int>) -> Void) {
        var place = 0
        var start = 0
        while place < text.count {
            let count = blank(text, at: place)
            if count == 0 {
                place += 1
                continue
            }
            if place > start { body(start..<place) }
            place += count
            start = place
        }
        if place > start { body(start..<place) }
    }

    /// The number of bytes of the whitespace (`str.isspace`) at a place, 0 when there is none.
    @inline(__always)
    static func blank(_ text: [UInt8], at place: Int) -> Int {
        let byte = text[place]
        if byte < 0x80 {
            return byte == 0x20 || byte &- 0x09 < 5 || byte &- 0x1C < 4 ? 1 : 0
        }
        return wideBlank(text, at: place)
    }

    private static func wideBlank(_ text: [UInt8], at place: Int) -> Int {
        guard let scalar = scalar(text, at: place), PythonText.isSpace(scalar) else { return 0 }
        return UTF8.width(scalar)
    }

    /// Whether the expression `\d` matches at a place; not after the end.
    static func isDigit(_ text: [UInt8], at place: Int) -> Bool {
        guard place < text.count else { return false }
        if text[place] < 0x80 { return text[place] &- 0x30 < 10 }
        return scalar(text, at: place).map(PythonText.isDecimalDigit) ?? false
    }

    /// Whether the code point that ends before `end` is a digit.
    static func isDigit(_ text: [UInt8], endingAt end: Int) -> Bool {
        end > 0 && isDigit(text, at: scalarStart(text, endingAt: end))
    }

    private static func scalarStart(_ text: [UInt8], endingAt end: Int) -> Int {
        var place = end - 1
        while place > 0, text[place] & 0xC0 == 0x80 { place -= 1 }
        return place
    }

    /// The code point that starts at a place; nil inside of one.
    private static func scalar(_ text: [UInt8], at place: Int) -> Unicode.Scalar? {
        let first = text[place]
        let count = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard count > 0, place + count <= text.count else { return nil }
        var value = count == 1 ? UInt32(first) : UInt32(first & (0xFF >> UInt8(count + 1)))
        for byte in text[place + 1..<place + count] { value = value << 6 | UInt32(byte & 0x3F) }
        return Unicode.Scalar(value)
    }
}
