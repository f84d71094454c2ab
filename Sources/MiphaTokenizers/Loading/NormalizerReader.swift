import MiphaFiles

/// Reads the `normalizer` of a `tokenizer.json`.
enum NormalizerReader {
    private static let known =
        UnicodeForm.allCases.map(\.rawValue).joined(separator: ", ")
        + ", Lowercase, Prepend, Replace, Strip, Precompiled, Sequence"

    /// - Throws: `TokenizerError` for what cannot be followed.
    static func read(_ node: JSONNode, depth: Int = 0) throws(TokenizerError) -> [NormalizerStep] {
        let type = try node.required("type")
        let name = try type.string()
        if let form = UnicodeForm(rawValue: name) {
            try node.allow(only: ["type"])
            return [.form(form)]
        }
        switch name {
        case "Sequence":
            try node.allow(only: ["type", "normalizers"])
            guard depth < 8 else { throw type.error(.unsupported, "too many inside each other") }
            var steps: [NormalizerStep] = []
            for part in try node.required("normalizers").elements() {
                steps += try read(part, depth: depth + 1)
            }
            return steps
        case "Lowercase":
            try node.allow(only: ["type"])
            return [.lowercase]
        case "Prepend":
            try node.allow(only: ["type", "prepend"])
            return [.prepend(Array(try node.required("prepend").string().utf8))]
        case "Strip":
            try node.allow(only: ["type", "strip_left", "strip_right"])
            return [
                .strip(
                    left: try node.required("strip_left").bool(),
                    right: try node.required("strip_right").bool())
            ]
        case "Replace": return [try replacement(node)]
        case "Precompiled": return [try precompiled(node)]
        default:
            throw type.error(.unsupported, "\"\(name)\" is not supported; known: \(known)")
        }
    }

    private static func replacement(_ node: JSONNode) throws(TokenizerError) -> NormalizerStep {
        try node.allow(only: ["type", "pattern", "content"])
        let content = Array(try node.required("content").string().utf8)
        let pattern = try node.required("pattern")
        try pattern.allow(only: ["String", "Regex"])
        if let text = try pattern.member("String") {
            let bytes = Array(try text.string().utf8)
            guard !bytes.isEmpty else { throw text.error(.value, "expected some text, found \"\"") }
            return .replace(bytes, with: content)
        }
        let regex = try pattern.required("Regex")
        guard let run = NormalizerStep.SpaceRun(rawValue: try regex.string()) else {
            let known = NormalizerStep.SpaceRun.allCases.map(\.rawValue.quoted)
            throw regex.error(
                .unsupported,
                "the regular expression \(try regex.string().quoted) is not supported; known: "
                    + known.joined(separator: ", "))
        }
        return .replaceSpaces(run, with: content)
    }

    private static func precompiled(_ node: JSONNode) throws(TokenizerError) -> NormalizerStep {
        try node.allow(only: ["type", "precompiled_charsmap"])
        let map = try node.required("precompiled_charsmap")
        let text = Array(try map.string().utf8)
        guard let bytes = try? Base64.decode(text), let read = PrecompiledCharacterMap(bytes)
        else {
            throw map.error(.value, "expected Base64 of a character map of SentencePiece")
        }
        return .precompiled(read)
    }
}
