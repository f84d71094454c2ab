/// Everything needed to turn text into ids; immutable, with the working memory passed in.
struct TextEncoder: Sendable {
    /// Memory that is kept from call to call: the word cache and scratch arrays.
    struct State: Sendable {
        var cache = WordCache()
        var scratch = TokenScratch()
        var pieces: [AddedTokenMatcher.Piece] = []
        var innerPieces: [AddedTokenMatcher.Piece] = []

        /// Gives back what an unusually long text or word needed.
        mutating func trim() {
            let limit = 1 << 16
            if scratch.capacity > limit { scratch = TokenScratch() }
            if pieces.capacity > limit { pieces = [] }
            if innerPieces.capacity > limit { innerPieces = [] }
        }
    }

    let model: TokenModel
    /// What a text goes through before it is cut into words.
    let normalizer: [NormalizerStep]
    let splitter: WordSplitter
    /// How words are cut; none for a text that is one word.
    let rules: [WordRule]
    let blankMarks: BlankMarks?
    let addsPrefixSpace: Bool
    /// The model's own tokens, if a word that is one of them is not merged (`ignore_merges`).
    let wholeWords: WholeWords?
    /// How many bytes of a text each token stands for.
    let lengths: TokenLengths
    /// First pass: tokens found in the text as it is.
    let rawTokens: AddedTokenMatcher
    /// Second pass: tokens found in what the first pass left, once it is normalised.
    let normalizedTokens: AddedTokenMatcher

    /// The text goes on after another one: nothing is put in front of its beginning.
    private(set) var continues = false

    /// The same for a text that goes on after another one.
    var continuing: TextEncoder {
        var encoder = self
        encoder.continues = true
        return encoder
    }

    func encode(_ bytes: [UInt8], _ state: inout State, _ output: inout EncodedIDs) {
        if bytes.isEmpty { return }
        let span = bytes.span
        if rawTokens.isEmpty {
            normalize(span, 0, span.count, &state, &output)
            return
        }
        state.pieces.removeAll(keepingCapacity: true)
        rawTokens.split(span, from: 0, to: span.count, into: &state.pieces)
        for index in state.pieces.indices {
            let piece = state.pieces[index]
            if let token = piece.token {
                output.append(token, piece.start, piece.end)
            } else {
                normalize(span, piece.start, piece.end, &state, &output)
            }
        }
    }

    private func normalize(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State,
        _ output: inout EncodedIDs
    ) {
        if normalizer.allSatisfy({ $0.leaves(bytes, start, end) }) {
            encodeNormalized(bytes, start, end, nil, &state, &output)
            return
        }
        var text = AlignedText(
            Self.copy(bytes, start, end), base: start, tracks: output.wantsMarks)
        for step in normalizer {
            (continues && start == 0 ? step.continuing : step)?.apply(to: &text)
        }
        let normalized = text.bytes
        encodeNormalized(normalized.span, 0, normalized.count, text, &state, &output)
    }

    /// Encodes `start..<end` of a normalised text, whose origins are `text`'s; without it the text
    /// is the original one.
    private func encodeNormalized(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ text: AlignedText?, _ state: inout State,
        _ output: inout EncodedIDs
    ) {
        if normalizedTokens.isEmpty {
            encodeText(bytes, start, end, text, &state, &output)
            return
        }
        state.innerPieces.removeAll(keepingCapacity: true)
        normalizedTokens.split(bytes, from: start, to: end, into: &state.innerPieces)
        for index in state.innerPieces.indices {
            let piece = state.innerPieces[index]
            if let token = piece.token {
                let first = output.marks.count
                output.append(token, piece.start, piece.end)
                if let text { output.trace(from: first, through: text, lengths) }
            } else {
                encodeText(bytes, piece.start, piece.end, text, &state, &output)
            }
        }
    }

    private func encodeText(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ text: AlignedText?, _ state: inout State,
        _ output: inout EncodedIDs
    ) {
        if start == end { return }
        let first = output.marks.count
        let isFirst = start == 0 && text?.base ?? 0 == 0
        if var blankMarks {
            if continues, isFirst { blankMarks.prefix = .never }
            var part =
                text?.part(start..<end)
                ?? AlignedText(Self.copy(bytes, start, end), base: start, tracks: output.wantsMarks)
            blankMarks.apply(to: &part, isFirst: isFirst)
            encodeWords(part.bytes.span, 0, part.bytes.count, 0, &state, &output)
            output.trace(from: first, through: part, lengths)
        } else if addsPrefixSpace, bytes[start] != 0x20, !(continues && isFirst) {
            var prefixed: [UInt8] = [0x20]
            prefixed.reserveCapacity(end - start + 1)
            for position in start..<end { prefixed.append(bytes[position]) }
            encodeWords(prefixed.span, 0, prefixed.count, 0, &state, &output)
            output.shift(from: first, by: start - 1, floor: start, lengths)
            if let text { output.trace(from: first, through: text, lengths) }
        } else {
            encodeWords(bytes, start, end, 0, &state, &output)
            if let text { output.trace(from: first, through: text, lengths) }
        }
    }

    /// Cuts by the rule of number `level`, and each word by the rules after it.
    private func encodeWords(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ level: Int, _ state: inout State,
        _ output: inout EncodedIDs
    ) {
        guard level < rules.count else {
            encodeWord(bytes, start, end, &state, &output)
            return
        }
        let rule = rules[level]
        let isLast = level == rules.count - 1
        var position = start
        while position < end {
            let word = rule.word(from: position, in: bytes, limit: end, splitter)
            if word.start == word.end { break }
            if isLast {
                encodeWord(bytes, word.start, word.end, &state, &output)
            } else {
                encodeWords(bytes, word.start, word.end, level + 1, &state, &output)
            }
            position = word.end
        }
    }

    @inline(__always)
    private func encodeWord(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State,
        _ output: inout EncodedIDs
    ) {
        let isShort = end - start <= WordCache.longestWord
        var key = WordCache.Key(low: 0, high: 0)
        if isShort {
            key = WordCache.key(bytes, start, end)
            if let found = state.cache.find(key, bytes, start) {
                output.mark(start)
                for index in found.start..<found.start + found.count {
                    output.ids.append(Int(state.cache.values[index]))
                }
                return
            }
        }
        tokenize(bytes, start, end, &state)
        if state.scratch.isIrregular {
            output.append(state.scratch, at: start)
            return
        }
        if isShort { state.cache.insert(key, bytes, start, end, ids: state.scratch.ids) }
        output.mark(start)
        for id in state.scratch.ids { output.ids.append(Int(id)) }
    }

    private func tokenize(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State) {
        if let id = wholeWords?.id(of: bytes, start, end) {
            state.scratch.clear()
            state.scratch.ids.append(UInt32(id))
            state.scratch.lengths.append(Int32(clamping: end - start))
            return
        }
        model.tokenize(bytes, start, end, &state.scratch)
    }

    private static func copy(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(end - start)
        for position in start..<end { copy.append(bytes[position]) }
        return copy
    }
}
