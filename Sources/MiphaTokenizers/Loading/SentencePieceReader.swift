/// Reads a SentencePiece `tokenizer.model` as a tokenizer.
struct SentencePieceReader {
    /// Every text between special tokens gets its own blank in front (`legacy`, true where
    /// `tokenizer_config.json` is silent).
    var isLegacy: Bool
    /// Control tokens written in a text are recognised, as `transformers` does; SentencePiece itself
    /// takes them for text.
    var readsControlTokens = true

    /// - Throws: `TokenizerError` naming the field that is malformed or not supported.
    func definition(
        _ bytes: [UInt8], file: String
    ) throws(TokenizerError) -> TokenizerDefinition {
        let model = try SentencePieceFile(bytes, file: file)
        var definition = TokenizerDefinition(
            vocabularyPlace: "\(file): pieces", mergesPlace: "\(file): pieces")
        definition.isByteLevel = false
        definition.rules = []
        definition.fusesUnknown = true
        definition.normalizesTokens = false
        definition.byteFallback = model.byteFallback
        try addPieces(of: model, to: &definition)
        guard definition.unknownToken != nil else {
            throw model.error("pieces", "expected an unknown piece, found none")
        }
        definition.kind = kind(of: model, skipped: definition.reserved)
        definition.normalizer = [.sentencePiece(normalizer(of: model))]
        definition.decoder = DecoderSteps(
            isByteLevel: false, tokenSteps: [.replace("\u{2581}", with: " ")],
            byteRuns: model.byteFallback ? .repaired : .none,
            stripped: model.addsPrefix || model.removesExtraSpaces
                ? (" ", model.removesExtraSpaces ? .max : 1) : nil,
            unknownText: model.unknownText)
        definition.leadingToken = model.control(model.beginID)
        definition.endToken = model.control(model.endID)
        definition.paddingToken = model.control(model.paddingID)
        return definition
    }

    private func addPieces(
        of model: SentencePieceFile, to definition: inout TokenizerDefinition
    ) throws(TokenizerError) {
        definition.vocabulary = Vocabulary(capacity: model.pieces.count)
        for (id, piece) in model.pieces.enumerated() {
            if let problem = definition.vocabulary.add(
                piece.content, id: id, limit: model.pieces.count)
            {
                throw model.error("piece \(id)", problem)
            }
            switch piece.kind {
            case .normal: continue
            case .unknown:
                guard definition.unknownToken == nil else {
                    throw model.error("piece \(id)", "a second unknown piece")
                }
                definition.unknownToken = piece.content
                definition.reserved.insert(id)
            case .control, .byte: definition.reserved.insert(id)
            case .userDefined: definition.userDefined.insert(id)
            case .unused:
                guard model.isUnigram else {
                    throw model.error(
                        "piece \(id): type", "UNUSED is not supported in a BPE model",
                        .unsupported)
                }
                definition.reserved.insert(id)
            }
            if readsControlTokens, piece.kind == .control || piece.kind == .unknown {
                definition.addedTokens.append(
                    AddedToken(content: piece.content, id: id, special: true))
            } else if piece.kind == .userDefined, !model.isUnigram {
                definition.addedTokens.append(
                    AddedToken(content: piece.content, id: id, normalized: true))
            }
        }
    }

    private func kind(
        of model: SentencePieceFile, skipped: Set<Int>
    ) -> TokenizerDefinition.Kind {
        guard model.isUnigram else { return .scoredMerges(model.pieces.map(\.score)) }
        let highest = model.pieces.lazy.filter { $0.kind == .normal }.map(\.score).max() ?? 0
        let sums = model.pieces.map { piece in
            piece.kind == .userDefined
                // Always better than any pieces that cover the same bytes.
                ? Double(Float(piece.content.utf8.count) * highest) - 0.1 : Double(piece.score)
        }
        return .unigram(scores: sums, skipped: skipped, rounds: true)
    }

    private func normalizer(of model: SentencePieceFile) -> SentencePieceNormalizer {
        let verbatim = model.pieces.enumerated().filter { $0.element.kind == .userDefined }
            .map { AddedToken(content: $0.element.content, id: $0.offset) }
        return SentencePieceNormalizer(
            characters: model.characterMap,
            verbatim: verbatim.isEmpty
                ? nil : AddedTokenMatcher(verbatim, classes: ScalarClassTable.shared),
            addsPrefix: model.addsPrefix, prefixesOnlyStart: !isLegacy,
            removesExtraSpaces: model.removesExtraSpaces)
    }
}
