import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Which field of a record counts as the model's answer, in every reader of predictions.
struct AnswerFieldTests {
    /// A record, and what must come of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let benchmark: String
        /// One record; others are made of it by ``rest``.
        let record: String
        /// The prediction that counts, or words of the error.
        let outcome: Result<String, Words>

        var testDescription: String { "\(benchmark): \(name)" }

        struct Words: Error { let all: [String] }

        static func takes(
            _ text: String, _ benchmark: String, _ name: String, _ record: String
        ) -> Case {
            Case(name: name, benchmark: benchmark, record: record, outcome: .success(text))
        }

        static func refuses(
            _ words: String..., of benchmark: String, _ name: String, _ record: String
        ) -> Case {
            Case(
                name: name, benchmark: benchmark, record: record,
                outcome: .failure(Words(all: words)))
        }
    }

    /// Readers of the common names, with the id of a question of their fixture.
    static let common = [
        ("ai2d", "0"), ("chartqa", "\"human_0\""), ("docvqa", "101"), ("seed", "\"101\""),
        ("scienceqa", "\"2\""), ("custom", "\"picture-0-count\""),
    ]

    static let shared: [Case] =
        common.flatMap { id, question -> [Case] in
            let start = "{\"question_id\": \(question), "
            return [
                .takes(
                    "w", id, "the right answer beside the model's",
                    start + #""answer": "r", "prediction": "w"}"#),
                .takes("w", id, "the model's first", start + #""prediction": "w", "answer": "r"}"#),
                .takes("w", id, "an upload", start + #""answer": "w"}"#),
                .takes("w", id, "the right one under gt", start + #""gt": "r", "answer": "w"}"#),
                .takes(
                    "w", id, "LLaVA's line with the right answer",
                    start + #""prompt": "?", "text": "w", "answer": "r"}"#),
                .takes(
                    "w", id, "a question's fields, and the right one under its name",
                    start + #""question": "?", "answer": "w", "gt_answer": "r", "choices": []}"#),
                .refuses(
                    "\"text\"", "\"answer\"", of: id, "the question or an answer under text",
                    start + #""text": "?", "answer": "r"}"#),
                .refuses(
                    "\"prediction\"", "\"text\"", of: id, "two answers of a model",
                    start + #""prompt": "?", "text": "v", "prediction": "w"}"#),
                .refuses(
                    "\"answer\"", "\"response\"", of: id, "a model's name that is not read",
                    start + #""answer": "r", "response": "w"}"#),
                .refuses(
                    "\"answer\"", "\"options\"", of: id, "the fields of a question",
                    start + #""question": "?", "options": ["a", "b"], "answer": "r"}"#),
                .refuses(
                    "\"prediction\"", "null", of: id, "an answer that is null",
                    start + #""answer": "r", "prediction": null}"#),
                .refuses(
                    "\"prediction\"", "a number", of: id, "an answer that is NaN",
                    start + #""answer": "r", "prediction": NaN}"#),
                .refuses(
                    "question files", of: id, "a line of a question file",
                    start + #""image": "a.png", "text": "?", "category": "default"}"#),
                .refuses(
                    "\"question_id\"", "1.5", of: id, "an id that is no integer",
                    #"{"question_id": 1.5, "text": "w"}"#),
            ]
        }

    static let others: [Case] = [
        .refuses(
            "\"answer\"", "\"prediction\"", of: "vqav2", "both",
            #"{"question_id": 42000, "answer": "r", "prediction": "w"}"#),
        .refuses(
            "\"text\"", "\"answer\"", of: "vqav2", "the question under text",
            #"{"question_id": 42000, "text": "?", "answer": "r"}"#),
        .refuses(
            "question files", of: "vizwiz", "a line of a question file",
            #"{"question_id": 0, "image": "VizWiz_val_00000000.jpg", "text": "?", "#
                + #""category": "default"}"#),
        .refuses(
            "\"text\"", "\"prediction\"", of: "gqa", "the question under text",
            #"{"question_id": "201307251", "text": "?", "prediction": "w"}"#),
        .refuses(
            "\"text\"", "\"answer\"", of: "pope", "a label line with an answer",
            #"{"question_id": 1, "text": "?", "label": "no", "answer": "yes"}"#),
        .refuses(
            "\"text\"", "\"prediction\"", of: "mmbench", "the question under text",
            #"{"index": 241, "text": "?", "answer": "A", "prediction": "B"}"#),
        .takes(
            "w", "mmmu", "the authors' record with the right answer",
            #"{"id": "validation_Math_2", "question_type": "short-answer", "answer": "4", "#
                + #""response": "w"}"#),
        .refuses(
            "\"text\"", "\"answer\"", of: "mmmu", "the question under text",
            #"{"id": "validation_Math_2", "text": "?", "answer": "4"}"#),
        .takes(
            "w", "chartqa", "by picture and question",
            #"{"imgname": "bars.png", "query": "How many bars are red?", "answer": "3", "#
                + #""prediction": "w"}"#),
    ]

    @Test(arguments: shared + others)
    func `the right answer and the question are never the model's`(_ item: Case) throws {
        let benchmark = try BenchmarkCatalog.named(item.benchmark)
        let folder = try TemporaryFolder()
        var predictions = try Predictions(folder.write("answers.jsonl", item.record + "\n"))
        predictions.isPartial = true
        var recorder = ScoreRecorder(keepsItems: true)
        recorder.leavesOutMissing = true
        let error = evaluationFailure {
            try benchmark.score(
                predictions,
                against: BenchmarkFiles(PackagePaths.fixture("benchmarks/\(item.benchmark)")),
                variant: benchmark.card.variant(nil), into: &recorder)
        }
        switch item.outcome {
        case .success(let text):
            #expect(error == nil)
            #expect(recorder.items.map(\.prediction) == [text])
        case .failure(let words):
            let message = try #require(error, "\(recorder.items.map(\.prediction))").message
            #expect(error?.code == .wrongFile)
            #expect(words.all.filter { !message.contains($0) } == [], "\(message)")
        }
    }

    @Test func `annotations given as predictions are refused`() throws {
        let folder = try TemporaryFolder()
        let own = try folder.write(
            "questions.jsonl", #"{"id": 1, "question": "?", "answer": "yes"}"# + "\n")
        let copy = try folder.write(
            "copy.jsonl", #"{"id": 1, "question": "?", "answer": "yes"}"# + "\n")
        let scoring = try Scoring(Custom())
        for path in [own, copy] {
            let error = evaluationFailure {
                _ = try scoring.score(Predictions(path), against: BenchmarkFiles(own))
            }
            #expect(error?.message.contains("the same content as \(own)") == true)
        }
        let compared = evaluationFailure {
            _ = try scoring.compare(
                Predictions(folder.write("a.jsonl", #"{"id": 1, "text": "no"}"#)),
                Predictions(copy), against: BenchmarkFiles(own))
        }
        #expect(compared?.message.contains("the same content as") == true)
        let other = try folder.write(
            "more.jsonl", #"{"id": 1, "question": "?", "answer": "yes" }"# + "\n")
        let result = try scoring.score(Predictions(other), against: BenchmarkFiles(own))
        #expect(result.report.notes.contains { $0.contains("the right ones?") })
        // One file may hold both under names of their own.
        let both = try folder.write(
            "both.jsonl", #"{"id": 1, "question": "?", "answer": "yes", "prediction": "no"}"# + "\n"
        )
        let score = try scoring.score(Predictions(both), against: BenchmarkFiles(both))
        #expect(score.report.headline?.value == 0)
        #expect(score.report.notes == [])
    }
}
