import MiphaFiles

/// Reads the `decoder` of a `tokenizer.json`.
struct DecoderReader {
    private static let known =
        "ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace, BPEDecoder, Sequence"

    private var steps = DecoderSteps()
    private var isFused = false
    private var count = 0
    /// How much longer replacements make a token at most.
    private var growth = 1

    /// - Throws: `TokenizerError` for what cannot be followed.
    static func read(_ node: JSONNode) throws(TokenizerError) -> DecoderSteps {
        var reader = DecoderReader()
        reader.steps.isByteLevel = false
        try reader.add(node, isPart: false)
        return reader.steps
    }

    private mutating func add(_ node: JSONNode, isPart: Bool) throws(TokenizerError) {
        let type = try node.required("type")
        let name = try type.string()
        if name == "Sequence", !isPart {
            try node.allow(only: ["type", "decoders"])
            for part in try node.required("decoders").elements() { try add(part, isPart: true) }
            return
        }
        count += 1
        if steps.isByteLevel || name == "ByteLevel" && count > 1 {
            throw type.error(.unsupported, "ByteLevel is not supported beside other decoders")
        }
        switch name {
        case "ByteLevel":
            _ = try PreTokenizerReader.byteLevel(node)
            steps.isByteLevel = true
        case "Replace": try addReplacement(node)
        case "ByteFallback":
            try node.allow(only: ["type"])
            try requireOpen(type, steps.wordSuffix == nil && steps.firstMarks == .none)
            steps.byteRuns = .whole
        case "Fuse":
            try node.allow(only: ["type"])
            isFused = true
        case "Strip": try addStrip(node)
        case "Metaspace":
            let marks = try PreTokenizerReader.metaspace(node).marks
            try requireOpen(type, steps.byteRuns == .none && steps.wordSuffix == nil)
            steps.firstMarks = marks.prefix == .never ? .kept : .dropped
        case "BPEDecoder":
            try node.allow(only: ["type", "suffix"])
            try requireOpen(type, steps.byteRuns == .none && steps.firstMarks == .none)
            let suffix = try node.member("suffix")?.string() ?? "</w>"
            steps.wordSuffix = suffix
        default:
            throw type.error(.unsupported, "\"\(name)\" is not supported; known: \(Self.known)")
        }
    }

    /// Refuses a step after one that it cannot follow.
    private func requireOpen(_ type: JSONNode, _ isOpen: Bool) throws(TokenizerError) {
        guard !isFused, isOpen else {
            throw type.error(.unsupported, "is not supported after the decoders before it")
        }
    }

    private mutating func addReplacement(_ node: JSONNode) throws(TokenizerError) {
        try node.allow(only: ["type", "pattern", "content"])
        try requireOpen(
            node.child("type", .null),
            steps.byteRuns == .none && steps.firstMarks == .none && steps.wordSuffix == nil)
        let pattern = try node.required("pattern")
        try pattern.allow(only: ["String"])
        let text = try pattern.required("String")
        guard try !text.string().isEmpty else {
            throw text.error(.value, "expected some text, found \"\"")
        }
        let (size, own) = try (
            text.string().utf8.count, node.required("content").string().utf8.count
        )
        growth *= max(1, (min(own, 1 << 20) + size - 1) / size)
        guard growth <= 1024 else {
            throw node.error(.unsupported, "the replacements make tokens too long")
        }
        steps.tokenSteps.append(
            .replace(try text.string(), with: try node.required("content").string()))
    }

    private mutating func addStrip(_ node: JSONNode) throws(TokenizerError) {
        try node.allow(only: ["type", "content", "start", "stop"])
        let content = try node.required("content")
        guard let character = try content.string().first, try content.string().count == 1,
            character.unicodeScalars.count == 1
        else { throw content.error(.value, "expected one character") }
        let start = try node.required("start")
        let stop = try node.required("stop")
        for end in [start, stop] {
            guard try (0...1000).contains(end.integer()) else {
                throw end.error(.value, "expected 0 to 1000")
            }
        }
        guard isFused else {
            try requireOpen(
                node.child("type", .null),
                steps.byteRuns == .none && steps.firstMarks == .none && steps.wordSuffix == nil)
            steps.tokenSteps.append(
                .strip(character, start: try start.integer(), stop: try stop.integer()))
            return
        }
        guard try stop.integer() == 0 else {
            throw stop.error(.unsupported, "expected 0 after Fuse")
        }
        guard steps.stripped == nil else {
            throw node.error(.unsupported, "only one Strip after Fuse is supported")
        }
        steps.stripped = (character, try start.integer())
    }
}
