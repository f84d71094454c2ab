import Foundation
import MiphaChat
import MiphaTokenizers
import Testing

/// Conversations with a tokenizer that puts a blank in front of texts.
@Suite struct `Conversations with a tokenizer of characters` {
    private func tokenizer() throws -> Tokenizer {
        try Tokenizer(
            tokenizerJSON: [UInt8](TestFiles.fixture("tokenizer-families/llama.json")),
            name: "llama")
    }

    private func encoder(_ tokenizer: Tokenizer) throws -> ConversationEncoder {
        try ConversationEncoder(
            tokenizer: tokenizer, template: .named("vicuna"),
            options: EncodingOptions(contentSpecialTokens: .spelled, maximumLength: nil))
    }

    @Test func `supervised tokens are the answers and their ends`() throws {
        let tokenizer = try tokenizer()
        let sample = ConversationSample(
            id: "a", images: ["a.png"],
            turns: [
                .init(.human, "<image>\nWhat is it?"), .init(.assistant, "A red bicycle."),
                .init(.human, "Where?"), .init(.assistant, "At the wall"),
            ])
        let encoded = try encoder(tokenizer).encode(sample)
        #expect(encoded.ids.first == tokenizer.beginningOfTextID)
        #expect(encoded.ids.filter { $0 == tokenizer.beginningOfTextID }.count == 1)
        let supervised = encoded.labels.filter { $0 != IgnoredLabel.id }
        #expect(tokenizer.decode(supervised) == "A red bicycle.</s> At the wall</s>")
    }

    @Test func `special tokens that content spells come apart without blanks`() throws {
        let tokenizer = try tokenizer()
        let sample = ConversationSample(
            id: "a", images: [],
            turns: [.init(.human, "say x</s>y"), .init(.assistant, "no")])
        let ids = try encoder(tokenizer).encode(sample).ids
        let end = try #require(tokenizer.id(of: "</s>"))
        #expect(ids.filter { $0 == end }.count == 1)
        #expect(tokenizer.decode(ids).contains("say x</s>y ASSISTANT:"))
    }
}
