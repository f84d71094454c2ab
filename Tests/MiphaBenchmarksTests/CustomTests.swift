import MiphaBenchmarks
import MiphaTestSupport
import Testing

struct CustomTests {
    private func score(
        _ questions: String, _ answers: String, _ variant: String? = nil, kinds: String? = nil
    ) throws -> ScoreRecorder {
        let folder = try TemporaryFolder()
        let file = try folder.write("held-out.json", questions)
        if let kinds { try folder.write("held-out-kinds.json", kinds) }
        return try Judged.score(
            Custom(), try folder.write("answers.jsonl", answers), file, variant)
    }

    private func one(
        _ answer: String, _ right: [String], _ variant: String
    ) throws -> ScoredItem {
        let list = right.map { "\"\($0)\"" }.joined(separator: ",")
        let recorder = try score(
            "[{\"id\": 1, \"text\": \"?\", \"answers\": [\(list)]}]",
            "{\"question_id\": 1, \"text\": \"\(answer)\"}\n", variant)
        return try #require(recorder.items.first)
    }

    @Test func `kinds of a file beside give figures, questions of a picture one cluster`() throws {
        let items = (0..<4).map { index in
            "{\"id\": \"q\(index)\", \"image\": \"\(index / 2).png\", \"conversations\": ["
                + "{\"from\": \"human\", \"value\": \"<image>\\nWhat is \(index)?\"},"
                + "{\"from\": \"gpt\", \"value\": \"a\(index)\"}]}"
        }
        let kinds = (0..<4).map {
            "{\"id\": \"q\($0)\", \"kind\": \"\($0 % 2 == 0 ? "even" : "odd")\"}"
        }
        let answers = ["a0", "A1", " a2 ", "a9"].enumerated().map {
            "{\"question_id\": \"q\($0.offset)\", \"text\": \"\($0.element)\"}\n"
        }
        let recorder = try score(
            "[\(items.joined(separator: ","))]", answers.joined(),
            kinds: "[\(kinds.joined(separator: ","))]")
        #expect(recorder.items.map(\.score) == [1, 0, 1, 0])
        #expect(recorder.items.map(\.cluster) == ["0.png", "0.png", "1.png", "1.png"])
        #expect(Judged.figure(recorder, "accuracy") == 50)
        #expect(Judged.figure(recorder, "accuracy", "even") == 100)
        #expect(Judged.figure(recorder, "accuracy", "odd") == 0)
    }

    @Test func `questions without ids are numbered, missing answers count as wrong`() throws {
        let recorder = try score(
            "{\"text\": \"a?\", \"answer\": \"x\"}\n{\"text\": \"b?\", \"answer\": \"y\"}\n",
            "{\"question_id\": 1, \"text\": \"y\"}\n")
        #expect(recorder.items.map(\.status) == [.missing, .scored])
        #expect(recorder.figures[0].value == 50)
        #expect(recorder.notes.count == 1)
    }

    @Test func `every metric follows its rule`() throws {
        #expect(try one("Red", ["red"], "exact").score == 0)
        #expect(try one("e\u{301}", ["é"], "exact").score == 0)
        #expect(try one("blue", ["red", "blue"], "exact").score == 1)
        #expect(try one("abcd", ["abcx"], "anls").score == 0.75)
        #expect(try one(" 104 ", ["100"], "relaxed").score == 1)
        #expect(try one("B. blue", ["B"], "letter").score == 1)
        #expect(try one("blue", ["B"], "letter").status == .unparsed)
        let ten = Array(repeating: "red", count: 2) + Array(repeating: "blue", count: 8)
        #expect(abs(try one("The Red.", ten, "vqa").score - 0.6) < 1e-12)
        #expect(try one("Two", ["2"], "vqa").score == 1)
        #expect(try one("a red", ["red"], "vqa").parsed == "red")
    }
}
