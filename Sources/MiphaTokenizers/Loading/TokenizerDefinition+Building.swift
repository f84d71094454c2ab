extension TokenizerDefinition {
    /// The vocabulary with the added tokens in it.
    func fullVocabulary(file: String) throws(TokenizerError) -> Vocabulary {
        var full = vocabulary
        let limit = Vocabulary.idLimit(tokens: vocabulary.count + addedTokens.count)
        for token in addedTokens {
            if let id = vocabulary.id(of: token.content) {
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

    /// The merge table and the starts of the 256 bytes.
    func model() throws(TokenizerError) -> BytePairModel {
        var ranks = PairTable(capacity: merges.count)
        var merged: [UInt32] = []
        merged.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() {
            guard let left = vocabulary.id(of: merge.left) else {
                throw unknown(merge.left, in: merge, rank)
            }
            guard let right = vocabulary.id(of: merge.right) else {
                throw unknown(merge.right, in: merge, rank)
            }
            guard let result = vocabulary.id(of: merge.left, merge.right) else {
                throw unknown(merge.left + merge.right, in: merge, rank)
            }
            ranks.set(PairTable.key(UInt32(left), UInt32(right)), UInt32(rank))
            merged.append(UInt32(result))
        }
        return BytePairModel(
            ranks: ranks, merged: merged, starts: try starts(), fusesUnknown: fusesUnknown)
    }

    private func unknown(_ token: String, in merge: TokenizerMerge, _ rank: Int) -> TokenizerError {
        TokenizerError(
            .value,
            "\(mergesPlace): merge \(rank) (\"\(merge.left) \(merge.right)\"): token \"\(token)\" "
                + "is not in the vocabulary")
    }

    /// What each byte becomes: its own token, else its byte-fallback tokens, else the unknown
    /// token, else nothing.
    private func starts() throws(TokenizerError) -> [BytePairModel.Start] {
        var unknownID: UInt32?
        if let unknownToken {
            guard let id = vocabulary.id(of: unknownToken) else {
                throw TokenizerError(
                    .value, "\(vocabularyPlace): the unknown token \"\(unknownToken)\" is missing")
            }
            unknownID = UInt32(id)
        }
        return ByteAlphabet.scalars.map { scalar in
            if let id = vocabulary.id(of: String(scalar)) {
                return BytePairModel.Start(ids: [UInt32(id)])
            }
            if byteFallback {
                let ids = String(scalar).utf8.compactMap { byte in
                    vocabulary.id(of: Self.fallbackToken(byte)).map { UInt32($0) }
                }
                if ids.count == String(scalar).utf8.count { return BytePairModel.Start(ids: ids) }
            }
            guard let unknownID else { return BytePairModel.Start(ids: []) }
            return BytePairModel.Start(ids: [unknownID], isUnknown: true)
        }
    }

    private static func fallbackToken(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }
}
