import MiphaChat
import MiphaFiles
import Testing

/// What holds for each format and any conversation.
@Suite struct ChatFormatPropertyTests {
    /// What counts of an answer, written down apart from the formats.
    private static let supervised: [(name: String, before: String, after: String, trims: Bool)] = [
        ("phi", " ", "<|endoftext|>", false), ("vicuna", " ", "</s>", false),
        ("gemma", " ", "<eos>", false), ("phi-3", "", "<|end|>", false), ("plain", "", "\n", false),
        ("chatml", "", "<|im_end|>", false), ("qwen2", "", "<|im_end|>", false),
        ("qwen2.5", "", "<|im_end|>", false), ("smollm2", "", "<|im_end|>", false),
        ("llama-2", " ", " </s>", true), ("gemma-it", "", "<end_of_turn>", true),
        ("phi-3-instruct", "", "<|end|>", false), ("phi-3-first", "", "<|end|>", false),
        ("llava-hf", " ", " ", false), ("mistral", "", "</s>", false),
        ("mistral-first", "", "</s>", false), ("zephyr", "", "</s>", false),
        ("stablelm-zephyr", "", "<|endoftext|>", false),
    ]

    /// Special texts of every family, whole and in parts.
    private static let markers = [
        "<|im_start|>", "<|im_end|>", "<|end|>", "<|endoftext|>", "<|user|>\n", "</s>", "<s>",
        "[INST]", " [/INST] ", "<<SYS>>\n", "\n<</SYS>>\n\n", "<start_of_turn>model\n",
        "<end_of_turn>", "<eos>", "<bos>", "<|", "<", "\u{1F}", "\u{3000}",
    ]

    private func text(_ generator: inout SplitMix64) -> String {
        var text = randomText(&generator)
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            text += Self.markers.randomElement(using: &generator) ?? ""
            text += randomText(&generator)
        }
        if Int.random(in: 0..<400, using: &generator) == 0 {
            text += String(repeating: "a very long turn ", count: 2000) + text
        }
        return text
    }

    /// Turns with images of their own; markers stand anywhere in human turns.
    private func conversation(_ generator: inout SplitMix64) -> (texts: [String], images: [Int]) {
        let rounds = Int.random(in: 1...4, using: &generator)
        var texts = (0..<2 * rounds).map { index in
            let isEmpty = Int.random(in: 0..<6, using: &generator) == 0
            return isEmpty ? "" : text(&generator)
        }
        var images = [Int](repeating: 0, count: texts.count)
        for index in stride(from: 0, to: texts.count, by: 2)
        where Int.random(in: 0..<3, using: &generator) == 0 {
            images[index] = Int.random(in: 1...2, using: &generator)
            for _ in 0..<images[index] {
                let place = Int.random(in: 0...texts[index].count, using: &generator)
                let (head, rest) = (texts[index].prefix(place), texts[index].dropFirst(place))
                texts[index] = "\(head)<image>\(rest)"
            }
            // The second may have cut the first apart.
            if markerCount(texts[index]) != images[index] {
                texts[index] = String(repeating: "<image>", count: images[index])
            }
        }
        return (texts, images)
    }

    /// Python's `strip` by another way than that of the code.
    private func stripped(_ text: String) -> String {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
        }
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, isBlank(first) { scalars.removeFirst() }
        while let last = scalars.last, isBlank(last) { scalars.removeLast() }
        return String(String.UnicodeScalarView(scalars))
    }

    private func markerCount(_ text: String) -> Int {
        let (bytes, marker) = (Array(text.utf8), Array("<image>".utf8))
        return bytes.indices.count { bytes[$0...].starts(with: marker) }
    }

    private func slice(_ rendered: RenderedConversation, _ range: Range<Int>) -> String {
        String(decoding: Array(rendered.text.utf8)[range], as: UTF8.self)
    }

    @Test func `the table names every format`() {
        #expect(Self.supervised.map(\.name) == ChatFormat.all.map(\.name))
    }

    @Test(arguments: ChatFormat.all.map(\.name))
    func `the supervised bytes are the answers and their ends, and prompts begin the whole`(
        _ name: String
    ) throws {
        let format = try ChatFormat.named(name)
        guard format.style == .turns else { return try checkPlain(format) }
        let expected = try #require(Self.supervised.first { $0.name == format.name })
        let tokenizer = try StubTokenizer.fitting(format)
        let options = EncodingOptions(maximumLength: nil)
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: format, options: options)
        var generator = SplitMix64(seed: UInt64(ChatFormat.all.firstIndex(of: format) ?? 0))
        for number in 0..<2000 {
            let (texts, images) = conversation(&generator)
            let names = images.flatMap { Array(repeating: "a.png", count: $0) }
            let sample = talk(texts, images: names)
            let rendered = try encoder.render(sample)
            let answers = stride(from: 1, to: texts.count, by: 2).map { index in
                let answer = expected.trims ? stripped(texts[index]) : texts[index]
                return expected.before + answer + expected.after
            }
            let found = rendered.supervised.map { slice(rendered, $0) }
            try #require(found.count == answers.count)
            for (left, right) in zip(found, answers) {
                try #require(sameBytes(left, right), "\(number): \(texts)")
            }
            try #require(rendered.markers.count == names.count)
            let round = Int.random(in: 0..<answers.count, using: &generator)
            let prompt = try encoder.prompt(
                for: zip(texts, images).prefix(2 * round + 1).enumerated().map { index, turn in
                    ChatMessage(
                        index.isMultiple(of: 2) ? .user : .assistant, turn.0,
                        images: Array(repeating: .file("a.png"), count: turn.1))
                })
            try #require(
                rendered.text.utf8.starts(with: (prompt.text + answers[round]).utf8),
                "\(number): \(texts)")
            guard !format.endOfTurn.isEmpty else { continue }
            let encoded = try encoder.encode(sample)
            try #require(
                sameBytes(supervisedText(encoded, tokenizer), answers.joined()),
                "\(number): \(texts)")
            try #require(encoded.ids.starts(with: prompt.ids), "\(number): \(texts)")
        }
    }

    /// Stage 1: a caption after its image.
    private func checkPlain(_ format: ChatFormat) throws {
        let tokenizer = try StubTokenizer.fitting(format)
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: format, options: EncodingOptions(maximumLength: nil))
        var generator = SplitMix64(seed: 4)
        for number in 0..<2000 {
            let caption = text(&generator)
            let sample = talk("<image>\n" + text(&generator), caption, images: ["a.png"])
            let rendered = try encoder.render(sample)
            try #require(sameBytes(rendered.text, "<image>" + caption + "\n"), "\(number)")
            try #require(rendered.supervised == [7..<rendered.text.utf8.count])
            let encoded = try encoder.encode(sample)
            try #require(
                sameBytes(supervisedText(encoded, tokenizer), caption + "\n"), "\(number)")
            try #require(encoded.ids.first == ImageMarker.id)
        }
    }
}
