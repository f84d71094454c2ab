extension TokenizerBuilder {
    /// What words are before merging.
    func startSymbols() throws(TokenizerError) -> StartSymbols {
        let unknown = try unknownID()
        guard definition.isByteLevel else {
            return .scalars(
                ScalarSymbols(
                    table: scalarTable(suffix: ""),
                    lastTable: definition.wordSuffix.isEmpty
                        ? nil : scalarTable(suffix: definition.wordSuffix),
                    byteIDs: definition.byteFallback ? fallbackIDs() : nil, unknownID: unknown,
                    fusesUnknown: definition.fusesUnknown))
        }
        return .bytes(
            ByteSymbols(
                starts: starts(unknown, suffix: ""),
                lastStarts: definition.wordSuffix.isEmpty
                    ? nil : starts(unknown, suffix: definition.wordSuffix),
                fusesUnknown: definition.fusesUnknown))
    }

    private func scalarTable(suffix: String) -> ScalarSymbols.Table {
        var table = ScalarSymbols.Table()
        let ending = Array(suffix.utf8)
        for (id, content) in definition.vocabulary.contents.enumerated() {
            guard let content, !definition.reserved.contains(id) else { continue }
            let bytes = Array(content.utf8)
            guard bytes.count > ending.count, bytes.suffix(ending.count).elementsEqual(ending)
            else { continue }
            let (scalar, length) = UTF8Text.scalar(at: 0, in: bytes.span)
            if length == bytes.count - ending.count { table.set(scalar, UInt32(id)) }
        }
        return table
    }

    /// What each byte becomes: its own token, else its byte-fallback tokens, else the unknown
    /// token, else nothing.
    private func starts(_ unknown: UInt32?, suffix: String) -> [ByteSymbols.Start] {
        ByteAlphabet.scalars.map { scalar in
            let text = String(scalar) + suffix
            if let id = definition.vocabulary.id(of: text) {
                return ByteSymbols.Start(ids: [UInt32(id)])
            }
            if definition.byteFallback {
                let ids = text.utf8.compactMap { byte in
                    definition.vocabulary.id(of: Self.fallbackToken(byte)).map { UInt32($0) }
                }
                if ids.count == text.utf8.count { return ByteSymbols.Start(ids: ids) }
            }
            guard let unknown else { return ByteSymbols.Start(ids: []) }
            return ByteSymbols.Start(ids: [unknown], isUnknown: true)
        }
    }

    /// The token of every byte, `PairTable.missing` where there is none.
    func fallbackIDs() -> [UInt32] {
        (UInt8.min...UInt8.max).map { byte in
            definition.vocabulary.id(of: Self.fallbackToken(byte)).map { UInt32($0) }
                ?? PairTable.missing
        }
    }

    /// How a token stands for a byte.
    static func fallbackToken(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }

    /// How many bytes of a text each token stands for.
    func lengths(of vocabulary: Vocabulary) -> TokenLengths {
        let bytes =
            definition.byteFallback && !definition.isByteLevel
            ? Set(fallbackIDs().map { Int($0) }) : []
        let ending = Array(definition.wordSuffix.utf8)
        var buffer: [UInt8] = []
        return TokenLengths(
            vocabulary.contents.enumerated().map { id, content in
                guard let content else { return 0 }
                if bytes.contains(id) { return 1 }
                buffer.removeAll(keepingCapacity: true)
                if definition.isByteLevel {
                    ByteAlphabet.appendBytes(of: content, to: &buffer)
                } else {
                    buffer.append(contentsOf: content.utf8)
                }
                let isEnd =
                    !ending.isEmpty && buffer.count > ending.count
                    && buffer.suffix(ending.count).elementsEqual(ending)
                return UInt32(buffer.count - (isEnd ? ending.count : 0))
            })
    }

    /// Whether no merge reaches from another character to a mark of a blank, so that each run of
    /// marks begins a word of its own.
    func cutsAtMarks() -> Bool {
        guard !definition.isByteLevel, !definition.ignoresMerges, definition.wordSuffix.isEmpty,
            definition.blankMarks == nil, definition.rules.isEmpty,
            definition.vocabulary.id(of: "\u{2581}") != nil
        else { return false }
        switch definition.kind {
        case .unigram: return false
        case .merges(let merges):
            return merges.allSatisfy { merge in
                !merge.right.utf8.starts(with: SentencePieceNormalizer.mark)
                    || merge.left.utf8.suffix(3).elementsEqual(SentencePieceNormalizer.mark)
            }
        case .scoredMerges:
            return definition.vocabulary.contents.allSatisfy { content in
                guard let content else { return true }
                var afterOther = false
                for scalar in content.unicodeScalars {
                    if scalar == "\u{2581}", afterOther { return false }
                    if scalar != "\u{2581}" { afterOther = true }
                }
                return true
            }
        }
    }
}
