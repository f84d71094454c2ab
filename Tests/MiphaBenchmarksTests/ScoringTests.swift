import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// What every benchmark's scoring shares: outputs, hashes, keys, comparisons.
struct ScoringTests {
    /// A custom benchmark of ids and right answers, with answers to some of them.
    private struct Case {
        let folder: TemporaryFolder
        let files: BenchmarkFiles

        init(_ gold: [(id: String, answer: String)]) throws {
            folder = try TemporaryFolder()
            let path = try folder.write(
                "gold.jsonl",
                lines: gold.map {
                    [
                        "question_id": .string($0.id), "image": .string("\($0.id).png"),
                        "text": "?", "answer": .string($0.answer),
                    ]
                })
            files = try BenchmarkFiles(path)
        }

        func answers(_ name: String, _ texts: [(String, String)]) throws -> Predictions {
            try Predictions(
                folder.write(
                    name,
                    lines: texts.map { ["question_id": .string($0.0), "text": .string($0.1)] }))
        }
    }

    @Test(arguments: ["a.jsonl", "gold.jsonl", "link.jsonl", "./a.jsonl", "folder"])
    func `per-item output over an input is refused and the input stays`(_ name: String) throws {
        let test = try Case([("1", "yes")])
        let answers = try test.answers("a.jsonl", [("1", "yes")])
        try FileManager.default.createSymbolicLink(
            atPath: test.folder.file("link.jsonl"), withDestinationPath: answers.path)
        _ = try test.folder.folder("folder")
        let before = try Data(contentsOf: URL(filePath: answers.path))
        let gold = try Data(contentsOf: URL(filePath: test.files.path))
        let output = test.folder.path + "/" + name
        let error = try #require(throws: EvaluationError.self) {
            try Scoring(Custom()).score(answers, against: test.files, itemsFile: output)
        }
        #expect(error.code == .invalidRequest && error.message.contains("--per-item"))
        #expect(try Data(contentsOf: URL(filePath: answers.path)) == before)
        #expect(try Data(contentsOf: URL(filePath: test.files.path)) == gold)
    }

    @Test func `a failure leaves an earlier per-item file and no other`() throws {
        let test = try Case([("1", "yes"), ("2", "no")])
        let answers = try test.answers("a.jsonl", [("1", "yes"), ("7", "no")])
        let output = try test.folder.write("items.jsonl", "old")
        #expect(throws: EvaluationError.self) {
            try Scoring(Custom()).score(answers, against: test.files, itemsFile: output)
        }
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "old")
        let names = try FileManager.default.contentsOfDirectory(atPath: test.folder.path)
        #expect(names.sorted() == ["a.jsonl", "gold.jsonl", "items.jsonl"])
    }

    @Test func `a folder's hash is that of all its files by relative name`() throws {
        let folder = try TemporaryFolder()
        try folder.write("b.json", "1")
        try folder.write("sub/a.json", "2")
        try folder.write("sub-a.json", "3")
        let hash = try InputHash.of(folder.path).sha256
        let lines = [("b.json", "1"), ("sub-a.json", "3"), ("sub/a.json", "2")].map {
            "\(SHA256Digest(of: Array($0.1.utf8)).hex)  \($0.0)\n"
        }
        #expect(hash == SHA256Digest(of: Array(lines.joined().utf8)).hex)
        try folder.write("sub/a.json", "4")
        #expect(try InputHash.of(folder.path).sha256 != hash)
    }

    @Test func `texts that differ in code points only are different keys`() throws {
        let (one, other) = ("caf\u{E9}", "cafe\u{301}")
        #expect(ScoredItem.Group("kind", one) != ScoredItem.Group("kind", other))
        #expect(
            PictureSource(name: one, place: .bytes([]))
                != PictureSource(name: other, place: .bytes([])))
        var recorder = ScoreRecorder(keepsItems: true)
        var swapped = ScoreRecorder(keepsItems: true)
        for (index, text) in [one, other].enumerated() {
            let item = ScoredItem(
                id: QuestionID(text), score: Double(index), prediction: text, cluster: text,
                groups: [.init("kind", text)])
            try recorder.record(item)
            try swapped.record(item)
        }
        #expect(recorder.tallies("kind").map(\.count) == [1, 1])
        recorder.addMeans("accuracy", by: ["kind"])
        swapped.addMeans("accuracy", by: ["kind"])
        let comparison = try PairedComparison(recorder, swapped, draws: 200)
        #expect(comparison.differences.map(\.difference) == [0, 0, 0])
        #expect(comparison.differences.map(\.first) == [50, 0, 100])
        // The second side's images pair with the first side's of the same bytes.
        #expect(comparison.differences.allSatisfy { $0.interval?.low == $0.interval?.high })
    }

    @Test func `partial sides are compared on the questions that both answered`() throws {
        let test = try Case((0..<6).map { ("\($0)", "yes") })
        var first = try test.answers(
            "a.jsonl", [("0", "yes"), ("1", "yes"), ("2", "no"), ("3", "no")])
        var second = try test.answers("b.jsonl", [("2", "yes"), ("3", "no"), ("4", "yes")])
        first.isPartial = true
        second.isPartial = true
        let comparison = try Scoring(Custom()).compare(first, second, against: test.files)
        #expect(comparison.questionCount == 2)
        #expect(comparison.leftOut == (2, 1))
        let headline = try #require(comparison.differences.first)
        #expect(headline.first == 0 && headline.second == 50)
        #expect(comparison.flips.map(\.first.id.text) == ["2"])
        var none = try test.answers("c.jsonl", [("5", "yes")])
        none.isPartial = true
        #expect(throws: EvaluationError.self) {
            try Scoring(Custom()).compare(first, none, against: test.files)
        }
    }

    @Test func `partial sides of one set of questions keep the scorer's own values`() throws {
        let test = try Case((0..<3).map { ("\($0)", "yes") })
        var first = try test.answers("a.jsonl", [("0", "yes"), ("1", "no")])
        var second = try test.answers("b.jsonl", [("1", "yes"), ("0", "yes")])
        first.isPartial = true
        second.isPartial = true
        let comparison = try Scoring(Custom()).compare(first, second, against: test.files)
        #expect(comparison.questionCount == 2 && comparison.leftOut == (0, 0))
        #expect(comparison.differences.first?.difference == 50)
    }
}
