import MiphaFiles

/// Reads the `post_processor` of a `tokenizer.json`: which token goes before a text.
struct PostProcessorReader {
    private(set) var leadingToken: String?
    private(set) var notes: [String] = []

    /// - Throws: `TokenizerError` for what cannot be followed.
    mutating func add(_ node: JSONNode, isPart: Bool = false) throws(TokenizerError) {
        let type = try node.required("type")
        switch try type.string() {
        case "ByteLevel": _ = try PreTokenizerReader.byteLevel(node)
        case "TemplateProcessing": leadingToken = try Self.leadingToken(of: node)
        case "RobertaProcessing":
            try node.allow(only: ["type", "sep", "cls", "trim_offsets", "add_prefix_space"])
            leadingToken = try Self.token(try node.required("cls"))
            let end = try Self.token(try node.required("sep"))
            notes.append(
                "\(node.file): key `\(node.path).sep`: \(end.quoted) is not put after texts; chat "
                    + "formats write what ends a turn")
        case "Sequence":
            try node.allow(only: ["type", "processors"])
            for part in try node.required("processors").elements() {
                let name = try part.required("type").string()
                guard !isPart || name != "Sequence" else {
                    throw part.error(.unsupported, "a Sequence in a Sequence is not supported")
                }
                try add(part, isPart: true)
            }
        case let name:
            throw type.error(
                .unsupported,
                "\"\(name)\" is not supported; known: ByteLevel, TemplateProcessing, "
                    + "RobertaProcessing, Sequence")
        }
    }

    private static func token(_ node: JSONNode) throws(TokenizerError) -> String {
        let parts = try node.elements()
        guard parts.count == 2 else { throw node.error(.value, "expected a token and its id") }
        _ = try parts[1].integer()
        return try parts[0].string()
    }

    /// The special token in front of sequence A; any other template than `[token] A` is an error.
    private static func leadingToken(of node: JSONNode) throws(TokenizerError) -> String? {
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
