import MiphaChat
import Testing

private let system =
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    + "helpful, detailed, and polite answers to the user's questions."

@Suite struct TemplateTests {
    @Test func `every key of the reference's table is known, and LLaVA's for Vicuna`() throws {
        let expected: [(String, ChatTemplate)] = [
            ("default", .phi), ("v0", .phi), ("phi", .phi), ("phi-1.5", .phi), ("phi-2", .phi),
            ("vicuna", .vicuna), ("vicuna_v1", .vicuna), ("v1", .vicuna), ("gemma", .gemma),
            ("phi-3", .phi3), ("phi3", .phi3), ("plain", .plain),
        ]
        #expect(ChatTemplate.names == expected.map(\.0))
        for (name, template) in expected { #expect(try ChatTemplate.named(name) == template) }
    }

    @Test(arguments: ["phi-2_v0", "llava_v1", "Phi", "", "v0_mmtag"])
    func `an unknown key is an error that lists the keys`(name: String) {
        let error = #expect(throws: ChatError.self) { try ChatTemplate.named(name) }
        #expect(error?.code == .unknownTemplate)
        for known in ChatTemplate.names { #expect(error?.message.contains(known) == true) }
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

    @Test func `stop ids hold the end of turn and the end of text`() {
        #expect(ChatTemplate.phi.stopIDs(StubTokenizer.phi) == [50256])
        #expect(ChatTemplate.gemma.stopIDs(StubTokenizer.gemma) == [1])
        #expect(ChatTemplate.phi3.stopIDs(StubTokenizer.phi3) == [32007, 32000])
        #expect(ChatTemplate.plain.stopIDs(StubTokenizer.phi) == [50256])
        #expect(ChatTemplate.plain.stopTexts == ["\n"])
    }
}
