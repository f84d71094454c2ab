/// A `precompiled_charsmap` of SentencePiece: texts and what each becomes.
///
/// The bytes are a 32-bit length, a double array of that many bytes (Darts-clone's format) whose
/// values are places in the rest, and texts that end with a zero byte. Foreign bytes can ask for
/// anything: every place is checked.
struct PrecompiledCharacterMap: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    /// Reads a map, or nil for bytes that are none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4 else { return nil }
        let size = Int(Self.word(bytes, 0))
        guard size % 4 == 0, size >= 4, size <= bytes.count - 4 else { return nil }
        units = stride(from: 4, to: size + 4, by: 4).map { Self.word(bytes, $0) }
        texts = Array(bytes[(size + 4)...])
        guard UTF8Text.firstInvalidByte(texts.span) == nil else { return nil }
    }

    private static func word(_ bytes: [UInt8], _ start: Int) -> UInt32 {
        UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
            | UInt32(bytes[start + 3]) << 24
    }

    /// Which of the texts that a place begins with counts.
    enum Choice {
        /// SentencePiece's.
        case longest
        /// That of Hugging Face `tokenizers` (crate spm_precompiled).
        case shortest
    }

    /// The text that `start..<end` begins with: how many bytes of it, and where its replacement is.
    func match(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ choice: Choice
    ) -> (length: Int, replacement: Range<Int>)? {
        var place = Self.offset(units[0])
        var found: (length: Int, replacement: Range<Int>)?
        var position = start
        while position < end {
            let byte = bytes[position]
            if byte == 0 { break }
            position += 1
            place ^= Int(byte)
            guard place < units.count else { break }
            let unit = units[place]
            guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { break }
            place ^= Self.offset(unit)
            guard place < units.count else { break }
            // A key of foreign bytes may end inside a scalar, which is no match.
            let isWhole = position == end || bytes[position] & 0xC0 != 0x80
            if unit >> 8 & 1 == 1, isWhole {
                guard let text = text(at: Int(units[place] & 0x7FFF_FFFF)) else { break }
                found = (position - start, text)
                if choice == .shortest { break }
            }
        }
        return found
    }

    /// The bytes of a replacement.
    func content(_ range: Range<Int>) -> ArraySlice<UInt8> { texts[range] }

    private func text(at start: Int) -> Range<Int>? {
        guard start < texts.count, texts[start] & 0xC0 != 0x80 else { return nil }
        var end = start
        while end < texts.count, texts[end] != 0 { end += 1 }
        return start..<end
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
    }
}
