extension ChatTemplate {
    private static let vicunaSystem =
        "A chat between a curious user and an artificial intelligence assistant. The assistant "
        + "gives helpful, detailed, and polite answers to the user's questions."

    /// Phi-1.5 and Phi-2: `{system} USER: {u} ASSISTANT: {a}<|endoftext|>USER: …`.
    public static let phi = roles("phi", endOfTurn: "<|endoftext|>", .padsWithEnd)

    /// Vicuna 1.x, which LLaVA trains Llama's models with: as `phi` with `</s>`.
    public static let vicuna = roles("vicuna", endOfTurn: "</s>")

    /// Gemma: as `phi` with `<eos>` for the end of a turn.
    public static let gemma = roles("gemma", endOfTurn: "<eos>", .beginsWithText)

    /// Phi-3: `<|system|>{system}<|end|><|user|>{u}<|end|><|assistant|>{a}<|end|>`.
    public static let phi3 = ChatTemplate(
        name: "phi-3", style: .turns, system: "You are a helpful AI assistant.",
        systemPrefix: "<|system|>", systemSuffix: "<|end|>",
        userPrefix: "<|user|>", userSuffix: "<|end|>",
        assistantPrefix: "<|assistant|>", answerPrefix: "", endOfTurn: "<|end|>")

    /// Stage 1: `<image>{caption}` and a newline.
    public static let plain = ChatTemplate(
        name: "plain", style: .plain, system: "", systemPrefix: "", systemSuffix: "",
        userPrefix: "", userSuffix: "", assistantPrefix: "", answerPrefix: "", endOfTurn: "\n")

    private static func roles(
        _ name: String, endOfTurn: String, _ mask: ReferenceMask? = nil
    ) -> ChatTemplate {
        ChatTemplate(
            name: name, style: .turns, system: vicunaSystem, systemPrefix: "", systemSuffix: " ",
            userPrefix: "USER: ", userSuffix: " ", assistantPrefix: "ASSISTANT:",
            answerPrefix: " ", endOfTurn: endOfTurn, referenceMask: mask)
    }

    /// The one that is meant where neither a model nor a name says which: the reference's `default`.
    public static let standard = phi

    private static let catalog: [(name: String, template: ChatTemplate)] = [
        ("default", .standard), ("v0", .phi), ("phi", .phi), ("phi-1.5", .phi), ("phi-2", .phi),
        ("vicuna", .vicuna), ("vicuna_v1", .vicuna), ("v1", .vicuna), ("gemma", .gemma),
        ("phi-3", .phi3), ("phi3", .phi3), ("plain", .plain),
    ]

    /// The names that `named(_:)` knows, the keys of the reference's table.
    public static var names: [String] { catalog.map(\.name) }

    /// The template of a name, which a run file or an option gives, or a language model as the chat
    /// format of its family.
    ///
    /// The reference falls back to a key that does not exist when it does not know a name.
    ///
    /// - Throws: `ChatError` with code `unknownTemplate`, listing the names.
    public static func named(_ name: String) throws(ChatError) -> ChatTemplate {
        if let entry = catalog.first(where: { $0.name == name }) { return entry.template }
        throw ChatError(
            .unknownTemplate,
            "template \"\(name)\" is unknown; expected one of \(names.joined(separator: ", "))")
    }
}
