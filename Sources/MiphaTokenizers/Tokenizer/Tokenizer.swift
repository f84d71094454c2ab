import Synchronization

/// A byte-level byte-pair tokenizer in the Hugging Face file formats.
///
/// Ids, added tokens and decoded text equal those of Hugging Face `tokenizers` 0.23 for byte-level
/// BPE without a normalizer (GPT-2, CodeGen, Phi). Encoding is safe from any number of threads at
/// once; word caches are kept between calls.
public final class Tokenizer: Sendable {
    private static let keptStates = 4

    let vocabulary: Vocabulary
    let encoder: TextEncoder
    /// The bytes of id `n` are `decodedBytes[decodedStarts[n]..<decodedStarts[n + 1]]`.
    private let decodedBytes: [UInt8]
    private let decodedStarts: [UInt32]
    private let specialIDs: Set<Int>
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

    /// Reads a folder: `tokenizer.json`, or without one `vocab.json` and `merges.txt`.
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

    private init(
        _ definition: TokenizerDefinition, roles: TokenizerRoles, files: [TokenizerFolder.File],
        place: String
    ) throws(TokenizerError) {
        let vocabulary = try definition.fullVocabulary(file: place)
        let classes = ScalarClassTable.shared
        encoder = TextEncoder(
            model: try definition.model(), splitter: WordSplitter(classes: classes),
            splitsWords: definition.splitsWords, addsPrefixSpace: definition.addsPrefixSpace,
            wholeWords: definition.ignoresMerges ? definition.vocabulary : nil,
            rawTokens: AddedTokenMatcher(
                definition.addedTokens.filter { !$0.normalized }, classes: classes),
            normalizedTokens: AddedTokenMatcher(
                definition.addedTokens.filter(\.normalized), classes: classes))
        var bytes: [UInt8] = []
        var starts: [UInt32] = [0]
        bytes.reserveCapacity(vocabulary.contents.count * 8)
        starts.reserveCapacity(vocabulary.contents.count + 1)
        for content in vocabulary.contents {
            if let content { ByteAlphabet.appendBytes(of: content, to: &bytes) }
            starts.append(UInt32(bytes.count))
        }
        decodedBytes = bytes
        decodedStarts = starts
        specialIDs = Set(definition.addedTokens.filter(\.special).map(\.id))
        endOfTextID = vocabulary.id(of: roles.end ?? "<|endoftext|>")
        let beginning = roles.beginning ?? definition.leadingToken
        if let beginning, vocabulary.id(of: beginning) == nil {
            throw TokenizerError(
                .value, "\(place): key `post_processor.single`: \"\(beginning)\" is not a token")
        }
        beginningOfTextID = beginning.flatMap { vocabulary.id(of: $0) }
        padID = roles.padding.flatMap { vocabulary.id(of: $0) }
        addsBeginningOfText =
            (roles.addsBeginning ?? (definition.leadingToken != nil)) && beginning != nil
        self.vocabulary = vocabulary
        self.roles = roles
        notes = roles.notes
        self.files = files
    }

    /// The number of tokens, added ones included (`len(tokenizer)`).
    public var count: Int { vocabulary.count }

    /// The id of a token in its vocabulary spelling (`Ġthe`, `<|endoftext|>`), or nil.
    public func id(of token: String) -> Int? { vocabulary.id(of: token) }

    /// The vocabulary spelling of an id, or nil for an id that is not used.
    public func token(of id: Int) -> String? { vocabulary.content(of: id) }

    /// Whether decoding can leave this id out.
    public func isSpecial(_ id: Int) -> Bool { specialIDs.contains(id) }

    /// The ids of a text; nothing is added, special tokens in the text are recognised.
    public func encode(_ text: String) -> [Int] {
        run(Array(text.utf8), wantsMarks: false).ids
    }

    /// The ids of a text with the UTF-8 byte range of each.
    ///
    /// Ranges include leading white space: `trim_offsets` of Hugging Face, which drops it, has no
    /// effect here.
    public func encodeWithOffsets(_ text: String) -> [Token] {
        let output = run(Array(text.utf8), wantsMarks: true)
        var tokens: [Token] = []
        tokens.reserveCapacity(output.ids.count)
        for (index, mark) in output.marks.enumerated() {
            let next = index + 1 < output.marks.count ? output.marks[index + 1].firstID : nil
            var start = mark.start
            for position in mark.firstID..<(next ?? output.ids.count) {
                let id = output.ids[position]
                let end =
                    mark.end >= 0
                    ? mark.end : start + Int(decodedStarts[id + 1] - decodedStarts[id])
                tokens.append(
                    Token(id: id, bytes: max(start, mark.floor)..<max(end, mark.floor)))
                start = end
            }
        }
        return tokens
    }

    private func run(_ bytes: [UInt8], wantsMarks: Bool) -> TextEncoder.Output {
        var state = states.withLock { $0.popLast() } ?? TextEncoder.State()
        var output = TextEncoder.Output(wantsMarks: wantsMarks)
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
    /// No spaces are put between tokens and none taken away (`clean_up_tokenization_spaces` has no
    /// effect), so decoding what ``encode(_:)`` gave returns the text.
    public func decode(_ ids: [Int], skippingSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.count * 5)
        for id in ids { appendBytes(of: id, skippingSpecialTokens, to: &bytes) }
        return UTF8Text.repaired(bytes)
    }

    /// Appends what `id` decodes to.
    func appendBytes(of id: Int, _ skippingSpecialTokens: Bool, to bytes: inout [UInt8]) {
        guard id >= 0, id < decodedStarts.count - 1 else { return }
        if skippingSpecialTokens, specialIDs.contains(id) { return }
        bytes.append(contentsOf: decodedBytes[Int(decodedStarts[id])..<Int(decodedStarts[id + 1])])
    }
}
