import MiphaTokenizers

/// Turns rendered conversations into tokens.
struct ConversationTokenizer {
    let tokenizer: any TextTokenizer
    /// How special tokens inside content are made.
    let contentSpecialTokens: EncodingOptions.ContentSpecialTokens

    /// The tokens of a rendered conversation, image markers included, with bytes of its text.
    func tokens(of rendered: RenderedConversation) throws(ChatError) -> [Token] {
        var tokens = tokenizer.beginning.map { Token(id: $0, bytes: 0..<0) }
        var start = 0
        for marker in rendered.markers + [rendered.bytes.count] {
            tokens += try chunk(start..<marker, of: rendered)
            guard marker < rendered.bytes.count else { break }
            start = marker + ImageMarker.utf8.count
            tokens.append(Token(id: ImageMarker.id, bytes: marker..<start))
        }
        return tokens
    }

    /// The tokens of one chunk of text, tokenised on its own.
    ///
    /// Special tokens that lie wholly inside content are cut after their first character and the
    /// parts are tokenised again when content must not hold special tokens.
    private func chunk(
        _ range: Range<Int>, of rendered: RenderedConversation
    ) throws(ChatError) -> [Token] {
        var tokens: [Token] = []
        var pending = [range]
        while let piece = pending.popLast() {
            let bytes = rendered.bytes[piece]
            let text = UTF8Text.string(bytes)
            let found =
                piece.lowerBound == range.lowerBound
                ? tokenizer.encodeWithOffsets(text) : tokenizer.encodeContinuation(text)
            let cuts = try specialTokenCuts(in: found, at: piece.lowerBound, of: rendered)
            if !cuts.isEmpty {
                let bounds = [piece.lowerBound] + cuts + [piece.upperBound]
                pending += zip(bounds, bounds.dropFirst()).map { $0..<$1 }.reversed()
                continue
            }
            for token in found {
                let lower = token.bytes.lowerBound + piece.lowerBound
                let upper = token.bytes.upperBound + piece.lowerBound
                tokens.append(Token(id: token.id, bytes: lower..<upper))
            }
        }
        return tokens
    }

    /// Where to cut so that the special tokens inside content come apart.
    private func specialTokenCuts(
        in tokens: [Token], at base: Int, of rendered: RenderedConversation
    ) throws(ChatError) -> [Int] {
        guard contentSpecialTokens == .spelled else { return [] }
        var cuts: [Int] = []
        for token in tokens where !token.bytes.isEmpty && tokenizer.isSpecial(token.id) {
            let lower = token.bytes.lowerBound + base
            let upper = token.bytes.upperBound + base
            let isContent = rendered.content.contains {
                $0.lowerBound <= lower && upper <= $0.upperBound
            }
            guard isContent else { continue }
            var cut = lower + 1
            while cut < upper, rendered.bytes[cut] & 0xC0 == 0x80 { cut += 1 }
            guard cut < upper else {
                throw ChatError(
                    .unsuitableTemplate,
                    "the text holds the special token of id \(token.id), a single character that "
                        + "cannot be written as ordinary tokens")
            }
            cuts.append(cut)
        }
        return cuts
    }
}
