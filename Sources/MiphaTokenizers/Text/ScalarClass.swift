/// What the pre-tokenizer's regular expression sees in a scalar.
enum ScalarClass {
    /// Anything that is not a letter, a number or white space.
    static let other: UInt8 = 0
    /// Letters, `\p{L}`.
    static let letter: UInt8 = 1
    /// Numbers, `\p{N}`.
    static let number: UInt8 = 2
    /// White space, `\s`.
    static let space: UInt8 = 3
    /// The bits of the four classes above.
    static let mask: UInt8 = 3
    /// Word scalars, `\w`, a bit of its own.
    static let word: UInt8 = 4
}

/// A two-level table from Unicode scalar to ``ScalarClass`` bits.
///
/// 4,352 page numbers and 256 bytes for each distinct page. The classes are those of Hugging Face
/// `tokenizers` (Oniguruma's `\p{L}`, `\p{N}`, `\s`; the `regex` crate's `\w`), not those of the
/// Swift standard library, which follows a different Unicode version.
struct ScalarClassTable: Sendable {
    static let shared = ScalarClassTable(ranges: ScalarClassRanges.pairs)

    private let pageNumbers: [UInt16]
    private let pages: [UInt8]

    init(ranges: [UInt32]) {
        var flat = [UInt8](repeating: 0, count: 0x110000)
        for pair in stride(from: 0, to: ranges.count - 1, by: 2) {
            let start = Int(ranges[pair])
            let value = UInt8(ranges[pair + 1] & 0xF)
            for scalar in start..<start + Int(ranges[pair + 1] >> 4) { flat[scalar] = value }
        }
        var numbers: [UInt16] = []
        var pages: [UInt8] = []
        var known: [ArraySlice<UInt8>: UInt16] = [:]
        for start in stride(from: 0, to: flat.count, by: 256) {
            let page = flat[start..<start + 256]
            if start > 0, page.elementsEqual(flat[start - 256..<start]) {
                numbers.append(numbers[numbers.count - 1])
            } else if let number = known[page] {
                numbers.append(number)
            } else {
                let number = UInt16(pages.count / 256)
                known[page] = number
                numbers.append(number)
                pages.append(contentsOf: page)
            }
        }
        pageNumbers = numbers
        self.pages = pages
    }

    /// The class bits of a scalar; 0 for anything above U+10FFFF.
    @inline(__always)
    func bits(of scalar: UInt32) -> UInt8 {
        let page = Int(scalar >> 8)
        guard page < pageNumbers.count else { return 0 }
        return pages[Int(pageNumbers[page]) << 8 | Int(scalar & 0xFF)]
    }

    /// The class bits and the length in bytes of the scalar that starts at `position`.
    ///
    /// `bytes` must be valid UTF-8 and `position` a scalar boundary before the end.
    @inline(__always)
    func scalar(at position: Int, in bytes: Span<UInt8>) -> (bits: UInt8, length: Int) {
        let first = bytes[position]
        if first < 0x80 { return (pages[Int(first)], 1) }
        let second = UInt32(bytes[position + 1] & 0x3F)
        if first < 0xE0 { return (bits(of: UInt32(first & 0x1F) << 6 | second), 2) }
        let third = UInt32(bytes[position + 2] & 0x3F)
        if first < 0xF0 { return (bits(of: UInt32(first & 0xF) << 12 | second << 6 | third), 3) }
        let fourth = UInt32(bytes[position + 3] & 0x3F)
        return (bits(of: UInt32(first & 7) << 18 | second << 12 | third << 6 | fourth), 4)
    }

    /// The class bits of the scalar that ends before `position`, and where it starts.
    func scalar(before position: Int, in bytes: Span<UInt8>) -> (bits: UInt8, start: Int) {
        var start = position - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return (scalar(at: start, in: bytes).bits, start)
    }
}
