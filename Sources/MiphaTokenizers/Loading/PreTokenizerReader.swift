import MiphaFiles

/// Reads the `pre_tokenizer` of a `tokenizer.json`.
struct PreTokenizerReader {
    private static let known = "ByteLevel, Split, Digits, Metaspace, Sequence"
    /// The regular expressions that are known, with what they must be cut by.
    private static let patterns: [Pattern] = [
        Pattern(text: WordSplitter.pattern, rule: .words),
        Pattern(text: CategorySplitter.pattern(digits: 1), rule: .categories(digits: 1)),
        Pattern(text: CategorySplitter.pattern(digits: 3), rule: .categories(digits: 3)),
        Pattern(
            text: WordSplitter.bareWordPattern, rule: .signsAndWords, behavior: "Removed",
            invert: true),
    ]

    private struct Pattern {
        var text: String
        var rule: WordRule
        var behavior = "Isolated"
        var invert = false
    }

    private(set) var rules: [WordRule] = []
    private(set) var marks: BlankMarks?
    private(set) var isByteLevel = false
    private(set) var addsPrefixSpace = false

    /// - Throws: `TokenizerError` for what cannot be followed.
    init(_ node: JSONNode?) throws(TokenizerError) {
        if let node { try add(node, isPart: false) }
    }

    private mutating func add(_ node: JSONNode, isPart: Bool) throws(TokenizerError) {
        let type = try node.required("type")
        let name = try type.string()
        if isByteLevel || marks != nil {
            throw type.error(.unsupported, "nothing is supported after ByteLevel or Metaspace")
        }
        switch name {
        case "Sequence" where !isPart:
            try node.allow(only: ["type", "pretokenizers"])
            for part in try node.required("pretokenizers").elements() {
                try add(part, isPart: true)
            }
        case "ByteLevel":
            let (addsPrefixSpace, splitsWords) = try Self.byteLevel(node)
            if addsPrefixSpace, !rules.isEmpty {
                throw node.child("add_prefix_space", .null).error(
                    .unsupported, "true is not supported after other steps; expected false")
            }
            self.addsPrefixSpace = addsPrefixSpace
            isByteLevel = true
            if splitsWords { rules.append(.words) }
        case "Split": rules.append(try Self.split(node))
        case "Digits":
            try node.allow(only: ["type", "individual_digits"])
            rules.append(
                .digits(individual: try node.flag("individual_digits", default: false)))
        case "Metaspace":
            guard rules.isEmpty else {
                throw type.error(.unsupported, "Metaspace is not supported after other steps")
            }
            let (marks, splits) = try Self.metaspace(node)
            self.marks = marks
            if splits { rules.append(.atMarks) }
        default:
            throw type.error(.unsupported, "\"\(name)\" is not supported; known: \(Self.known)")
        }
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

    /// Reads a step that marks blanks, in its present form or the older one.
    static func metaspace(
        _ node: JSONNode
    ) throws(TokenizerError) -> (marks: BlankMarks, splits: Bool) {
        try node.allow(only: [
            "type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep",
        ])
        for key in ["replacement", "str_rep"] {
            guard let mark = try node.member(key) else { continue }
            guard try mark.string().utf8.elementsEqual(SentencePieceNormalizer.mark) else {
                throw mark.error(.unsupported, "expected \"\u{2581}\"")
            }
        }
        var prefix = BlankMarks.Prefix.always
        if let scheme = try node.member("prepend_scheme") {
            guard let known = BlankMarks.Prefix(rawValue: try scheme.string()) else {
                throw scheme.error(.unsupported, "expected \"always\", \"first\" or \"never\"")
            }
            prefix = known
        }
        if let adds = try node.member("add_prefix_space"), try !adds.bool() {
            guard try node.member("prepend_scheme") == nil || prefix == .never else {
                throw adds.error(.value, "false contradicts prepend_scheme")
            }
            prefix = .never
        }
        return (BlankMarks(prefix: prefix), try node.flag("split", default: true))
    }

    private static func split(_ node: JSONNode) throws(TokenizerError) -> WordRule {
        try node.allow(only: ["type", "pattern", "behavior", "invert"])
        let pattern = try node.required("pattern")
        try pattern.allow(only: ["Regex", "String"])
        let behavior = try node.required("behavior")
        let invert = try node.member("invert")
        let inverts = try invert?.bool() ?? false
        if let text = try pattern.member("String") {
            guard try text.string() == " " else {
                throw text.error(.unsupported, "expected \" \"")
            }
            guard try behavior.string() == "MergedWithPrevious" else {
                throw behavior.error(.unsupported, "expected \"MergedWithPrevious\" with \" \"")
            }
            if inverts, let invert { throw invert.error(.unsupported, "expected false") }
            return .afterBlanks
        }
        let regex = try pattern.required("Regex")
        let text = try regex.string()
        guard let known = patterns.first(where: { $0.text == text }) else {
            let list = patterns.map(\.text.quoted).joined(separator: ", ")
            throw regex.error(
                .unsupported,
                "the regular expression \(text.quoted) is not supported; known: \(list)")
        }
        // What the matches leave over is nothing for the other patterns, whose matches cover all.
        guard try behavior.string() == known.behavior else {
            throw behavior.error(.unsupported, "expected \(known.behavior.quoted) for this pattern")
        }
        guard inverts == known.invert else {
            throw (invert ?? node).error(.unsupported, "expected invert \(known.invert)")
        }
        return known.rule
    }
}
