/// Everything needed to turn text into ids; immutable, with the working memory passed in.
struct TextEncoder: Sendable {
    /// Memory that is kept from call to call: the word cache and scratch arrays.
    struct State: Sendable {
        var cache = WordCache()
        var scratch = BytePairModel.Scratch()
        var pieces: [AddedTokenMatcher.Piece] = []
        var innerPieces: [AddedTokenMatcher.Piece] = []

        /// Gives back what an unusually long text or word needed.
        mutating func trim() {
            let limit = 1 << 16
            if scratch.capacity > limit { scratch = BytePairModel.Scratch() }
            if pieces.capacity > limit { pieces = [] }
            if innerPieces.capacity > limit { innerPieces = [] }
        }
    }

    /// Where a run of ids comes from: the ids from `firstID` on start at byte `start`, or cover
    /// `start..<end`.
    struct Mark {
        var firstID: Int
        var start: Int
        var end: Int
        var floor: Int
    }

    /// The ids, and on request the marks from which offsets are computed.
    struct Output {
        var ids: [Int] = []
        var marks: [Mark] = []
        let wantsMarks: Bool
    }

    let model: BytePairModel
    let splitter: WordSplitter
    let splitsWords: Bool
    let addsPrefixSpace: Bool
    /// The model's own tokens, if a word that is one of them is not merged (`ignore_merges`).
    let wholeWords: Vocabulary?
    /// First pass: tokens found in the text as it is.
    let rawTokens: AddedTokenMatcher
    /// Second pass: tokens found in what the first pass left.
    let normalizedTokens: AddedTokenMatcher

    func encode(_ bytes: [UInt8], _ state: inout State, _ output: inout Output) {
        if bytes.isEmpty { return }
        let span = bytes.span
        if rawTokens.isEmpty {
            encodeNormalized(span, 0, span.count, &state, &output)
            return
        }
        state.pieces.removeAll(keepingCapacity: true)
        rawTokens.split(span, from: 0, to: span.count, into: &state.pieces)
        for index in state.pieces.indices {
            let piece = state.pieces[index]
            if let token = piece.token {
                append(token, piece, &output)
            } else {
                encodeNormalized(span, piece.start, piece.end, &state, &output)
            }
        }
    }

    private func encodeNormalized(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State, _ output: inout Output
    ) {
        if normalizedTokens.isEmpty {
            encodeText(bytes, start, end, &state, &output)
            return
        }
        state.innerPieces.removeAll(keepingCapacity: true)
        normalizedTokens.split(bytes, from: start, to: end, into: &state.innerPieces)
        for index in state.innerPieces.indices {
            let piece = state.innerPieces[index]
            if let token = piece.token {
                append(token, piece, &output)
            } else {
                encodeText(bytes, piece.start, piece.end, &state, &output)
            }
        }
    }

    private func append(_ token: Int, _ piece: AddedTokenMatcher.Piece, _ output: inout Output) {
        if output.wantsMarks {
            output.marks.append(
                Mark(firstID: output.ids.count, start: piece.start, end: piece.end, floor: 0))
        }
        output.ids.append(token)
    }

    private func encodeText(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State, _ output: inout Output
    ) {
        guard addsPrefixSpace, bytes[start] != 0x20 else {
            encodeWords(bytes, start, end, 0, 0, &state, &output)
            return
        }
        var prefixed: [UInt8] = [0x20]
        prefixed.reserveCapacity(end - start + 1)
        for position in start..<end { prefixed.append(bytes[position]) }
        encodeWords(prefixed.span, 0, prefixed.count, start - 1, start, &state, &output)
    }

    private func encodeWords(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ base: Int, _ floor: Int,
        _ state: inout State, _ output: inout Output
    ) {
        var position = start
        while position < end {
            let stop = splitsWords ? splitter.end(of: position, in: bytes, limit: end) : end
            if output.wantsMarks {
                markWord(bytes, position, stop, base, floor, &state, &output)
            } else {
                appendWord(bytes, position, stop, &state, &output)
            }
            position = stop
        }
    }

    private func markWord(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ base: Int, _ floor: Int,
        _ state: inout State, _ output: inout Output
    ) {
        if model.isRegular {
            output.marks.append(
                Mark(firstID: output.ids.count, start: start + base, end: -1, floor: floor))
            appendWord(bytes, start, end, &state, &output)
            return
        }
        merge(bytes, start, end, &state)
        var position = start + base
        for index in state.scratch.ids.indices {
            let stop = position + Int(state.scratch.lengths[index])
            output.marks.append(
                Mark(firstID: output.ids.count, start: position, end: stop, floor: floor))
            output.ids.append(Int(state.scratch.ids[index]))
            position = stop
        }
    }

    @inline(__always)
    private func appendWord(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State, _ output: inout Output
    ) {
        if end - start <= WordCache.longestWord {
            let key = WordCache.key(bytes, start, end)
            if let found = state.cache.find(key, bytes, start) {
                for index in found.start..<found.start + found.count {
                    output.ids.append(Int(state.cache.values[index]))
                }
                return
            }
            merge(bytes, start, end, &state)
            state.cache.insert(key, bytes, start, end, ids: state.scratch.ids)
        } else {
            merge(bytes, start, end, &state)
        }
        for id in state.scratch.ids { output.ids.append(Int(id)) }
    }

    private func merge(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ state: inout State) {
        if let wholeWords {
            var word = ""
            for position in start..<end {
                word.unicodeScalars.append(ByteAlphabet.scalars[Int(bytes[position])])
            }
            if let id = wholeWords.id(of: word) {
                state.scratch.ids = [UInt32(id)]
                state.scratch.lengths = [Int32(clamping: end - start)]
                return
            }
        }
        model.merge(bytes, start, end, &state.scratch)
    }
}
