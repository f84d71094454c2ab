import MiphaFiles

extension ChatFormat {
    /// Every format; a folder's template is looked for in this order.
    public static let all: [ChatFormat] = [
        .phi, .vicuna, .gemma, .phi3, .plain,
        .chatML, .qwen2, .qwen25, .smolLM2, .llama2, .gemmaTurns, .phi3Instruct, .phi3First,
        .llavaHF, .mistral, .mistralFirst, .zephyr, .stableLMZephyr,
    ]

    /// The one that is meant where neither a model nor a name says which: the reference's `default`.
    public static let standard = phi

    /// The names that `named(_:)` knows, those of the reference's table among them.
    public static var names: [String] { all.flatMap(\.names) }

    /// The format of a name, which a run file or an option gives, or a language model as the chat
    /// format of its family.
    ///
    /// The reference falls back to a key that does not exist when it does not know a name.
    ///
    /// - Throws: `ChatError` with code `unknownTemplate`, listing the names.
    public static func named(_ name: String) throws(ChatError) -> ChatFormat {
        if let format = all.first(where: { $0.names.contains(name) }) { return format }
        throw ChatError(
            .unknownTemplate,
            "template \"\(name)\" is unknown; expected one of \(names.joined(separator: ", "))")
    }

    /// The format of a template in transformers' language; `nil`: it is none of these.
    ///
    /// Known are the text of ``jinja`` and the published ones, in every spelling that renders the
    /// same (``JinjaText``).
    static func known(jinja text: String) -> ChatFormat? {
        guard let canonical = JinjaText.canonical(text) else { return nil }
        let digest = SHA256Digest(of: canonical).hex
        return all.first { format in
            format.published.contains(digest)
                || format.jinja.flatMap { JinjaText.canonical($0) } == canonical
        }
    }
}
