import Foundation
import MiphaChat
import MiphaFiles
import Testing

/// Questions with a chosen and a rejected answer.
@Suite struct PairTests {
    private func read(_ text: String) throws -> [ConversationSample] {
        try ConversationReader(form: .preferences).read(bytes: Array(text.utf8), name: "x.json")
    }

    private func encoder(
        _ options: EncodingOptions = .training
    ) throws -> ConversationEncoder {
        try ConversationEncoder(tokenizer: StubTokenizer.phi, template: .phi, options: options)
    }

    private let open = #""conversations":[{"from":"human","value":"Q"}]"#

    @Test func `answers are texts, turns, or lists of one turn`() throws {
        let samples = try read(
            #"""
            [{"id": 1, \#(open), "chosen": "A", "rejected": "B"},
             {"id": 2, \#(open), "chosen": {"from": "gpt", "value": "A"},
              "rejected": {"role": "assistant", "content": "B"}},
             {"id": 3, \#(open), "chosen": [{"role": "assistant", "content": "A"}],
              "rejected": "B", "score": [1, 2]}]
            """#)
        #expect(samples.map(\.id) == ["1", "2", "3"])
        for sample in samples {
            #expect(sample.answers == AnswerPair(chosen: "A", rejected: "B"))
            #expect(sample.turns == [.init(.human, "Q")])
        }
    }

    @Test func `the published form is read, with markers for its images`() throws {
        let samples = try read(
            #"""
            {"prompt": "P", "chosen": "A", "rejected": "B"}
            {"question": "P", "image": "a.png", "chosen": "A", "rejected": "B"}
            {"question": "P", "image": ["a.png", "b.png"], "chosen": "A", "rejected": "B"}
            {"prompt": "P <image>", "image": "a.png", "chosen": "A", "rejected": "B"}
            {"prompt": [{"role": "user", "content": "P"}], "chosen": "A", "rejected": "B"}
            """#)
        #expect(
            samples.map { $0.turns[0].text } == [
                "P", "<image>\nP", "<image>\n<image>\nP", "P <image>", "P",
            ])
        #expect(samples.map(\.images.count) == [0, 1, 2, 1, 0])
    }

    @Test(arguments: [
        (#"{"id": "i", \o, "rejected": "B"}"#, #"(id "i") key "chosen" is missing"#),
        (#"{\o, "chosen": "A"}"#, #"key "rejected" is missing"#),
        (#"{\o, "chosen": 3, "rejected": "B"}"#, #"key "chosen": expected a text or a turn"#),
        (
            #"{\o, "chosen": "A", "rejected": {"from": "human", "value": "B"}}"#,
            #"key "rejected": expected a turn of "gpt", found one of "human""#
        ),
        (
            #"{\o, "chosen": [], "rejected": "B"}"#,
            #"key "chosen": expected one turn, found 0"#
        ),
        (
            #"{\o, "chosen": {"value": "A"}, "rejected": "B"}"#,
            #"key "chosen.from" is missing"#
        ),
        (#"{"chosen": "A", "rejected": "B"}"#, #"key "conversations" is missing"#),
        (#"{"prompt": 1, "chosen": "A", "rejected": "B"}"#, #"key "prompt": expected a string"#),
        (
            #"{"conversations": [{"from":"human","value":"Q"},{"from":"gpt","value":"A"}], "chosen": "A", "rejected": "B"}"#,
            #"conversations: expected a "human" turn at the end"#
        ),
        (
            #"{"conversations": [], "chosen": "A", "rejected": "B"}"#,
            "found no turn"
        ),
    ])
    func `what is not a pair is refused by file, item and key`(item: String, part: String) throws {
        let text = item.replacing(#"\o"#, with: open)
        let error = #expect(throws: ChatError.self) { try read("[\(text)]") }
        let message = error?.message ?? ""
        #expect(message.hasPrefix("x.json: item 0: ") && message.contains(part), "\(message)")
    }

    @Test func `keys of pairs mean nothing in ordinary conversations`() throws {
        let text =
            #"[{"conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}],"chosen":1}]"#
        let samples = try ConversationReader().read(bytes: Array(text.utf8), name: "x")
        #expect(samples[0].answers == nil && samples[0].turns.count == 2)
    }

    @Test func `only the answer itself is supervised, after the same question`() throws {
        let sample = ConversationSample(
            images: ["a"],
            turns: [.init(.human, "<image>\nQ1"), .init(.assistant, "A1"), .init(.human, "Q2")],
            answers: AnswerPair(chosen: "yes it is", rejected: "no"))
        let pair = try encoder().encodePair(sample)
        #expect(supervisedText(pair.chosen, StubTokenizer.phi) == " yes it is<|endoftext|>")
        #expect(supervisedText(pair.rejected, StubTokenizer.phi) == " no<|endoftext|>")
        for (encoded, answer) in [(pair.chosen, "yes it is"), (pair.rejected, "no")] {
            let turns = sample.turns + [.init(.assistant, answer)]
            let whole = try encoder().encode(
                ConversationSample(images: sample.images, turns: turns))
            #expect(encoded.ids == whole.ids)
            #expect(encoded.imageCount == 1)
            let first = try #require(encoded.labels.firstIndex { $0 != IgnoredLabel.id })
            #expect(Array(encoded.labels[first...]) == Array(whole.labels[first...]))
            #expect(Array(encoded.ids[..<first]) == Array(pair.rejected.ids[..<first]))
        }
    }

    @Test func `an answer is cut at the maximum length but never a whole one`() throws {
        let sample = ConversationSample(
            id: "t", turns: [.init(.human, "Q")],
            answers: AnswerPair(chosen: "one two three four", rejected: "no"))
        let whole = try encoder().encodePair(sample)
        let limit = whole.rejected.ids.count
        let cut = try encoder(EncodingOptions(maximumLength: limit)).encodePair(sample)
        #expect(cut.chosen.truncatedCount > 0 && cut.rejected == whole.rejected)
        let start = try #require(whole.rejected.labels.firstIndex { $0 != IgnoredLabel.id })
        let error = #expect(throws: ChatError.self) {
            try encoder(EncodingOptions(maximumLength: start)).encodePair(sample)
        }
        #expect(error?.message.hasPrefix("item \"t\": chosen: the answer begins after") == true)
    }

    @Test func `what cannot be encoded as a pair is refused`() throws {
        let turns = [ConversationSample.Turn(.human, "Q")]
        let plain = ConversationSample(id: "t", turns: turns)
        #expect(throws: ChatError.self) { try encoder().encodePair(plain) }
        let marked = ConversationSample(
            id: "t", turns: turns, answers: AnswerPair(chosen: "A", rejected: "<image>"))
        let error = #expect(throws: ChatError.self) { try encoder().encodePair(marked) }
        #expect(error?.message.contains("rejected: <image> in an answer") == true)
        let pair = ConversationSample(
            turns: turns, answers: AnswerPair(chosen: "A", rejected: "B"))
        #expect(throws: ChatError.self) { try encoder(.parity).encodePair(pair) }
    }

    @Test func `a pair that is cut anywhere is an error, never a trap`() throws {
        let text =
            #"{"id":1,"image":["a"],"prompt":[{"role":"user","content":"P"}],"chosen":{"from":"gpt","value":"A"},"rejected":["B"]}"#
        let bytes = Array(text.utf8)
        let reader = ConversationReader(form: .preferences)
        for count in 1..<bytes.count {
            #expect(throws: ChatError.self) {
                try reader.read(bytes: Array(bytes.prefix(count)), name: "x")
            }
        }
        var generator = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            var spoiled = bytes
            spoiled[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                in: 0...255, using: &generator)
            _ = try? reader.read(bytes: spoiled, name: "x")
        }
    }
}
