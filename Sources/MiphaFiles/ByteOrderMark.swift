/// The mark that Windows editors put in front of UTF-8.
package enum ByteOrderMark {
    /// Its bytes.
    package static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The bytes behind a mark, or all when there is none.
    package static func removed(from text: [UInt8]) -> ArraySlice<UInt8> {
        text.dropFirst(text.starts(with: bytes) ? bytes.count : 0)
    }
}

extension Unicode.Scalar {
    /// The number as it is usually written, such as `U+00A0`.
    package var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
