import Synchronization

/// A tokenizer in the file formats of Hugging Face or SentencePiece.
///
/// Ids and decoded text equal, and offsets but for byte tokens (docs/decisions/0026), those of Hugging Face `tokenizers` 0.23 for byte-level BPE,
/// BPE with byte fallback and Unigram, and those of SentencePiece for a `tokenizer.model`. Encoding
/// is safe from any number of threads at once; word caches are kept between calls.
public final class Tokenizer: Sendable {
    private static let keptStates = 4

    let vocabulary: Vocabulary
    let encoder: TextEncoder
    let decoder: TokenDecoder
    let roles: TokenizerRoles
    /// Notes about the files: fields that are not known.
    public let notes: [String]
    let files: [TokenizerFolder.File]
    private let states = Mutex<[TextEncoder.State]>([])

    /// The end of a text: `eos_token`, else `<|endoftext|>` if it is in the vocabulary.
    public let endOfTextID: Int?

    /// The beginning of a text: `bos_token`, else the special token a template puts in front.
    public let beginningOfTextID: Int?

    /// The padding token: `pad_token`.
    public let padID: Int?

    /// Whether a model of this tokenizer expects ``beginningOfTextID`` in front of a text.
    ///
    /// From a template in `tokenizer.json`; without that file from `add_bos_token`, as in transformers.
    /// ``encode(_:)`` itself never adds it.
    public let addsBeginningOfText: Bool

    /// Reads a folder: `tokenizer.json`, or without one `vocab.json` and `merges.txt`, or without
    /// those SentencePiece's `tokenizer.model`.
    ///
    /// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` are read where
    /// they are there.
    ///
    /// - Throws: `TokenizerError` naming the file and key of what is missing, malformed or not
    /// supported.
    public convenience init(folder path: String) throws(TokenizerError) {
        let folder = try TokenizerFolder(path)
        var roles = TokenizerRoles()
        let definition = try TokenizerDefinition(folder, roles: &roles)
        try self.init(definition, roles: roles, files: folder.files, place: path)
    }

    /// Reads a whole `tokenizer.json` held in memory.
    ///
    /// - Parameter name: what messages call the file.
    /// - Throws: `TokenizerError` naming the key of what is missing, malformed or not supported.
    public convenience init(
        tokenizerJSON bytes: [UInt8], name: String
    ) throws(TokenizerError) {
        let definition = try TokenizerDefinition(tokenizerJSON: bytes, file: name)
        let file = TokenizerFolder.File(name: "tokenizer.json", bytes: bytes)
        try self.init(definition, roles: TokenizerRoles(), files: [file], place: name)
    }

    /// Reads a SentencePiece model held in memory.
    ///
    /// - Parameters:
    ///   - name: what messages call the file.
    ///   - readsControlTokens: whether control tokens written in a text are recognised, as
    ///     `transformers` does; SentencePiece itself takes them for text.
    /// - Throws: `TokenizerError` naming the field that is malformed or not supported.
    public convenience init(
        sentencePieceModel bytes: [UInt8], name: String, readsControlTokens: Bool = true
    ) throws(TokenizerError) {
        let definition = try SentencePieceReader(
            isLegacy: true, readsControlTokens: readsControlTokens
        ).definition(bytes, file: name)
        let file = TokenizerFolder.File(name: "tokenizer.model", bytes: bytes)
        try self.init(definition, roles: TokenizerRoles(), files: [file], place: name)
    }

    init(
        _ definition: TokenizerDefinition, roles: TokenizerRoles, files: [TokenizerFolder.File],
        place: String
    ) throws(TokenizerError) {
        let builder = TokenizerBuilder(definition: definition)
        let vocabulary = try builder.fullVocabulary(file: place)
        encoder = try builder.encoder(vocabulary)
        decoder = TokenDecoder(definition, vocabulary)
        endOfTextID = vocabulary.id(of: roles.end ?? definition.endToken ?? "<|endoftext|>")
        let beginning = roles.beginning ?? definition.leadingToken
        if let beginning, vocabulary.id(of: beginning) == nil {
            throw TokenizerError(
                .value, "\(place): key `post_processor.single`: \"\(beginning)\" is not a token")
        }
        beginningOfTextID = beginning.flatMap { vocabulary.id(of: $0) }
        padID = (roles.padding ?? definition.paddingToken).flatMap { vocabulary.id(of: $0) }
        addsBeginningOfText =
            (roles.addsBeginning ?? (definition.leadingToken != nil)) && beginning != nil
        self.vocabulary = vocabulary
        self.roles = roles
        notes = roles.notes + definition.notes
        self.files = files
    }

    /// The number of tokens, added ones included (`len(tokenizer)`).
    public var count: Int { vocabulary.count }

    /// The id of a token in its vocabulary spelling (`Ġthe`, `<|endoftext|>`), or nil.
    public func id(of token: String) -> Int? { vocabulary.id(of: token) }

    /// The vocabulary spelling of an id, or nil for an id that is not used.
    public func token(of id: Int) -> String? { vocabulary.content(of: id) }

    /// Whether decoding can leave this id out.
    public func isSpecial(_ id: Int) -> Bool { decoder.isSpecial(id) }

    /// The ids of a text; nothing is added, special tokens in the text are recognised.
    public func encode(_ text: String) -> [Int] {
        run(Array(text.utf8), encoder, wantsMarks: false).ids
    }

    /// The ids of a text with the UTF-8 byte range of each.
    ///
    /// Ranges are of the text as given, before it was normalised. They include leading white space:
    /// `trim_offsets` of Hugging Face, which drops it, has no effect here.
    public func encodeWithOffsets(_ text: String) -> [Token] {
        tokens(of: text, encoder)
    }

    /// As ``encodeWithOffsets(_:)``, for a text that goes on after another one: no blank is put in
    /// front of it.
    public func encodeContinuation(_ text: String) -> [Token] {
        tokens(of: text, encoder.continuing)
    }

    private func tokens(of text: String, _ encoder: TextEncoder) -> [Token] {
        let output = run(Array(text.utf8), encoder, wantsMarks: true)
        let ranges = output.ranges(from: 0, encoder.lengths)
        return zip(output.ids, ranges).map { Token(id: $0, bytes: $1) }
    }

    private func run(
        _ bytes: [UInt8], _ encoder: TextEncoder, wantsMarks: Bool
    ) -> EncodedIDs {
        var state = states.withLock { $0.popLast() } ?? TextEncoder.State()
        var output = EncodedIDs(wantsMarks: wantsMarks)
        output.ids.reserveCapacity(bytes.count / 4 + 8)
        encoder.encode(bytes, &state, &output)
        state.trim()
        states.withLock { kept in
            if kept.count < Self.keptStates { kept.append(state) }
        }
        return output
    }

    /// The text of ids; bytes that are not UTF-8 become U+FFFD, unknown ids become nothing.
    ///
    /// - Parameter skippingSpecialTokens: leaves out ids for which ``isSpecial(_:)`` is true.
    ///
    /// Beside what the files' decoder says, no spaces are put between tokens and none taken away
    /// (`clean_up_tokenization_spaces` has no effect).
    public func decode(_ ids: [Int], skippingSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.count * 5)
        var state = TokenDecoder.State()
        for id in ids { decoder.append(id, skippingSpecialTokens, &state, to: &bytes) }
        decoder.finish(&state, to: &bytes)
        return UTF8Text.repaired(bytes)
    }
}
