import MiphaFiles

/// Reads the steps of a `tokenizer.json` around its model, of which each has one supported form.
enum TokenizerSteps {
    /// Refuses a normaliser that changes texts.
    static func checkNormalizer(_ node: JSONNode) throws(TokenizerError) {
        let type = try node.required("type")
        if try type.string() == "Sequence" {
            let parts = try node.required("normalizers")
            if try parts.array().isEmpty { return }
        }
        throw type.error(
            .unsupported, "\"\(try type.string())\" is not supported; expected a null normalizer")
    }

    /// Reads a step that turns bytes into characters.
    static func byteLevel(
        _ node: JSONNode
    ) throws(TokenizerError) -> (addsPrefixSpace: Bool, splitsWords: Bool) {
        try node.allow(only: ["type", "add_prefix_space", "trim_offsets", "use_regex"])
        _ = try node.flag("trim_offsets", default: true)
        return (
            try node.flag("add_prefix_space", default: true),
            try node.flag("use_regex", default: true)
        )
    }

    /// Refuses another cut into words than GPT-2's.
    static func checkSplit(_ node: JSONNode) throws(TokenizerError) {
        try node.allow(only: ["type", "pattern", "behavior", "invert"])
        let type = try node.required("type")
        guard try type.string() == "Split" else {
            throw type.error(.unsupported, "\"\(try type.string())\": expected Split")
        }
        let pattern = try node.required("pattern")
        try pattern.allow(only: ["Regex"])
        let regex = try pattern.required("Regex")
        guard try regex.string() == WordSplitter.pattern else {
            throw regex.error(.unsupported, "expected the GPT-2 pattern \(WordSplitter.pattern)")
        }
        let behavior = try node.required("behavior")
        guard try behavior.string() == "Isolated" else {
            throw behavior.error(.unsupported, "expected \"Isolated\"")
        }
        if let invert = try node.member("invert"), try invert.bool() {
            throw invert.error(.unsupported, "expected false")
        }
    }

    /// Refuses another decoder than that of bytes.
    static func checkDecoder(_ node: JSONNode) throws(TokenizerError) {
        let type = try node.required("type")
        guard try type.string() == "ByteLevel" else {
            throw type.error(
                .unsupported, "\"\(try type.string())\" is not supported; known: ByteLevel")
        }
        _ = try byteLevel(node)
    }

    /// The special token in front of sequence A; any other template than `[token] A` is an error.
    static func leadingToken(of node: JSONNode) throws(TokenizerError) -> String? {
        try node.allow(only: ["type", "single", "pair", "special_tokens"])
        let single = try node.required("single")
        var leading: String?
        var sawSequence = false
        for piece in try single.elements() {
            try piece.allow(only: ["SpecialToken", "Sequence"])
            if let token = try piece.member("SpecialToken") {
                guard leading == nil, !sawSequence else {
                    throw piece.error(
                        .unsupported, "only one special token, before the sequence, is supported")
                }
                leading = try token.required("id").string()
            } else {
                let name = try piece.required("Sequence").required("id").string()
                guard !sawSequence, name == "A" else {
                    throw piece.error(.unsupported, "expected sequence A, once")
                }
                sawSequence = true
            }
        }
        guard sawSequence else { throw single.error(.value, "expected sequence A, once") }
        return leading
    }
}
