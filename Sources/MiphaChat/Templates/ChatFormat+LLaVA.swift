/// The formats of Mipha and of LLaVA 1.5.
///
/// Reference: zhuyiche/llava-phi, `mipha/conversation.py`; haotian-liu/LLaVA, `llava/conversation.py`.
extension ChatFormat {
    private static let vicunaSystem =
        "A chat between a curious user and an artificial intelligence assistant. The assistant "
        + "gives helpful, detailed, and polite answers to the user's questions."

    /// Phi-1.5 and Phi-2: `{system} USER: {u} ASSISTANT: {a}<|endoftext|>USER: …`.
    public static let phi = roles(
        "phi", also: ["default", "v0", "phi", "phi-1.5", "phi-2"], "Mipha with Phi-1.5 and Phi-2",
        endOfTurn: "<|endoftext|>", .padsWithEnd)

    /// Vicuna 1.x, which LLaVA trains Llama's models with: as `phi` with `</s>`.
    public static let vicuna = roles(
        "vicuna", also: ["vicuna", "vicuna_v1", "v1"], "Vicuna 1.5, LLaVA 1.5", endOfTurn: "</s>")

    /// Gemma: as `phi` with `<eos>` for the end of a turn.
    public static let gemma = roles(
        "gemma", also: ["gemma"], "Mipha with Gemma", endOfTurn: "<eos>", .beginsWithText)

    /// Phi-3: `<|system|>{system}<|end|><|user|>{u}<|end|><|assistant|>{a}<|end|>`.
    public static let phi3 = ChatFormat(
        name: "phi-3", names: ["phi-3", "phi3"], models: "Mipha with Phi-3",
        system: "You are a helpful AI assistant.",
        systemPrefix: "<|system|>", systemSuffix: "<|end|>",
        userPrefix: "<|user|>", userSuffix: "<|end|>",
        assistantPrefix: "<|assistant|>", endOfTurn: "<|end|>")

    /// Stage 1: `<image>{caption}` and a newline.
    public static let plain = ChatFormat(
        name: "plain", names: ["plain"], models: "every model in alignment", style: .plain,
        endOfTurn: "\n")

    private static func roles(
        _ name: String, also names: [String], _ models: String, endOfTurn: String,
        _ mask: ReferenceMask? = nil
    ) -> ChatFormat {
        ChatFormat(
            name: name, names: names, models: models, system: vicunaSystem, systemSuffix: " ",
            userPrefix: "USER: ", userSuffix: " ", assistantPrefix: "ASSISTANT:",
            answerPrefix: " ", endOfTurn: endOfTurn, referenceMask: mask)
    }

    /// LLaVA 1.5 in transformers' layout: `USER: {u} ASSISTANT: {a} USER: …`, without a system text.
    ///
    /// The reference writes no end after an answer, and its `{% generation %}` block supervises the
    /// answer and the blank after it; nothing would teach a model to end, so that training refuses
    /// it. LLaVA trains these models with `vicuna`.
    public static let llavaHF = ChatFormat(
        name: "llava-hf", names: ["llava-hf"], models: "LLaVA 1.5 of llava-hf, prompts only",
        keepsEmptySystem: true, systemSuffix: " ",
        userPrefix: "USER: ", userSuffix: " ", assistantPrefix: "ASSISTANT:",
        answerPrefix: " ", answerSuffix: " ", endOfTurn: "",
        published: [
            "7e287e51f2dafae70094d1597eb284628e74e81e5aff30db37c1429999d1259a"
        ])
}
