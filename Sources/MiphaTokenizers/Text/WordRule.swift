/// One way to cut a text into words; the words of one rule are cut further by the next.
enum WordRule: Sendable, Equatable {
    /// GPT-2's regular expression, ``WordSplitter``.
    case words
    /// The regular expression of cl100k and Qwen, ``CategorySplitter``.
    case categories(digits: Int)
    /// The regular expression of text towers; white space goes.
    case signsAndWords
    /// `Digits`: numbers apart, each digit for itself or not.
    case digits(individual: Bool)
    /// `Split` by a blank, which stays at the end of what is before it.
    case afterBlanks
    /// A word begins at each mark of a blank (`Metaspace` with `split`).
    case atMarks
    /// A word begins at each run of marks of blanks: where no merge reaches across.
    case atMarkRuns

    /// The next word from `start` on; empty when there is none.
    @inline(__always)
    func word(
        from start: Int, in bytes: Span<UInt8>, limit end: Int, _ splitter: WordSplitter
    ) -> (start: Int, end: Int) {
        switch self {
        case .words: return (start, splitter.end(of: start, in: bytes, limit: end))
        case .categories(let digits):
            let splitter = CategorySplitter(classes: splitter.classes, longestNumber: digits)
            return (start, splitter.end(of: start, in: bytes, limit: end))
        case .signsAndWords: return splitter.nextWord(from: start, in: bytes, limit: end)
        case .digits(let individual):
            return (start, splitter.digitsEnd(start, in: bytes, limit: end, individual))
        case .afterBlanks:
            var position = start
            while position < end, bytes[position] != 0x20 { position += 1 }
            return (start, min(end, position + 1))
        case .atMarks: return (start, Self.markStart(after: start, bytes, end, joinsRuns: false))
        case .atMarkRuns: return (start, Self.markStart(after: start, bytes, end, joinsRuns: true))
        }
    }

    /// The place of the next mark that begins a word after `start`, or `end`.
    private static func markStart(
        after start: Int, _ bytes: Span<UInt8>, _ end: Int, joinsRuns: Bool
    ) -> Int {
        var position = start
        var afterMark = false
        while position < end {
            if bytes[position] == 0xE2, position + 2 < end, bytes[position + 1] == 0x96,
                bytes[position + 2] == 0x81
            {
                if position > start, !(afterMark && joinsRuns) { return position }
                afterMark = true
                position += 3
            } else {
                afterMark = false
                position += 1
            }
        }
        return end
    }
}
