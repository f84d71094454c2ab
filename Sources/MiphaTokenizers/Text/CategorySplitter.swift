/// The pre-tokenizer of cl100k, Qwen and StableLM-2 as a hand-written scanner over UTF-8.
///
/// Splits exactly as the regular expression ``pattern(digits:)`` does in Hugging Face `tokenizers`:
/// the first alternative that matches wins, and every byte belongs to exactly one word.
struct CategorySplitter: Sendable {
    let classes: ScalarClassTable
    /// How many digits stay together.
    let longestNumber: Int

    /// The regular expression this scanner stands for.
    static func pattern(digits: Int) -> String {
        let number = digits == 1 ? #"\p{N}"# : #"\p{N}{1,\#(digits)}"#
        return #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The end of the word that starts at `start`, where `start < end`.
    func end(of start: Int, in bytes: Span<UInt8>, limit end: Int) -> Int {
        let first = bytes[start]
        if first == 0x27 {
            let length = contraction(at: start, in: bytes, limit: end)
            if length > 0 { return start + length }
        }
        let (bits, length) = classes.scalar(at: start, in: bytes)
        let kind = bits & ScalarClass.mask
        if kind == ScalarClass.letter { return letters(from: start + length, bytes, end) }
        if kind == ScalarClass.number {
            var position = start + length
            var count = 1
            while position < end, count < longestNumber {
                let (bits, length) = classes.scalar(at: position, in: bytes)
                guard bits & ScalarClass.mask == ScalarClass.number else { break }
                position += length
                count += 1
            }
            return position
        }
        var second = ScalarClass.space
        if start + length < end {
            second = classes.scalar(at: start + length, in: bytes).bits & ScalarClass.mask
        }
        if first != 0x0D, first != 0x0A, second == ScalarClass.letter {
            return letters(from: start + length, bytes, end)
        }
        if kind == ScalarClass.other { return signs(from: start, bytes, end) }
        if first == 0x20, start + 1 < end, second == ScalarClass.other {
            return signs(from: start + 1, bytes, end)
        }
        return spaces(from: start, bytes, end)
    }

    private func letters(from start: Int, _ bytes: Span<UInt8>, _ end: Int) -> Int {
        run(of: ScalarClass.letter, from: start, bytes, end)
    }

    private func run(of kind: UInt8, from start: Int, _ bytes: Span<UInt8>, _ end: Int) -> Int {
        var position = start
        while position < end {
            let (bits, length) = classes.scalar(at: position, in: bytes)
            if bits & ScalarClass.mask != kind { break }
            position += length
        }
        return position
    }

    private func signs(from start: Int, _ bytes: Span<UInt8>, _ end: Int) -> Int {
        var position = run(of: ScalarClass.other, from: start, bytes, end)
        while position < end, bytes[position] == 0x0D || bytes[position] == 0x0A { position += 1 }
        return position
    }

    private func spaces(from start: Int, _ bytes: Span<UInt8>, _ end: Int) -> Int {
        var position = start
        var last = start
        var lineEnd = start
        while position < end {
            let (bits, length) = classes.scalar(at: position, in: bytes)
            if bits & ScalarClass.mask != ScalarClass.space { break }
            last = position
            if bytes[position] == 0x0D || bytes[position] == 0x0A { lineEnd = position + 1 }
            position += length
        }
        if lineEnd > start { return lineEnd }
        return position == end || last == start ? position : last
    }

    private func contraction(at start: Int, in bytes: Span<UInt8>, limit end: Int) -> Int {
        guard start + 1 < end else { return 0 }
        let second = bytes[start + 1] | 0x20
        switch second {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return bytes[start + 1] < 0x80 ? 2 : 0
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < end else { return 0 }
            let third = second == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")
            return bytes[start + 2] | 0x20 == third ? 3 : 0
        // U+017F, the long s, is an s without case.
        case 0xE5 where bytes[start + 1] == 0xC5:
            return start + 2 < end && bytes[start + 2] == 0xBF ? 3 : 0
        default: return 0
        }
    }
}
