/// Makes what encodes texts from what tokenizer files say.
struct TokenizerBuilder {
    let definition: TokenizerDefinition

    /// The vocabulary with the added tokens in it.
    func fullVocabulary(file: String) throws(TokenizerError) -> Vocabulary {
        var full = definition.vocabulary
        let limit = Vocabulary.idLimit(
            tokens: definition.vocabulary.count + definition.addedTokens.count)
        for token in definition.addedTokens {
            if let id = definition.vocabulary.id(of: token.content) {
                guard id == token.id else {
                    throw TokenizerError(
                        .value,
                        "\(file): added token \"\(token.content)\": id \(token.id), but the "
                            + "model's vocabulary gives it \(id)")
                }
            } else if let problem = full.add(token.content, id: token.id, limit: limit) {
                throw TokenizerError(
                    .value, "\(file): added token \"\(token.content)\": \(problem)")
            }
        }
        return full
    }

    /// What turns words into tokens.
    func model() throws(TokenizerError) -> TokenModel {
        let symbols = try startSymbols()
        switch definition.kind {
        case .merges(let merges): return .pairs(try pairs(merges, symbols))
        case .scoredMerges(let scores): return .pairs(scoredPairs(scores, symbols))
        case .unigram(let scores, let skipped, let rounds):
            return .unigram(try unigram(scores, skipped, rounds: rounds))
        }
    }

    private func pairs(
        _ merges: [TokenizerMerge], _ symbols: StartSymbols
    ) throws(TokenizerError) -> BytePairModel {
        var ranks = PairTable(capacity: merges.count)
        var merged: [UInt32] = []
        merged.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() {
            guard let left = definition.vocabulary.id(of: merge.left) else {
                throw unknown(merge.left, in: merge, rank)
            }
            guard let right = definition.vocabulary.id(of: merge.right) else {
                throw unknown(merge.right, in: merge, rank)
            }
            guard let result = definition.vocabulary.id(of: merge.left, merge.right) else {
                throw unknown(merge.left + merge.right, in: merge, rank)
            }
            ranks.set(PairTable.key(UInt32(left), UInt32(right)), UInt32(rank))
            merged.append(UInt32(result))
        }
        return BytePairModel(ranks: ranks, merged: merged, results: nil, symbols: symbols)
    }

    private func unknown(_ token: String, in merge: TokenizerMerge, _ rank: Int) -> TokenizerError {
        TokenizerError(
            .value,
            "\(definition.mergesPlace): merge \(rank) (\"\(merge.left) \(merge.right)\"): token \"\(token)\" "
                + "is not in the vocabulary")
    }

    private func unigram(
        _ scores: [Double], _ skipped: Set<Int>, rounds: Bool
    ) throws(TokenizerError) -> UnigramModel {
        guard let unknown = try unknownID() else {
            throw TokenizerError(
                .value, "\(definition.vocabularyPlace): expected an unknown token, found none")
        }
        var pieces: [(content: String, id: UInt32)] = []
        var lowest = Double.infinity
        for (id, content) in definition.vocabulary.contents.enumerated() where id < scores.count {
            guard let content, !content.isEmpty, !skipped.contains(id) else { continue }
            pieces.append((content, UInt32(id)))
            if !rounds || !definition.userDefined.contains(id) { lowest = min(lowest, scores[id]) }
        }
        return UnigramModel(
            trie: PieceTrie(pieces: pieces), scores: scores, lowest: lowest.isFinite ? lowest : 0,
            unknownID: unknown, byteIDs: definition.byteFallback ? fallbackIDs() : nil,
            rounds: rounds)
    }

    /// The unknown token's id, or nil without one.
    func unknownID() throws(TokenizerError) -> UInt32? {
        guard let token = definition.unknownToken else { return nil }
        guard let id = definition.vocabulary.id(of: token) else {
            throw TokenizerError(
                .value, "\(definition.vocabularyPlace): the unknown token \"\(token)\" is missing")
        }
        return UInt32(id)
    }

    /// What turns texts into ids.
    func encoder(_ full: Vocabulary) throws(TokenizerError) -> TextEncoder {
        let classes = ScalarClassTable.shared
        let second = definition.addedTokens.filter(\.normalized).map { token in
            guard definition.normalizesTokens, !definition.normalizer.isEmpty else { return token }
            var text = AlignedText(Array(token.content.utf8), base: 0, tracks: false)
            for step in definition.normalizer { step.apply(to: &text) }
            var token = token
            token.content = String(decoding: text.bytes, as: UTF8.self)
            return token
        }
        return TextEncoder(
            model: try model(), normalizer: definition.normalizer,
            splitter: WordSplitter(classes: classes),
            rules: cutsAtMarks() ? [.atMarkRuns] : definition.rules,
            blankMarks: definition.blankMarks,
            addsPrefixSpace: definition.addsPrefixSpace,
            wholeWords: definition.ignoresMerges
                ? WholeWords(vocabulary: definition.vocabulary, isByteLevel: definition.isByteLevel)
                : nil,
            lengths: lengths(of: full),
            rawTokens: AddedTokenMatcher(
                definition.addedTokens.filter { !$0.normalized }, classes: classes),
            normalizedTokens: AddedTokenMatcher(
                second.filter { !$0.content.isEmpty }, classes: classes))
    }
}
