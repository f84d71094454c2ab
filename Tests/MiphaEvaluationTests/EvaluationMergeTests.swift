import Foundation
import MiphaBenchmarks
import MiphaChat
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Testing

/// Parts become one without harm to anything that is there.
struct EvaluationMergeTests {
    private let folder: TemporaryFolder
    private let model = EvaluatedModel(name: "stub", fingerprint: "f")

    init() throws {
        folder = try TemporaryFolder()
    }

    private func evaluation(
        _ output: EvaluationFolder, _ settings: EvaluationSettings = EvaluationSettings()
    ) throws -> BenchmarkEvaluation {
        BenchmarkEvaluation(
            try Scoring(Custom()),
            files: try BenchmarkFiles(PackagePaths.fixture("benchmarks/custom")), folder: output,
            settings: settings, model: model)
    }

    private func parts(_ settings: EvaluationSettings = EvaluationSettings()) async throws
        -> [EvaluationFolder]
    {
        var parts: [EvaluationFolder] = []
        for index in 1...2 {
            var settings = settings
            settings.shard = try EvaluationShard(index: index, count: 2)
            let part = try EvaluationFolder(folder.file("part-\(index)"))
            let result = try await evaluation(part, settings).run(with: StubResponder())
            #expect(result == nil)
            parts.append(part)
        }
        return parts
    }

    /// The bytes of every file below a folder.
    private func contents(_ path: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            contents[name] = try Data(contentsOf: URL(filePath: "\(path)/\(name)"))
        }
        return contents
    }

    @Test func `parts become the predictions of the whole`() async throws {
        let parts = try await parts()
        let whole = try EvaluationFolder(folder.file("whole"))
        _ = try await evaluation(whole).run(with: StubResponder())
        let output = try EvaluationFolder(folder.file("out"))
        let result = try evaluation(output).merge(try EvaluationMerge(parts.map(\.path)))
        #expect(result != nil)
        #expect(
            try contents(output.path)["predictions.jsonl"]
                == contents(whole.path)["predictions.jsonl"])
        #expect(
            try EvaluationRunRecord(contentsOf: output.runFile)
                == EvaluationRunRecord(contentsOf: whole.runFile))
    }

    @Test func `neither a part nor another evaluation is overwritten`() async throws {
        let parts = try await parts()
        let merge = try EvaluationMerge(parts.map(\.path))
        let link = folder.file("link")
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: parts[0].path)
        let begun = try EvaluationFolder(folder.file("begun"))
        _ = try await evaluation(begun).run(with: StubResponder())
        let predicted = try EvaluationFolder(folder.file("predicted"))
        try Data("{}".utf8).write(to: URL(filePath: predicted.predictionsFile))
        for (output, word) in [
            (parts[0], "parts"), (try EvaluationFolder(link), "parts"),
            (try EvaluationFolder(folder.file("begun/../part-2")), "parts"),
            (begun, "evaluation"), (predicted, "evaluation"),
        ] {
            let before = try contents(output.path)
            let error = #expect(throws: EvaluationError.self) {
                _ = try evaluation(output).merge(merge)
            }
            #expect(error?.code == .invalidRequest, "\(output.path)")
            #expect(error?.message.contains(word) == true, "\(String(describing: error))")
            #expect(try contents(output.path) == before, "\(output.path)")
        }
    }

    @Test func `an answer that is missing is noticed before anything is written`() async throws {
        let parts = try await parts()
        let log = try Data(contentsOf: URL(filePath: parts[0].logFile))
        let lines = log.split(separator: 0x0A)
        try Data(lines.dropLast().joined(separator: [0x0A]) + (lines.count > 1 ? [0x0A] : []))
            .write(to: URL(filePath: parts[0].logFile))
        let output = try EvaluationFolder(folder.file("out"))
        let error = #expect(throws: EvaluationError.self) {
            _ = try evaluation(output).merge(try EvaluationMerge(parts.map(\.path)))
        }
        #expect(error?.code == .mismatch)
        #expect(error?.message.contains("1 of 3") == true, "\(String(describing: error))")
        #expect(try contents(output.path).isEmpty)
    }

    @Test func `settings that nobody gave are not claimed, and those given are`() async throws {
        let card = Custom().card
        let plain = try EvaluationMerge(try await parts().map(\.path))
        #expect(plain.settings(of: card).facts.isEmpty)
        for name in ["part-1", "part-2"] {
            try FileManager.default.removeItem(atPath: folder.file(name))
        }
        let given = EvaluationSettings(maxTokens: 3, limit: 2, groupsByPicture: false)
        let merge = try EvaluationMerge(try await parts(given).map(\.path))
        #expect(merge.settings(of: card).facts == given.facts)
        #expect(given.facts.count == 3)
    }

    @Test func `equal questions have the same keys in shards and in the whole`() throws {
        // The same bytes under several names: only their number tells the questions apart.
        let questions = try (0..<24).map { index -> Question in
            let path = folder.file("\(index).png")
            try Data("picture \(index % 2)".utf8).write(to: URL(filePath: path))
            let pictures = [PictureSource(name: "\(index).png", place: .file(path))]
            return Question(
                id: QuestionID(index % 3), text: "what?",
                pictures: index < 12 ? pictures : [])
        }
        func keys(_ index: Int, _ count: Int) throws -> [Int: String] {
            let settings = EvaluationSettings(
                shard: try EvaluationShard(index: index, count: count))
            let plan = try EvaluationPlan(
                questions, model: model, settings: settings, defaultMaxTokens: 16)
            return Dictionary(
                uniqueKeysWithValues: plan.questions.map { ($0.position, $0.key) })
        }
        let whole = try keys(1, 1)
        #expect(Set(whole.values).count == 24)
        for count in 2...5 {
            var joined: [Int: String] = [:]
            for index in 1...count { joined.merge(try keys(index, count)) { $0 + $1 } }
            #expect(joined == whole, "\(count) shards")
        }
    }

    @Test func `an image under two names is handed over as one`() async throws {
        let questions = try (0..<4).map { index -> Question in
            let path = folder.file("\(index).png")
            try Data("the same".utf8).write(to: URL(filePath: path))
            return Question(
                id: QuestionID(index), text: "what?",
                pictures: [PictureSource(name: "\(index).png", place: .file(path))])
        }
        let settings = EvaluationSettings()
        let plan = try EvaluationPlan(
            questions, model: model, settings: settings, defaultMaxTokens: 16)
        let log = try AnswerLog(path: folder.file("log.jsonl"))
        let outcome = try await EvaluationRun(plan, log: log, settings: settings)
            .answer(with: StubResponder())
        #expect(outcome.statistics.picturesEncoded == 1 && plan.pictureCount == 1)
    }

    @Test(arguments: ["mmvet", "llavabench"])
    func `a judge is asked about the answers that a partial run has`(name: String) throws {
        let benchmark = try #require(try BenchmarkCatalog.named(name) as? any JudgedBenchmark)
        let answers = try folder.write("answers.jsonl", "{\"question_id\": 1, \"text\": \"x\"}\n")
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/\(name)"))
        var predictions = try Predictions(answers)
        #expect(throws: EvaluationError.self) {
            try benchmark.judgePlan(for: predictions, files: files, runs: 1)
        }
        predictions.isPartial = true
        let plan = try benchmark.judgePlan(for: predictions, files: files, runs: 1)
        #expect(plan.tasks.count == 1)
    }
}
