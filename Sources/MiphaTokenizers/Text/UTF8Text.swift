/// Validation and repair of UTF-8, by the rule of "maximal subparts" (Unicode standard, section
/// 3.9, table 3-8).
///
/// The same replacement as Rust's `String::from_utf8_lossy`, which Hugging Face `tokenizers`
/// decodes with.
enum UTF8Text {
    enum Sequence: Equatable {
        /// A valid scalar of this many bytes.
        case valid(Int)
        /// This many bytes that become one U+FFFD.
        case invalid(Int)
        /// The bytes end inside a sequence that is valid so far; this many bytes are left.
        case incomplete(Int)
    }

    /// What starts at `position`, which is before the end.
    static func sequence(at position: Int, in bytes: Span<UInt8>) -> Sequence {
        let first = bytes[position]
        if first < 0x80 { return .valid(1) }
        let length: Int
        var range: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { range = 0xA0...0xBF }
            if first == 0xED { range = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { range = 0x90...0xBF }
            if first == 0xF4 { range = 0x80...0x8F }
        default: return .invalid(1)
        }
        for offset in 1..<length {
            guard position + offset < bytes.count else { return .incomplete(offset) }
            guard range.contains(bytes[position + offset]) else { return .invalid(offset) }
            range = 0x80...0xBF
        }
        return .valid(length)
    }

    /// The scalar that starts at `position`, and its length; `bytes` must be valid UTF-8.
    @inline(__always)
    static func scalar(at position: Int, in bytes: Span<UInt8>) -> (value: UInt32, length: Int) {
        let first = UInt32(bytes[position])
        if first < 0x80 { return (first, 1) }
        let second = UInt32(bytes[position + 1] & 0x3F)
        if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[position + 2] & 0x3F)
        if first < 0xF0 { return ((first & 0xF) << 12 | second << 6 | third, 3) }
        let fourth = UInt32(bytes[position + 3] & 0x3F)
        return ((first & 7) << 18 | second << 12 | third << 6 | fourth, 4)
    }

    /// Calls `write` with each byte of a scalar.
    @inline(__always)
    static func append(_ scalar: UInt32, _ write: (UInt8) -> Void) {
        func tail(_ shift: UInt32) -> UInt8 {
            UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3F)
        }
        if scalar < 0x80 {
            write(UInt8(truncatingIfNeeded: scalar))
        } else if scalar < 0x800 {
            write(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            write(tail(0))
        } else if scalar < 0x10000 {
            write(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            write(tail(6))
            write(tail(0))
        } else {
            write(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            write(tail(12))
            write(tail(6))
            write(tail(0))
        }
    }

    /// The position of the first byte that breaks UTF-8, or nil.
    static func firstInvalidByte(_ bytes: Span<UInt8>) -> Int? {
        var position = 0
        while position < bytes.count {
            if bytes[position] < 0x80 {
                position += 1
                continue
            }
            guard case .valid(let length) = sequence(at: position, in: bytes) else {
                return position
            }
            position += length
        }
        return nil
    }

    /// `bytes` as text, with U+FFFD for what is not UTF-8.
    static func repaired(_ bytes: [UInt8]) -> String {
        let span = bytes.span
        guard let bad = firstInvalidByte(span) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 16)
        output.append(contentsOf: bytes[0..<bad])
        var position = bad
        while position < bytes.count {
            switch sequence(at: position, in: span) {
            case .valid(let length):
                for offset in 0..<length { output.append(span[position + offset]) }
                position += length
            case .invalid(let length), .incomplete(let length):
                output.append(0xEF)
                output.append(0xBF)
                output.append(0xBD)
                position += length
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// How many bytes at the end may still become a scalar when more bytes follow: 0 to 3.
    static func undecidedSuffix(_ bytes: [UInt8]) -> Int {
        let span = bytes.span
        for length in 1...3 where length <= bytes.count {
            let start = bytes.count - length
            if bytes[start] & 0xC0 == 0x80 { continue }
            if case .incomplete = sequence(at: start, in: span) { return length }
            return 0
        }
        return 0
    }
}
