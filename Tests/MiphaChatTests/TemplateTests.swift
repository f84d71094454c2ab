import MiphaChat
import Testing

private let system =
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    + "helpful, detailed, and polite answers to the user's questions."

@Suite struct TemplateTests {
    @Test func `every key of the reference's table is known, and the names of other formats`()
        throws
    {
        let expected: [(String, ChatFormat)] = [
            ("default", .phi), ("v0", .phi), ("phi", .phi), ("phi-1.5", .phi), ("phi-2", .phi),
            ("vicuna", .vicuna), ("vicuna_v1", .vicuna), ("v1", .vicuna), ("gemma", .gemma),
            ("phi-3", .phi3), ("phi3", .phi3), ("plain", .plain),
            ("chatml", .chatML), ("qwen2", .qwen2), ("qwen2.5", .qwen25), ("smollm2", .smolLM2),
            ("llama-2", .llama2), ("llama_2", .llama2), ("gemma-it", .gemmaTurns),
            ("phi-3-instruct", .phi3Instruct), ("phi-3-first", .phi3First),
            ("llava-hf", .llavaHF), ("mistral", .mistral), ("mistral-first", .mistralFirst),
            ("zephyr", .zephyr), ("stablelm-zephyr", .stableLMZephyr),
        ]
        #expect(ChatFormat.names == expected.map(\.0))
        for (name, template) in expected { #expect(try ChatFormat.named(name) == template) }
        #expect(ChatFormat.all.allSatisfy { $0.names.contains($0.name) && !$0.models.isEmpty })
    }

    @Test(arguments: ["phi-2_v0", "llava_v1", "Phi", "", "v0_mmtag"])
    func `an unknown key is an error that lists the keys`(name: String) {
        let error = #expect(throws: ChatError.self) { try ChatFormat.named(name) }
        #expect(error?.code == .unknownTemplate)
        for known in ChatFormat.names { #expect(error?.message.contains(known) == true) }
    }

    @Test func `Phi renders its strings exactly`() throws {
        let encoder = try ConversationEncoder(tokenizer: StubTokenizer.phi, template: .phi)
        let text = try encoder.render(talk("<image>\nQ1", "A1", "Q2", "A2", images: ["a"])).text
        #expect(
            text == system + " USER: <image>\nQ1 ASSISTANT: A1<|endoftext|>"
                + "USER: Q2 ASSISTANT: A2<|endoftext|>")
    }

    @Test func `Gemma renders its strings exactly`() throws {
        let encoder = try ConversationEncoder(tokenizer: StubTokenizer.gemma, template: .gemma)
        let text = try encoder.render(talk("Q1", "A1", "Q2", "A2")).text
        #expect(
            text == system + " USER: Q1 ASSISTANT: A1<eos>USER: Q2 ASSISTANT: A2<eos>")
    }

    @Test func `Phi-3 renders its strings exactly`() throws {
        let encoder = try ConversationEncoder(tokenizer: StubTokenizer.phi3, template: .phi3)
        let text = try encoder.render(talk("Q1", "A1", "Q2", "A2")).text
        #expect(
            text == "<|system|>You are a helpful AI assistant.<|end|><|user|>Q1<|end|>"
                + "<|assistant|>A1<|end|><|user|>Q2<|end|><|assistant|>A2<|end|>")
    }

    @Test func `plain renders the image, the caption and a newline`() throws {
        let encoder = try ConversationEncoder(tokenizer: StubTokenizer.phi, template: .plain)
        let sample = talk("Describe it.\n<image>", "a dog on grass", images: ["a"])
        #expect(try encoder.render(sample).text == "<image>a dog on grass\n")
    }

    @Test func `a template whose end of turn is not a token is refused`() {
        let error = #expect(throws: ChatError.self) {
            try ConversationEncoder(tokenizer: StubTokenizer.gemma, template: .phi)
        }
        #expect(error?.code == .unsuitableTemplate)
        #expect(error?.message.contains("<|endoftext|>") == true)
    }

    @Test func `a text between rounds or at the end that is not a token is refused`() {
        for (format, missing) in [(ChatFormat.llama2, "</s>"), (.phi3Instruct, "<|end|>")] {
            let error = #expect(throws: ChatError.self) { try format.check(StubTokenizer.phi) }
            #expect(error?.message.contains(missing) == true)
        }
        let error = #expect(throws: ChatError.self) {
            try ChatFormat.llama2.check(StubTokenizer.gemmaStrikeThrough)
        }
        #expect(error?.message.contains("\"<s>\"") == true)
    }

    @Test func `a system message is refused where the format has none`() throws {
        for format in [ChatFormat.gemmaTurns, .phi3First] {
            let encoder = try ConversationEncoder(
                tokenizer: StubTokenizer.fitting(format), template: format)
            for text in ["Be brief.", ""] {
                let error = #expect(throws: ChatError.self) {
                    try encoder.prompt(for: [.init(.system, text), .init(.user, "Q")])
                }
                #expect(error?.code == .unsuitableTemplate)
                #expect(error?.message.contains(format.name) == true)
            }
        }
    }

    @Test func `a format without an end of answers has prompts but is not trained with`() throws {
        let encoder = try ConversationEncoder(tokenizer: StubTokenizer.llama, template: .llavaHF)
        #expect(try encoder.prompt(for: [.init(.user, "Q")]).text == "USER: Q ASSISTANT:")
        let pair = ConversationSample(
            turns: [.init(.human, "Q")], answers: AnswerPair(chosen: "a", rejected: "b"))
        for error in [
            #expect(throws: ChatError.self) { try encoder.encode(talk("Q", "A")) },
            #expect(throws: ChatError.self) { try encoder.encodePair(pair) },
        ] {
            #expect(error?.code == .unsuitableTemplate)
            #expect(error?.message.contains("vicuna") == true)
        }
    }

    @Test func `stop ids hold the end of turn and the end of text`() {
        #expect(ChatFormat.phi.stopIDs(StubTokenizer.phi) == [50256])
        #expect(ChatFormat.gemma.stopIDs(StubTokenizer.gemma) == [1])
        #expect(ChatFormat.phi3.stopIDs(StubTokenizer.phi3) == [32007, 32000])
        #expect(ChatFormat.plain.stopIDs(StubTokenizer.phi) == [50256])
        #expect(ChatFormat.plain.stopTexts == ["\n"])
        #expect(ChatFormat.chatML.stopIDs(StubTokenizer.chatML) == [2, 0])
        #expect(ChatFormat.gemmaTurns.stopIDs(StubTokenizer.gemmaTurns) == [107, 1])
        #expect(ChatFormat.llama2.stopIDs(StubTokenizer.llama) == [2])
        #expect(ChatFormat.llavaHF.stopIDs(StubTokenizer.llama) == [2])
        #expect(ChatFormat.llavaHF.stopTexts.isEmpty)
    }
}
