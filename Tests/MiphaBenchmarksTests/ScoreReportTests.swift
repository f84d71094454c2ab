import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct ScoreReportTests {
    @Test func `a scores file comes back with every digit`() throws {
        let folder = try TemporaryFolder()
        for score in [SampleScores.whole, SampleScores.parts, SampleScores.points] {
            let path = folder.file("\(score.benchmark).json")
            try score.write(to: path)
            let back = try ScoreReport(contentsOf: path)
            #expect(back.json == score.json)
            #expect(back.figures.map(\.value) == score.figures.map(\.value))
            #expect(back.figures.map(\.interval) == score.figures.map(\.interval))
            #expect(back.figures.map(\.label) == score.figures.map(\.label))
            #expect(back.counts == score.counts && back.speed == score.speed)
            #expect(back.predictions == score.predictions)
            #expect(back.annotations == score.annotations && back.notes == score.notes)
            #expect(back.unresolved.map(\.json) == score.unresolved.map(\.json))
            #expect(back.unresolved.map(\.groups) == score.unresolved.map(\.groups))
        }
    }

    @Test func `random values survive writing and reading`() throws {
        var random = SplitMix64(seed: 7)
        var score = SampleScores.points
        score.figures = (0..<500).map { number in
            let value = Double(bitPattern: random.next())
            return Figure("f\(number)", value: value.isFinite ? value : 1 / 3, unit: .points)
        }
        let text = try score.json.text()
        let json = try JSONValue(parsing: Array(text.utf8), file: "scores.json")
        let back = try ScoreReport(json: json, file: "scores.json")
        #expect(back.figures.map(\.value) == score.figures.map(\.value))
    }

    @Test func `the file has the documented keys`() throws {
        let json = SampleScores.whole.json
        #expect(
            json.objectValue?.keys == [
                "benchmark", "variant", "headline", "figures", "counts", "unresolved", "notes",
                "inputs", "speed",
            ])
        #expect(json["headline"]?["value"]?.doubleValue == 61.254000000000225)
        #expect(json["headline"]?["interval"]?.arrayValue?.count == 2)
        #expect(json["counts"]?["unparsed"] == 1)
        #expect(json["inputs"]?["predictions"]?["sha256"] == .string(SampleScores.sum))
    }

    @Test func `a value that is no number is null and reads as one`() throws {
        var score = SampleScores.points
        score.figures[0].value = .nan
        score.figures[0].interval = .init(low: -.infinity, high: 1)
        let json = score.json
        #expect(json["headline"]?["value"]?.isNull == true)
        _ = try json.text()
        let back = try ScoreReport(json: json, file: "scores.json")
        #expect(back.figures[0].value.isNaN)
    }

    @Test(arguments: [
        ("[]", "object"), ("{}", "counts"), (#"{"counts":{}}"#, "benchmark"),
        (#"{"counts":{},"benchmark":1}"#, "a string"),
        (#"{"counts":{},"benchmark":"b"}"#, "variant"),
        (#"{"counts":{},"benchmark":"b","variant":"v"}"#, "figures"),
        (#"{"counts":{},"benchmark":"b","variant":"v","figures":{}}"#, "an array"),
        (#"{"counts":{},"benchmark":"b","variant":"v","figures":[1]}"#, "figures[0].unit"),
        (
            #"{"counts":{},"benchmark":"b","variant":"v","figures":[{"unit":"metres"}]}"#,
            "percent, fraction"
        ),
        (
            #"{"counts":{},"benchmark":"b","variant":"v","figures":[{"unit":"count","name":"n"}]}"#,
            "figures[0].value"
        ),
        (
            #"{"counts":{},"benchmark":"b","variant":"v","figures":"#
                + #"[{"unit":"count","name":"n","value":1,"interval":[1]}]}"#, "two numbers"
        ),
        (#"{"counts":{},"benchmark":"b","variant":"v","figures":[]}"#, "questions"),
        (
            #"{"counts":{"questions":-1},"benchmark":"b","variant":"v","figures":[]}"#,
            "counts"
        ),
        ("", "scores.json"), ("{\"benchmark\":", "scores.json"), ("PK\u{3}\u{4}", "scores.json"),
    ])
    func `a file that is no scores file is named with what is wrong`(
        _ text: String, _ mention: String
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("scores.json")
        try AtomicFile.write(text, to: path)
        let error = try #require(throws: EvaluationError.self) {
            try ScoreReport(contentsOf: path)
        }
        #expect(error.message.contains("scores.json"))
        #expect(error.message.contains(mention) || mention == "counts", "\(error.message)")
    }

    @Test func `the recorder's figures and counts are taken over`() throws {
        var recorder = ScoreRecorder()
        try recorder.record(ScoredItem(id: QuestionID(1), score: 1, prediction: "a"))
        try recorder.record(
            ScoredItem(id: QuestionID(2), score: 0, status: .ambiguous, prediction: "a or b"))
        try recorder.record(
            ScoredItem(id: QuestionID(3), score: 0, status: .missing, prediction: ""))
        recorder.addMeans("accuracy")
        let score = ScoreReport(benchmark: "b", variant: "v", recorder: recorder)
        #expect(
            score.counts
                == .init(questions: 3, scored: 1, unparsed: 0, ambiguous: 1, missing: 1))
        #expect(score.headline?.value == 100.0 / 3)
        #expect(score.unresolved.map(\.id.text) == ["2", "3"])
    }

    @Test func `figures are found by label, name and part`() {
        let score = SampleScores.parts
        #expect(score.figure("f1")?.value == 0.8594688090539112)
        #expect(score.figure("f1 (category popular)")?.part == "popular")
        #expect(score.figure("random")?.value == 0.8713601179506082)
        #expect(score.figure("recall") == nil)
    }
}
