/// Finds added tokens in text, leftmost first and the longest of those that start together.
///
/// The same matches, in the same order, as Hugging Face `tokenizers`
/// (tokenizer/added_vocabulary.rs, `find_matches`): one matcher for one pass; a match that its
/// `singleWord` rule rejects is skipped whole.
struct AddedTokenMatcher: Sendable {
    /// A piece of text: an added token, or text between them.
    struct Piece: Equatable {
        var token: Int?
        var start: Int
        var end: Int
    }

    private let tokens: [AddedToken]
    private let classes: ScalarClassTable
    private var edges: PairTable
    private var terminals: [Int32] = [-1]
    private var root = [UInt32](repeating: 0, count: 256)
    private var pairs = [UInt64](repeating: 0, count: 1024)

    init(_ tokens: [AddedToken], classes: ScalarClassTable) {
        self.tokens = tokens
        self.classes = classes
        edges = PairTable(capacity: tokens.reduce(0) { $0 + $1.content.utf8.count })
        for (index, token) in tokens.enumerated() { insert(Array(token.content.utf8), index) }
    }

    var isEmpty: Bool { tokens.isEmpty }

    private mutating func insert(_ pattern: [UInt8], _ index: Int) {
        var node: UInt32 = 0
        for (depth, byte) in pattern.enumerated() {
            let key = PairTable.key(node, UInt32(byte))
            var next = depth == 0 ? root[Int(byte)] : edges[key]
            if next == 0 || next == PairTable.missing {
                next = UInt32(terminals.count)
                terminals.append(-1)
                if depth == 0 { root[Int(byte)] = next } else { edges.set(key, next) }
            }
            node = next
        }
        if pattern.count > 1 {
            let pair = Int(pattern[0]) << 8 | Int(pattern[1])
            pairs[pair >> 6] |= 1 << UInt64(pair & 63)
        }
        if terminals[Int(node)] < 0 { terminals[Int(node)] = Int32(index) }
    }

    /// The next match in `from..<end` as token index and range, or nil.
    private func next(
        from: Int, in bytes: Span<UInt8>, limit end: Int
    ) -> (index: Int, start: Int, end: Int)? {
        var start = from
        while start < end {
            let first = root[Int(bytes[start])]
            if first == 0 {
                start += 1
                continue
            }
            var found = Int(terminals[Int(first)])
            var stop = start + 1
            if start + 1 < end {
                let pair = Int(bytes[start]) << 8 | Int(bytes[start + 1])
                if pairs[pair >> 6] >> UInt64(pair & 63) & 1 != 0 {
                    var node = first
                    var position = start + 1
                    while position < end {
                        node = edges[PairTable.key(node, UInt32(bytes[position]))]
                        if node == PairTable.missing { break }
                        position += 1
                        if terminals[Int(node)] >= 0 {
                            found = Int(terminals[Int(node)])
                            stop = position
                        }
                    }
                }
            }
            if found >= 0 { return (found, start, stop) }
            start += 1
        }
        return nil
    }

    /// The length of the longest token that the text holds at `position`, or nil.
    func longestMatch(_ bytes: Span<UInt8>, at position: Int) -> Int? {
        var node = root[Int(bytes[position])]
        guard node != 0 else { return nil }
        var stop = position + 1
        var length = terminals[Int(node)] >= 0 ? 1 : nil
        while stop < bytes.count {
            node = edges[PairTable.key(node, UInt32(bytes[stop]))]
            if node == PairTable.missing { break }
            stop += 1
            if terminals[Int(node)] >= 0 { length = stop - position }
        }
        return length
    }

    /// Appends the pieces of `start..<end` to `pieces`.
    func split(_ bytes: Span<UInt8>, from start: Int, to end: Int, into pieces: inout [Piece]) {
        var copied = start
        var position = start
        while let match = next(from: position, in: bytes, limit: end) {
            position = match.end
            let token = tokens[match.index]
            if token.singleWord {
                if match.start > start,
                    classes.scalar(before: match.start, in: bytes).bits & ScalarClass.word != 0
                {
                    continue
                }
                if match.end < end,
                    classes.scalar(at: match.end, in: bytes).bits & ScalarClass.word != 0
                {
                    continue
                }
            }
            var left = match.start
            var right = match.end
            if token.stripsLeft {
                while left > copied {
                    let before = classes.scalar(before: left, in: bytes)
                    if before.bits & ScalarClass.mask != ScalarClass.space { break }
                    left = before.start
                }
                left = max(left, copied)
            }
            if token.stripsRight {
                while right < end {
                    let after = classes.scalar(at: right, in: bytes)
                    if after.bits & ScalarClass.mask != ScalarClass.space { break }
                    right += after.length
                }
            }
            right = max(right, left)
            if copied < left { pieces.append(Piece(token: nil, start: copied, end: left)) }
            pieces.append(Piece(token: token.id, start: left, end: right))
            copied = right
        }
        if copied != end { pieces.append(Piece(token: nil, start: copied, end: end)) }
    }
}
