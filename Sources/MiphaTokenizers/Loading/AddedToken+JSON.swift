import MiphaFiles

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
