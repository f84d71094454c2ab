/// The formats that language models were published with.
///
/// The references render whole conversations and say nothing of labels, except where noted; a missing
/// end of an answer is none of their cases, so that an empty answer is its end of turn alone.
extension ChatFormat {
    /// ChatML: `<|im_start|>user\n{u}<|im_end|>\n<|im_start|>assistant\n{a}<|im_end|>\n`.
    ///
    /// The reference (the `chat_template` of transformers' documents) writes texts as they are, and a
    /// system text only where one is given. The newline after the end of a turn is not supervised.
    public static let chatML = imStart(
        "chatml", "ChatML without a system text of its own", system: "",
        published: [
            "01a545b2213148253138be00177d7ca0964b9d821e64961e50a1f52942ea6d6e",
            "8e6fd0e647ba77482c4f486a1d4d9697af09f64dbd8785266f451c7bf26e1e9b",
        ])

    /// Qwen1.5 and Qwen2: ChatML with a system text.
    public static let qwen2 = imStart(
        "qwen2", "Qwen1.5, Qwen2", system: "You are a helpful assistant.",
        published: [
            "109bf3a81e09caa53305b1262016c84d813099d3bf93873691f4b184f5af3c15"
        ])

    /// Qwen2.5: ChatML with another system text; tools are not written.
    public static let qwen25 = imStart(
        "qwen2.5", "Qwen2.5",
        system: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
        published: [
            "67096f3e64739edad5ca242bbdd0d6cca4e27287171b077f61c6d7ec66fb042a"
        ])

    /// SmolLM2: ChatML with another system text.
    public static let smolLM2 = imStart(
        "smollm2", "SmolLM2",
        system: "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
        published: [
            "daae26450b46e7225425a30f5cd3d12ffb9c42a9a7088af0762fe3b5f41509d5"
        ])

    private static func imStart(
        _ name: String, _ models: String, system: String, published: [String]
    ) -> ChatFormat {
        ChatFormat(
            name: name, names: [name], models: models, system: system, keepsEmptySystem: true,
            systemPrefix: "<|im_start|>system\n", systemSuffix: "<|im_end|>\n",
            userPrefix: "<|im_start|>user\n", userSuffix: "<|im_end|>\n",
            assistantPrefix: "<|im_start|>assistant\n", endOfTurn: "<|im_end|>", turnSuffix: "\n",
            published: published)
    }

    /// Llama-2: `[INST] <<SYS>>\n{system}\n<</SYS>>\n\n{u} [/INST] {a} </s><s>[INST] …`.
    ///
    /// The system text is part of the first user turn, whose whitespace is cut as a whole. The labels
    /// of LLaVA (`preprocess_llama_2`) count from the blank before an answer to `</s>`, as here; LLaVA
    /// also brings a system text of its own, which the published template does not.
    public static let llama2 = ChatFormat(
        name: "llama-2", names: ["llama-2", "llama_2"], models: "Llama-2-chat",
        systemPlace: .inFirstTurn, keepsEmptySystem: true,
        systemPrefix: "<<SYS>>\n", systemSuffix: "\n<</SYS>>\n\n", roundPrefix: "<s>",
        userPrefix: "[INST] ", userSuffix: " [/INST]", answerPrefix: " ", answerSuffix: " ",
        endOfTurn: "</s>", trims: true,
        published: [
            "eec3dad75908c008e6cf50b061da422c501828a9e37ec28f7e5651bfb766ba72",
            "019e5d0b4569fd038a85db9a119c68b8b1f23952214192247553948b86607564",
        ])

    /// Gemma's own turns: `<start_of_turn>user\n{u}<end_of_turn>\n<start_of_turn>model\n{a}<end_of_turn>\n`.
    ///
    /// The reference cuts whitespace around texts and refuses a system text.
    public static let gemmaTurns = ChatFormat(
        name: "gemma-it", names: ["gemma-it"], models: "Gemma and Gemma 2, instruction-tuned",
        systemPlace: .nowhere,
        userPrefix: "<start_of_turn>user\n", userSuffix: "<end_of_turn>\n",
        assistantPrefix: "<start_of_turn>model\n", endOfTurn: "<end_of_turn>", turnSuffix: "\n",
        trims: true,
        published: [
            "db6b90b55377a26116f3f1e7666beefab3f3be9e85af71eaaa4d77d6bfdb82c6",
            "5145934c6c8443ee3a3c31a8a3231f78aef2e1ea4e923582e0bdf15f725eb70b",
        ])

    /// Phi-3.5 and the later Phi-3: `<|user|>\n{u}<|end|>\n<|assistant|>\n{a}<|end|>\n`.
    ///
    /// The reference leaves out an empty system text and ends a conversation that does not wait for an
    /// answer with `<|endoftext|>`, which is not supervised here, because answers end at `<|end|>`.
    public static let phi3Instruct = phi3Turns(
        "phi-3-instruct", "Phi-3.5, Phi-3 since July 2024", system: .beforeTurns,
        closing: "<|endoftext|>",
        published: [
            "63bb98479757a239e884511875da1debdc3af8590bdfdfd822e2b6243a052541"
        ])

    /// The first Phi-3: as `phi-3-instruct` without a system text.
    ///
    /// The reference drops a system text without a word; here it is refused.
    public static let phi3First = phi3Turns(
        "phi-3-first", "Phi-3 until July 2024", system: .nowhere, closing: "",
        published: [
            "7b430948c64f8b1311da2b5c41c0645df4262be3b61f86c6d571e597aad6430e",
            "6e309a5d5acdaa62c6964d6927efb5c93819a9d06f111fae5ada0fb0d18413ac",
        ])

    private static func phi3Turns(
        _ name: String, _ models: String, system: SystemPlace, closing: String,
        published: [String]
    ) -> ChatFormat {
        ChatFormat(
            name: name, names: [name], models: models, systemPlace: system,
            systemPrefix: "<|system|>\n", systemSuffix: "<|end|>\n",
            userPrefix: "<|user|>\n", userSuffix: "<|end|>\n",
            assistantPrefix: "<|assistant|>\n", endOfTurn: "<|end|>", turnSuffix: "\n",
            closing: closing, published: published)
    }

    /// Mistral 7B v0.2 and Mixtral: `[INST] {u} [/INST]{a}</s>[INST] …`.
    ///
    /// The reference refuses a system text.
    public static let mistral = instTurns(
        "mistral", "Mistral 7B Instruct v0.2", turnSuffix: "",
        published: [
            "423af8fdaa9c677ba0b96c91bdf7c0f489b7ac97ec8c7f00e3864cbf1f4ae1d3"
        ])

    /// Mistral 7B v0.1: as `mistral` with a blank after the end of an answer.
    public static let mistralFirst = instTurns(
        "mistral-first", "Mistral 7B Instruct v0.1", turnSuffix: " ",
        published: [
            "a0e1e61e8fe6483c6a3fe7510c036e874b83ae0baaf2dc1cebe8b0e02bd770e0"
        ])

    private static func instTurns(
        _ name: String, _ models: String, turnSuffix: String, published: [String]
    ) -> ChatFormat {
        ChatFormat(
            name: name, names: [name], models: models, systemPlace: .nowhere,
            userPrefix: "[INST] ", userSuffix: " [/INST]", endOfTurn: "</s>",
            turnSuffix: turnSuffix, published: published)
    }

    /// Zephyr and TinyLlama-Chat: `<|user|>\n{u}</s>\n<|assistant|>\n{a}</s>\n`.
    ///
    /// The tags are ordinary text of these models' tokenizers; the end is their end of text.
    public static let zephyr = zephyrTurns(
        "zephyr", "Zephyr 7B, TinyLlama-Chat v1.0", endOfTurn: "</s>",
        published: [
            "7cb51489361f03e0f7e9529dd89aefe9a32c9ca9cd011b24e712a6168b4a0c1d"
        ])

    /// StableLM-2-Zephyr: as `zephyr` with `<|endoftext|>` for `</s>`.
    ///
    /// Its template is that of `zephyr`, which names the tokenizer's end of text, so that a folder is
    /// read as `zephyr` and refused for its end; choose this format by name.
    public static let stableLMZephyr = zephyrTurns(
        "stablelm-zephyr", "StableLM-2-Zephyr, chosen by name", endOfTurn: "<|endoftext|>",
        published: [])

    private static func zephyrTurns(
        _ name: String, _ models: String, endOfTurn: String, published: [String]
    ) -> ChatFormat {
        ChatFormat(
            name: name, names: [name], models: models, keepsEmptySystem: true,
            systemPrefix: "<|system|>\n", systemSuffix: "\(endOfTurn)\n",
            userPrefix: "<|user|>\n", userSuffix: "\(endOfTurn)\n",
            assistantPrefix: "<|assistant|>\n", endOfTurn: endOfTurn, turnSuffix: "\n",
            published: published)
    }
}
