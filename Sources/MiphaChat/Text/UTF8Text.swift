/// Byte-level text functions with the meaning of Python's `str` methods.
///
/// Swift's `String` compares grapheme clusters, so a marker followed by a combining character would
/// not be found; templates and masks need code-point semantics, which for valid UTF-8 and a valid
/// UTF-8 needle equal byte semantics.
enum UTF8Text {
    /// Start offsets of the non-overlapping occurrences of `needle`, from the left.
    static func occurrences(of needle: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard let first = needle.first, bytes.count >= needle.count else { return [] }
        var found: [Int] = []
        var index = 0
        let last = bytes.count - needle.count
        while index <= last {
            if bytes[index] == first, matches(needle, bytes, at: index) {
                found.append(index)
                index += needle.count
            } else {
                index += 1
            }
        }
        return found
    }

    private static func matches(_ needle: [UInt8], _ bytes: [UInt8], at start: Int) -> Bool {
        for offset in 1..<max(needle.count, 1) where bytes[start + offset] != needle[offset] {
            return false
        }
        return true
    }

    /// The parts between occurrences of `separator`; always at least one part.
    static func split(_ bytes: [UInt8], by separator: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        for offset in occurrences(of: separator, in: bytes) {
            parts.append(Array(bytes[start..<offset]))
            start = offset + separator.count
        }
        parts.append(Array(bytes[start...]))
        return parts
    }

    /// The bytes without any occurrence of `needle` (one pass, as Python's `replace`).
    static func removing(_ needle: [UInt8], from bytes: [UInt8]) -> [UInt8] {
        Array(split(bytes, by: needle).joined())
    }

    /// The range that is left when white space at both ends is cut, as Python's `strip`.
    static func stripped(_ bytes: [UInt8]) -> Range<Int> {
        var start = 0
        var end = bytes.count
        while start < end, let width = blankWidth(bytes, at: start) { start += width }
        while end > start, let width = blankWidth(bytes, endingAt: end), end - width >= start {
            end -= width
        }
        return start..<end
    }

    private static func blankWidth(_ bytes: [UInt8], at start: Int) -> Int? {
        let lead = bytes[start]
        if lead < 0x80 { return isBlank(UInt32(lead)) ? 1 : nil }
        if lead == 0xC2, start + 1 < bytes.count {
            return isBlank(UInt32(bytes[start + 1])) ? 2 : nil
        }
        guard lead == 0xE1 || lead == 0xE2 || lead == 0xE3, start + 2 < bytes.count else {
            return nil
        }
        let scalar =
            (UInt32(lead & 0x0F) << 12) | (UInt32(bytes[start + 1] & 0x3F) << 6)
            | UInt32(bytes[start + 2] & 0x3F)
        return isBlank(scalar) ? 3 : nil
    }

    private static func blankWidth(_ bytes: [UInt8], endingAt end: Int) -> Int? {
        var start = end - 1
        while start > 0, bytes[start] & 0xC0 == 0x80, end - start < 4 { start -= 1 }
        guard let width = blankWidth(bytes, at: start), start + width == end else { return nil }
        return width
    }

    /// Whether Python's `str.isspace` holds for a scalar.
    private static func isBlank(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            return true
        default:
            return false
        }
    }

    /// The text of bytes that came from strings.
    static func string(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
