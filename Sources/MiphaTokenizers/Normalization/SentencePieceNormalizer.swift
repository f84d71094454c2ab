/// The normaliser of a SentencePiece model (sentencepiece, src/normalizer.cc, `Normalize`).
struct SentencePieceNormalizer: Sendable {
    /// The mark that stands for a blank, U+2581.
    static let mark: [UInt8] = [0xE2, 0x96, 0x81]

    /// Replacements of texts, or nil.
    var characters: PrecompiledCharacterMap?
    /// Pieces that are taken as they are.
    var verbatim: AddedTokenMatcher?
    /// A blank goes before every text (`add_dummy_prefix`).
    var addsPrefix = true
    /// Only the text's very beginning gets the blank, not what follows a special token: `legacy`
    /// false of `tokenizer_config.json`.
    var prefixesOnlyStart = false
    /// Blanks at both ends go, and of several in a row all but the first.
    var removesExtraSpaces = true

    func apply(to text: inout AlignedText) {
        let bytes = text.bytes
        let end = bytes.count
        var rewriter = TextRewriter(text)
        var position = 0
        if removesExtraSpaces {
            while position < end {
                let (content, length) = next(bytes, position)
                guard content.count == 1, content.first == 0x20 else { break }
                position += length
            }
        }
        guard position < end else {
            text = rewriter.text()
            return
        }
        if addsPrefix, !prefixesOnlyStart || text.base == 0 {
            // The blank belongs to the text's first scalar, as with `tokenizers`.
            rewriter.append(Self.mark, from: position)
        }
        var afterSpace = removesExtraSpaces
        var origin = AlignedText.Origin(start: 0, end: 0)
        while position < end {
            let (found, length) = next(bytes, position)
            var content = found
            while afterSpace, content.first == 0x20 { content = content.dropFirst() }
            if !content.isEmpty {
                if text.tracks { origin = Self.origin(text, position, position + length) }
                for byte in content {
                    if byte == 0x20 {
                        rewriter.append(Self.mark, origin: origin)
                    } else {
                        rewriter.append(CollectionOfOne(byte), origin: origin)
                    }
                }
                afterSpace = content.last == 0x20
            }
            position += length
            if !removesExtraSpaces { afterSpace = false }
        }
        text = rewriter.text()
        if removesExtraSpaces { text.removeTrailing(Self.mark) }
    }

    private static func origin(
        _ text: AlignedText, _ start: Int, _ end: Int
    ) -> AlignedText.Origin {
        AlignedText.Origin(
            start: text.scalarOrigin(of: start).start, end: text.scalarOrigin(of: end - 1).end)
    }

    /// What the text at `position` becomes, and how many bytes that replaces.
    private func next(_ bytes: [UInt8], _ position: Int) -> (ArraySlice<UInt8>, Int) {
        if let length = verbatim?.longestMatch(bytes.span, at: position) {
            return (bytes[position..<position + length], length)
        }
        if let found = characters?.match(bytes.span, position, bytes.count, .longest) {
            return (characters?.content(found.replacement) ?? [], found.length)
        }
        let length = UTF8Text.scalar(at: position, in: bytes.span).length
        return (bytes[position..<position + length], length)
    }
}
