/// The GPT-2 pre-tokenizer as a hand-written scanner over UTF-8.
///
/// Splits exactly as the regular expression
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` does in Hugging
/// Face `tokenizers` (pre_tokenizers/byte_level.rs): the first alternative that matches wins, every
/// byte belongs to exactly one word, and a run of white space before a word leaves its last scalar
/// to that word.
struct WordSplitter: Sendable {
    /// The regular expression this scanner stands for.
    static let pattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    let classes: ScalarClassTable

    /// The end of the word that starts at `start`, where `start < end` and both are scalar
    /// boundaries.
    @inline(__always)
    func end(of start: Int, in bytes: Span<UInt8>, limit end: Int) -> Int {
        let first = bytes[start]
        var position = start
        if first == 0x27 {
            let length = contraction(at: start, in: bytes, limit: end)
            if length > 0 { return start + length }
        } else if first == 0x20 {
            position += 1
            if position == end { return end }
        }
        let (bits, length) = classes.scalar(at: position, in: bytes)
        let kind = bits & ScalarClass.mask
        if kind == ScalarClass.space { return spaceEnd(of: start, in: bytes, limit: end) }
        position += length
        while position < end {
            let (bits, length) = classes.scalar(at: position, in: bytes)
            if bits & ScalarClass.mask != kind { break }
            position += length
        }
        return position
    }

    private func spaceEnd(of start: Int, in bytes: Span<UInt8>, limit end: Int) -> Int {
        var position = start
        var last = start
        while position < end {
            let (bits, length) = classes.scalar(at: position, in: bytes)
            if bits & ScalarClass.mask != ScalarClass.space { break }
            last = position
            position += length
        }
        return position == end || last == start ? position : last
    }

    fileprivate func contraction(at start: Int, in bytes: Span<UInt8>, limit end: Int) -> Int {
        guard start + 1 < end else { return 0 }
        let second = bytes[start + 1]
        switch second {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < end else { return 0 }
            let third = second == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")
            return bytes[start + 2] == third ? 3 : 0
        default: return 0
        }
    }
}

extension WordSplitter {
    /// The regular expression of text towers (CLIP), whose matches are the words.
    static let bareWordPattern =
        #"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

    /// Digits that are numbers for `Digits` of Hugging Face `tokenizers`, but too new for its regular
    /// expressions and so for the class table.
    private static let newDigits: [ClosedRange<UInt32>] = [0x11DE0...0x11DE9, 0x16FF4...0x16FF6]

    /// The next match of ``bareWordPattern``; empty when there is none.
    func nextWord(
        from start: Int, in bytes: Span<UInt8>, limit end: Int
    ) -> (start: Int, end: Int) {
        var position = start
        while position < end {
            let (bits, length) = classes.scalar(at: position, in: bytes)
            let kind = bits & ScalarClass.mask
            if kind == ScalarClass.space {
                position += length
                continue
            }
            if kind == ScalarClass.number { return (position, position + length) }
            if bytes[position] == 0x27 {
                let length = contraction(at: position, in: bytes, limit: end)
                if length > 0 { return (position, position + length) }
            }
            return (position, runEnd(position + length, kind, in: bytes, limit: end))
        }
        return (end, end)
    }

    private func runEnd(
        _ start: Int, _ kind: UInt8, in bytes: Span<UInt8>, limit end: Int
    ) -> Int {
        var position = start
        while position < end {
            let (bits, length) = classes.scalar(at: position, in: bytes)
            if bits & ScalarClass.mask != kind { break }
            position += length
        }
        return position
    }

    /// The end of the digit, of the number or of what is no number at `start`.
    func digitsEnd(
        _ start: Int, in bytes: Span<UInt8>, limit end: Int, _ individual: Bool
    ) -> Int {
        let isNumber = isDigit(start, in: bytes)
        var position = start
        repeat {
            position += classes.scalar(at: position, in: bytes).length
            if isNumber, individual { break }
        } while position < end && isDigit(position, in: bytes) == isNumber
        return position
    }

    private func isDigit(_ position: Int, in bytes: Span<UInt8>) -> Bool {
        if classes.scalar(at: position, in: bytes).bits & ScalarClass.mask == ScalarClass.number {
            return true
        }
        if bytes[position] < 0xF0 { return false }
        let scalar = UTF8Text.scalar(at: position, in: bytes).value
        return Self.newDigits.contains { $0.contains(scalar) }
    }
}
