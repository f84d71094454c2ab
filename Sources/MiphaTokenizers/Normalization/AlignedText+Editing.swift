extension AlignedText {
    /// Puts a text in front; it belongs to the first scalar, as with Hugging Face `tokenizers`.
    mutating func prepend(_ content: [UInt8]) {
        if bytes.isEmpty { return }
        var rewriter = TextRewriter(self)
        rewriter.append(content, from: 0)
        let first = UTF8Text.scalar(at: 0, in: bytes.span).length
        rewriter.append(Array(bytes[0..<first]), from: 0)
        rewriter.copy(first, bytes.count)
        self = rewriter.text()
    }

    /// Replaces every occurrence of a text, from the left; the new text belongs to the last scalar
    /// of the old one.
    mutating func replace(_ pattern: [UInt8], with content: [UInt8]) {
        guard let first = pattern.first else { return }
        let bytes = bytes
        var rewriter = TextRewriter(self)
        var copied = 0
        var position = 0
        while position + pattern.count <= bytes.count {
            guard bytes[position] == first, Self.matches(bytes, position, pattern) else {
                position += 1
                continue
            }
            rewriter.copy(copied, position)
            position += pattern.count
            copied = position
            rewriter.append(content, from: position - 1)
        }
        if copied == 0 { return }
        rewriter.copy(copied, bytes.count)
        self = rewriter.text()
    }

    /// Takes a text away from the end as often as it stands there.
    mutating func removeTrailing(_ content: [UInt8]) {
        var end = bytes.count
        while end >= content.count, Self.matches(bytes, end - content.count, content) {
            end -= content.count
        }
        if end < bytes.count { self = part(0..<end) }
    }

    private static func matches(_ bytes: [UInt8], _ start: Int, _ pattern: [UInt8]) -> Bool {
        for offset in pattern.indices where bytes[start + offset] != pattern[offset] {
            return false
        }
        return true
    }
}
