import MiphaChat
import Testing

private func rendered(
    _ sample: ConversationSample, _ options: EncodingOptions = .training
) throws -> RenderedConversation {
    try ConversationEncoder(tokenizer: StubTokenizer.phi, template: .phi, options: options)
        .render(sample)
}

/// The first human turn as rendered.
private func turn(
    _ text: String, images: Int = 1, _ options: EncodingOptions = .training
) throws -> String {
    let paths = (0..<images).map { "\($0).png" }
    let text = try rendered(talk(text, "A", images: paths), options).text
    let parts = text.split(separator: "questions. USER: ", maxSplits: 1)
    return String(parts[1]).replacing(" ASSISTANT: A<|endoftext|>", with: "")
}

@Suite struct MarkerTests {
    @Test(arguments: [
        ("<image>\nQ", "<image>\nQ"), ("Q\n<image>", "<image>\nQ"),
        ("a <image> b", "<image>\na  b"),
        ("<image>", "<image>"), ("  <image>  ", "<image>"), ("<image>Q", "<image>\nQ"),
        ("\u{3000}\u{A0}<image>\n\n Q \u{1F}", "<image>\nQ"),
        ("<image>\n\u{85}Q\u{2028}", "<image>\nQ"),
        ("<image>\u{301}x", "<image>\n\u{301}x"), ("<ima<image>ge>", "<image>\n<image>"),
        ("<image>\u{200B}Q", "<image>\n\u{200B}Q"),
    ])
    func `one marker moves to the front of its turn`(text: String, expected: String) throws {
        #expect(sameBytes(try turn(text), expected))
    }

    @Test func `a marker made by deleting another is text`() throws {
        let sample = talk("<ima<image>ge>", "A", images: ["a"])
        #expect(try rendered(sample).markers.count == 1)
    }

    @Test func `several markers of one turn collapse for one image`() throws {
        #expect(try turn("<image> <image>\nQ") == "<image>\nQ")
    }

    @Test func `several images keep their markers where they are`() throws {
        #expect(
            try turn(" Left: <image>, right: <image>? ", images: 2)
                == "Left: <image>, right: <image>?")
        let sample = talk("<image><image> Q", "A", "and <image>", "B", images: ["a", "b", "c"])
        #expect(try rendered(sample).markers.count == 3)
        let encoder = try ConversationEncoder(tokenizer: StubTokenizer.phi, template: .phi)
        #expect(try encoder.encode(sample).imageCount == 3)
    }

    @Test func `the reference collapses markers turn by turn`() throws {
        let encoder = try ConversationEncoder(
            tokenizer: StubTokenizer.phi, template: .phi, options: .parity)
        let sample = talk("<image><image> Q", "A", "and <image>", "B", images: ["a", "b", "c"])
        #expect(try encoder.encode(sample).imageCount == 2)
    }

    @Test(arguments: [
        (["Q", "A"], 1), (["<image> Q", "A"], 0), (["<image> Q", "A"], 2),
        (["<image> Q", "A", "<image>", "B"], 1), (["<image><image><image> Q", "A"], 2),
        (["Q", "see <image>"], 0), (["<image>", "see <image>"], 1), (["<image>", "<image>"], 2),
    ])
    func `counts that do not fit are an error`(texts: [String], images: Int) throws {
        let sample = talk(texts, images: (0..<images).map(String.init))
        let error = #expect(throws: ChatError.self) { try rendered(sample) }
        #expect(error?.code == .imageMarkers)
        #expect(error?.message.contains("item \"t\"") == true)
    }

    @Test(arguments: [
        (
            talk("<image> Q", "A", images: []),
            "found 1; name the image under \"image\", or take the marker out of the text"
        ),
        (
            talk("Q", "<image> A", images: []),
            "<image> in an answer; markers belong into human turns, so take it out of the answer"
        ),
        (talk("Q", "A", images: ["a"]), "put <image> into the human turn that shows it"),
    ])
    func `a message about markers says what to do with the file`(
        sample: ConversationSample, part: String
    ) {
        let error = #expect(throws: ChatError.self) { try rendered(sample) }
        #expect(error?.message.hasSuffix(part) == true, "\(error?.message ?? "")")
    }

    @Test func `the literal rule takes stray markers as text`() throws {
        let options = EncodingOptions(markers: .literal)
        let stray = talk("Which <image> tag?", "The <image> tag.")
        let encoder = try ConversationEncoder(
            tokenizer: StubTokenizer.phi, template: .phi, options: options)
        let encoded = try encoder.encode(stray)
        #expect(encoded.imageCount == 0)
        #expect(supervisedText(encoded, StubTokenizer.phi) == " The <image> tag.<|endoftext|>")
        let mixed = talk("<image>\nWhat?", "An <image> tag.", images: ["a"])
        #expect(try encoder.encode(mixed).imageCount == 1)
    }

    @Test func `the assumed rule takes every marker of a human turn as an image`() throws {
        let options = EncodingOptions(markers: .assumed)
        let encoder = try ConversationEncoder(
            tokenizer: StubTokenizer.phi, template: .phi, options: options)
        #expect(try encoder.encode(talk("<image>\nQ", "A")).imageCount == 1)
        #expect(try encoder.encode(talk("<image> <image> Q", "A")).imageCount == 2)
        #expect(try encoder.encode(talk("Q", "A")).imageCount == 0)
    }

    @Test func `images can stand between start and end tokens`() throws {
        let tokenizer = StubTokenizer.phiWithImageTokens
        for var options in [EncodingOptions.training, .parity] {
            options.wrapsImages = true
            let encoder = try ConversationEncoder(
                tokenizer: tokenizer, template: .phi, options: options)
            let encoded = try encoder.encode(talk("Q <image>", "A", images: ["a"]))
            let marker = try #require(encoded.ids.firstIndex(of: ImageMarker.id))
            #expect(Array(encoded.ids[marker - 1...marker + 1]) == [50295, -200, 50296])
            #expect(supervisedText(encoded, tokenizer) == " A<|endoftext|>")
        }
        var options = EncodingOptions.chat
        options.wrapsImages = true
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: .phi, options: options)
        let image = ImageReference.file("a")
        let prompt = try encoder.prompt(for: [
            ChatMessage(.user, "Q <im_end>", images: [image])
        ])
        #expect(prompt.text.contains("<im_start><image><im_end>\nQ <im_end> ASSISTANT:"))
        #expect(prompt.ids.count { $0 == 50296 } == 1)
        #expect(throws: ChatError.self) {
            try ConversationEncoder(
                tokenizer: StubTokenizer.phi, template: .phi, options: options)
        }
    }

    @Test func `the reference ignores an image without marker`() throws {
        let encoder = try ConversationEncoder(
            tokenizer: StubTokenizer.phi, template: .phi, options: .parity)
        let encoded = try encoder.encode(talk("Q", "A", images: ["a"]))
        #expect(encoded.imageCount == 0)
        #expect(encoded.referenceOutcome == .kept)
    }
}
