import MiphaFiles

/// Reads the `model` of a `tokenizer.json`.
enum ModelReader {
    /// - Throws: `TokenizerError` for what cannot be followed.
    static func read(
        _ model: JSONNode, into definition: inout TokenizerDefinition
    ) throws(TokenizerError) {
        let type = try model.member("type")
        switch try type?.string() {
        case nil, "BPE": try readMerges(model, into: &definition)
        case "Unigram": try readUnigram(model, into: &definition)
        case let name?:
            throw (type ?? model).error(
                .unsupported, "\"\(name)\" is not supported; known: BPE, Unigram")
        }
    }

    private static func readMerges(
        _ model: JSONNode, into definition: inout TokenizerDefinition
    ) throws(TokenizerError) {
        try model.allow(only: [
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
            "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges",
        ])
        if let dropout = try model.member("dropout"), dropout.value.doubleValue != 0 {
            throw dropout.error(.unsupported, "dropout is not supported; expected null or 0")
        }
        if let node = try model.member("continuing_subword_prefix"), try !node.string().isEmpty {
            throw node.error(.unsupported, "is not supported; expected null or \"\"")
        }
        definition.wordSuffix = try model.member("end_of_word_suffix")?.string() ?? ""
        definition.unknownToken = try model.member("unk_token")?.string()
        definition.fusesUnknown = try model.flag("fuse_unk", default: false)
        definition.byteFallback = try model.flag("byte_fallback", default: false)
        definition.ignoresMerges = try model.flag("ignore_merges", default: false)
        definition.vocabulary = try TokenizerDefinition.vocabulary(of: try model.required("vocab"))
        definition.kind = .merges(try TokenizerMerge.list(try model.required("merges")))
    }

    private static func readUnigram(
        _ model: JSONNode, into definition: inout TokenizerDefinition
    ) throws(TokenizerError) {
        try model.allow(only: ["type", "unk_id", "vocab", "byte_fallback"])
        definition.byteFallback = try model.flag("byte_fallback", default: false)
        let list = try model.required("vocab")
        let values = try list.array()
        var scores: [Double] = []
        definition.vocabulary = Vocabulary(capacity: values.count)
        for (id, value) in values.enumerated() {
            guard case .array(let pair) = value, pair.count == 2, case .string(let piece) = pair[0],
                let score = pair[1].doubleValue, score.isFinite
            else { throw list.error(.value, "element \(id): expected [\"piece\", score]") }
            if let problem = definition.vocabulary.add(piece, id: id, limit: values.count) {
                throw list.error(.value, "element \(id): \(problem)")
            }
            scores.append(score)
        }
        // Without an unknown token the reference fails at the first text that needs one.
        let unknown = try model.required("unk_id")
        guard let token = definition.vocabulary.content(of: try unknown.integer()) else {
            throw unknown.error(.value, "\(try unknown.integer()) is not an id of the vocabulary")
        }
        definition.unknownToken = token
        definition.fusesUnknown = true
        definition.kind = .unigram(scores: scores, skipped: [], rounds: false)
    }
}
