import MiphaChat
import Testing

private func encoder(
    _ template: ChatFormat = .phi, _ tokenizer: StubTokenizer = .phi,
    _ options: EncodingOptions = .training
) throws -> ConversationEncoder {
    try ConversationEncoder(tokenizer: tokenizer, template: template, options: options)
}

@Suite struct LabelTests {
    @Test func `worked example supervises both answers and their ends`() throws {
        let sample = try encoder().encode(talk("<image>\nQ1", "A1", "Q2", "A2", images: ["a"]))
        #expect(sample.imageCount == 1)
        #expect(sample.ids.count == sample.labels.count)
        #expect(
            supervisedText(sample, StubTokenizer.phi) == " A1<|endoftext|> A2<|endoftext|>")
        for (id, label) in zip(sample.ids, sample.labels) {
            #expect(label == IgnoredLabel.id || label == id)
            if id == ImageMarker.id { #expect(label == IgnoredLabel.id) }
        }
        let reference = try encoder(.phi, .phi, .parity)
            .encode(talk("<image>\nQ1", "A1", "Q2", "A2", images: ["a"]))
        #expect(reference.ids == sample.ids)
        #expect(reference.labels == sample.labels)
        #expect(reference.referenceOutcome == .kept)
    }

    @Test func `constants have the reference's values`() {
        #expect(ImageMarker.id == -200)
        #expect(IgnoredLabel.id == -100)
    }

    @Test func `Gemma masks the beginning of text and supervises the leading space`() throws {
        for options in [EncodingOptions.training, .parity] {
            let sample = try encoder(.gemma, .gemma, options)
                .encode(talk("<image>\nQ", "A", "R", "S", images: ["a"]))
            #expect(sample.ids.first == 2)
            #expect(sample.ids.count { $0 == 2 } == 1)
            #expect(sample.labels.first == IgnoredLabel.id)
            #expect(supervisedText(sample, StubTokenizer.gemma) == " A<eos> S<eos>")
        }
    }

    @Test func `a marker in front keeps one beginning of text before it`() throws {
        let sample = try encoder(.plain, .gemma)
            .encode(talk("<image>", "x", images: ["a"]))
        #expect(Array(sample.ids.prefix(2)) == [2, ImageMarker.id])
        #expect(sample.ids.count { $0 == 2 } == 1)
    }

    @Test func `Phi-3 supervises answers and ends`() throws {
        let sample = try encoder(.phi3, .phi3).encode(talk("Q", "A", "R", "S"))
        #expect(supervisedText(sample, StubTokenizer.phi3) == "A<|end|>S<|end|>")
    }

    @Test func `the reference policy has no rule for Phi-3`() {
        #expect(throws: ChatError.self) { try encoder(.phi3, .phi3, .parity) }
    }

    @Test func `plain supervises caption and newline but no end of text`() throws {
        for tokenizer in [StubTokenizer.phi, .gemma] {
            for options in [EncodingOptions.training, .parity] {
                let sample = try encoder(.plain, tokenizer, options)
                    .encode(talk("Describe.\n<image>", "a dog", images: ["a"]))
                let masked = tokenizer.addsBeginningOfText ? 2 : 1
                #expect(
                    sample.labels.prefix(masked).allSatisfy { $0 == IgnoredLabel.id })
                #expect(sample.labels.dropFirst(masked) == sample.ids.dropFirst(masked))
                #expect(supervisedText(sample, tokenizer) == "a dog\n")
                #expect(!sample.ids.contains(tokenizer.endOfTextID ?? -1))
            }
        }
    }

    @Test(arguments: [EncodingOptions.training, .parity])
    func `plain needs two turns and an image`(options: EncodingOptions) throws {
        let plain = try encoder(.plain, .phi, options)
        for bad in [
            talk("Q", "A"), talk("<image>", "A", "Q", "B", images: ["a"]),
            talk("<image>", images: ["a"]),
        ] {
            #expect(throws: ChatError.self) { try plain.encode(bad) }
        }
    }

    @Test func `an answer with role words stays whole but masks the reference`() throws {
        let sample = talk("Q", "He said: ASSISTANT: no", "R", "S")
        let ours = try encoder().encode(sample)
        #expect(
            supervisedText(ours, StubTokenizer.phi)
                == " He said: ASSISTANT: no<|endoftext|> S<|endoftext|>")
        let reference = try encoder(.phi, .phi, .parity).encode(sample)
        #expect(reference.supervisedCount == 0)
        #expect(reference.referenceOutcome?.isMasked == true)
        #expect(reference.ids == ours.ids)
    }

    @Test func `an end of turn inside an answer masks the sample in the reference only`() throws {
        let sample = talk("Q", "one<|endoftext|>two")
        #expect(
            supervisedText(try encoder().encode(sample), StubTokenizer.phi)
                == " one<|endoftext|>two<|endoftext|>")
        #expect(try encoder(.phi, .phi, .parity).encode(sample).supervisedCount == 0)
    }

    @Test func `an empty answer still teaches the end of turn`() throws {
        let sample = talk("Q", "", "R", "S")
        #expect(
            supervisedText(try encoder().encode(sample), StubTokenizer.phi)
                == " <|endoftext|> S<|endoftext|>")
    }

    @Test func `the reference writes an empty turn without an end and learns none of it`() throws {
        let sample = talk("Q", "", "R", "S")
        let reference = try encoder(.phi, .phi, .parity).encode(sample)
        func text(_ sample: EncodedSample) -> String {
            StubTokenizer.phi.decode(sample.ids, skippingSpecialTokens: false)
        }
        #expect(text(reference).hasSuffix("USER: Q ASSISTANT:USER: R ASSISTANT: S<|endoftext|>"))
        #expect(supervisedText(reference, StubTokenizer.phi) == " S<|endoftext|>")
        #expect(reference.referenceOutcome == .kept)
        #expect(
            text(try encoder().encode(sample)).hasSuffix(
                "USER: Q ASSISTANT: <|endoftext|>USER: R ASSISTANT: S<|endoftext|>"))
        let last = try encoder(.phi, .phi, .parity).encode(talk("Q", "A", "R", ""))
        #expect(text(last).hasSuffix("ASSISTANT: A<|endoftext|>USER: R ASSISTANT:"))
    }

    @Test func `a last human turn is kept without supervision`() throws {
        let sample = try encoder().encode(talk("Q", "A", "And?"))
        #expect(supervisedText(sample, StubTokenizer.phi) == " A<|endoftext|>")
        #expect(
            StubTokenizer.phi.decode(sample.ids, skippingSpecialTokens: false)
                .hasSuffix("<|endoftext|>USER: And? "))
        let reference = try encoder(.phi, .phi, .parity).encode(talk("Q", "A", "And?"))
        #expect(reference.referenceOutcome?.isMasked == true)
        #expect(try encoder().encode(talk("Q")).supervisedCount == 0)
    }

    @Test func `truncation cuts ids and labels at the end`() throws {
        let sample = talk("<image>\nQ", String(repeating: "word ", count: 50), images: ["a"])
        let whole = try encoder().encode(sample)
        for options in [EncodingOptions.training, .parity] {
            var options = options
            options.maximumLength = 70
            let cut = try encoder(.phi, .phi, options).encode(sample)
            #expect(cut.ids == Array(whole.ids.prefix(70)))
            #expect(cut.labels == Array(whole.labels.prefix(70)))
            #expect(cut.truncatedCount == whole.ids.count - 70)
        }
    }

    @Test func `turns must start with the human and alternate`() throws {
        let leading = ConversationSample(
            id: "x7", turns: [.init(.assistant, "hi"), .init(.human, "Q"), .init(.assistant, "A")])
        let error = #expect(throws: ChatError.self) { try encoder().encode(leading) }
        #expect(error?.code == .turnOrder)
        #expect(error?.message.contains("x7") == true)
        #expect(error?.message.contains("conversations[0].from") == true)
        let reference = try encoder(.phi, .phi, .parity).encode(leading)
        #expect(supervisedText(reference, StubTokenizer.phi) == " A<|endoftext|>")
        let double = ConversationSample(turns: [.init(.human, "Q"), .init(.human, "R")])
        for options in [EncodingOptions.training, .parity] {
            #expect(throws: ChatError.self) { try encoder(.phi, .phi, options).encode(double) }
            #expect(throws: ChatError.self) { try encoder(.phi, .phi, options).encode(talk([])) }
        }
    }

    @Test func `a maximum length below one is refused`() {
        #expect(throws: ChatError.self) {
            try encoder(.phi, .phi, EncodingOptions(maximumLength: 0))
        }
    }
}
