import MiphaFiles

extension TokenizerDefinition {
    /// Reads a `tokenizer.json`.
    ///
    /// `truncation` and `padding` are accepted and have no effect: Hugging Face `transformers`
    /// switches both off unless a call asks for them.
    ///
    /// - Throws: `TokenizerError` for malformed JSON, and for every field or value outside
    /// byte-level BPE, by its key.
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
        try readModel(try root.required("model"))
        if let node = try root.member("added_tokens") { try readAddedTokens(node) }
        if let node = try root.member("normalizer") { try TokenizerSteps.checkNormalizer(node) }
        try readPreTokenizer(try root.required("pre_tokenizer"))
        try TokenizerSteps.checkDecoder(try root.required("decoder"))
        if let node = try root.member("post_processor") { try readPostProcessor(node) }
    }

    private mutating func readModel(_ model: JSONNode) throws(TokenizerError) {
        try model.allow(only: [
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
            "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges",
        ])
        if let type = try model.member("type"), try type.string() != "BPE" {
            throw type.error(.unsupported, "\"\(try type.string())\" is not supported; known: BPE")
        }
        if let dropout = try model.member("dropout"), dropout.value.doubleValue != 0 {
            throw dropout.error(.unsupported, "dropout is not supported; expected null or 0")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let node = try model.member(key), try !node.string().isEmpty {
                throw node.error(.unsupported, "is not supported; expected null or \"\"")
            }
        }
        unknownToken = try model.member("unk_token")?.string()
        fusesUnknown = try model.flag("fuse_unk", default: false)
        byteFallback = try model.flag("byte_fallback", default: false)
        ignoresMerges = try model.flag("ignore_merges", default: false)
        vocabulary = try Self.vocabulary(of: try model.required("vocab"))
        merges = try TokenizerMerge.list(try model.required("merges"))
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

    private mutating func readPreTokenizer(_ node: JSONNode) throws(TokenizerError) {
        let type = try node.required("type")
        switch try type.string() {
        case "ByteLevel":
            (addsPrefixSpace, splitsWords) = try TokenizerSteps.byteLevel(node)
        case "Sequence":
            try node.allow(only: ["type", "pretokenizers"])
            let list = try node.required("pretokenizers")
            let parts = try list.elements()
            guard let last = parts.last, parts.count <= 2,
                try last.required("type").string() == "ByteLevel"
            else {
                throw list.error(.unsupported, "expected [ByteLevel] or [Split, ByteLevel]")
            }
            (addsPrefixSpace, splitsWords) = try TokenizerSteps.byteLevel(last)
            if parts.count == 2 {
                try TokenizerSteps.checkSplit(parts[0])
                splitsWords = true
                if addsPrefixSpace {
                    throw last.child("add_prefix_space", .null).error(
                        .unsupported, "true is not supported after a Split; expected false")
                }
            }
        case let name:
            throw type.error(
                .unsupported, "\"\(name)\" is not supported; known: ByteLevel, Sequence")
        }
    }

    private mutating func readPostProcessor(_ node: JSONNode) throws(TokenizerError) {
        let type = try node.required("type")
        switch try type.string() {
        case "ByteLevel": _ = try TokenizerSteps.byteLevel(node)
        case "TemplateProcessing": leadingToken = try TokenizerSteps.leadingToken(of: node)
        case "Sequence":
            try node.allow(only: ["type", "processors"])
            for part in try node.required("processors").elements() {
                guard try part.required("type").string() != "Sequence" else {
                    throw part.error(.unsupported, "a Sequence in a Sequence is not supported")
                }
                try readPostProcessor(part)
            }
        case let name:
            throw type.error(
                .unsupported,
                "\"\(name)\" is not supported; known: ByteLevel, TemplateProcessing, Sequence")
        }
    }
}

extension AddedToken {
    static let keys = ["content", "single_word", "lstrip", "rstrip", "normalized", "special"]

    /// Reads an added token object; `special` overrides the file's flag.
    init(_ node: JSONNode, id: Int, special: Bool?) throws(TokenizerError) {
        let content = try node.required("content")
        let text = try content.string()
        guard !text.isEmpty else { throw content.error(.value, "expected some text, found \"\"") }
        let isSpecial = if let special { special } else { try node.flag("special", default: false) }
        self.init(
            content: text, id: id,
            singleWord: try node.flag("single_word", default: false),
            stripsLeft: try node.flag("lstrip", default: false),
            stripsRight: try node.flag("rstrip", default: false),
            normalized: try node.flag("normalized", default: !isSpecial),
            special: isSpecial)
    }
}
