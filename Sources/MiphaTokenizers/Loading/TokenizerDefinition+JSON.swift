import MiphaFiles

extension TokenizerDefinition {
    /// Reads a `tokenizer.json`.
    ///
    /// `truncation` and `padding` are accepted and have no effect: Hugging Face `transformers`
    /// switches both off unless a call asks for them.
    ///
    /// - Throws: `TokenizerError` for malformed JSON, and for every field or value that cannot be
    /// followed, by its key.
    init(tokenizerJSON bytes: [UInt8], file: String) throws(TokenizerError) {
        let root = try JSONNode.parse(bytes, file: file)
        try root.allow(only: [
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
            "post_processor", "decoder", "model",
        ])
        if let version = try root.member("version"), try version.string() != "1.0" {
            throw version.error(.unsupported, "expected \"1.0\"")
        }
        self.init(
            vocabularyPlace: "\(file): key `model.vocab`",
            mergesPlace: "\(file): key `model.merges`")
        try ModelReader.read(try root.required("model"), into: &self)
        if let node = try root.member("added_tokens") { try readAddedTokens(node) }
        if let node = try root.member("normalizer") { normalizer = try NormalizerReader.read(node) }
        // A file without the key is damaged; null says that a text is one word.
        if try !root.members().contains(where: { $0.key == "pre_tokenizer" }) {
            _ = try root.required("pre_tokenizer")
        }
        let words = try PreTokenizerReader(try root.member("pre_tokenizer"))
        rules = words.rules
        blankMarks = words.marks
        isByteLevel = words.isByteLevel
        addsPrefixSpace = words.addsPrefixSpace
        if isByteLevel, case .unigram = kind {
            throw root.child("pre_tokenizer", .null).error(
                .unsupported, "ByteLevel is not supported with a Unigram model")
        }
        decoder = try DecoderReader.read(try root.required("decoder"))
        if let node = try root.member("post_processor") {
            var reader = PostProcessorReader()
            try reader.add(node)
            leadingToken = reader.leadingToken
            notes += reader.notes
        }
    }

    private mutating func readAddedTokens(_ node: JSONNode) throws(TokenizerError) {
        for element in try node.elements() {
            try element.allow(only: AddedToken.keys + ["id"])
            let token = try AddedToken(
                element, id: try element.required("id").integer(), special: nil)
            let duplicate = addedTokens.contains {
                $0.content.utf8.elementsEqual(token.content.utf8)
            }
            if duplicate { throw element.error(.value, "\"\(token.content)\" is listed twice") }
            addedTokens.append(token)
        }
    }
}
