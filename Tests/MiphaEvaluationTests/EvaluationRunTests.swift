import Foundation
import MiphaBenchmarks
import MiphaChat
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Synchronization
import Testing

struct EvaluationRunTests {
    private let model = EvaluatedModel(name: "stub", fingerprint: "f1")

    /// `pictures` images with `each` questions each, the images' questions interleaved.
    private func questions(
        _ folder: TemporaryFolder, pictures: Int = 4, each: Int = 5
    ) throws -> [Question] {
        for picture in 0..<pictures {
            try Data("picture \(picture)".utf8).write(
                to: URL(filePath: folder.file("\(picture).png")))
        }
        return (0..<each).flatMap { question in
            (0..<pictures).map { picture in
                Question(
                    id: QuestionID(question * 100 + picture), text: "question \(question)?",
                    pictures: [
                        PictureSource(
                            name: "\(picture).png", place: .file(folder.file("\(picture).png")))
                    ])
            }
        }
    }

    private func plan(
        _ questions: [Question], model: EvaluatedModel? = nil,
        settings: EvaluationSettings = EvaluationSettings()
    ) throws -> EvaluationPlan {
        try EvaluationPlan(
            questions, model: model ?? self.model, settings: settings, defaultMaxTokens: 16)
    }

    private func run(
        _ plan: EvaluationPlan, _ folder: EvaluationFolder, _ responder: StubResponder,
        settings: EvaluationSettings = EvaluationSettings(),
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) async throws -> EvaluationRun.Outcome {
        let log = try AnswerLog(path: folder.logFile)
        let outcome = try await EvaluationRun(plan, log: log, settings: settings)
            .answer(with: responder, isStopped: isStopped)
        try folder.writePredictions(plan, log, modelName: model.name)
        return outcome
    }

    @Test func `predictions stand in the order of the questions whatever the batches`() async throws
    {
        let folder = try TemporaryFolder()
        let questions = try questions(folder)
        let output = try EvaluationFolder(folder.file("out"))
        let outcome = try await run(plan(questions), output, StubResponder())
        #expect(outcome.answered == 20 && outcome.failures.isEmpty)
        #expect(outcome.statistics.picturesEncoded == 4)
        let records = try Predictions(output.predictionsFile).records()
        #expect(records.map(\.id) == questions.map(\.id))
        #expect(records[5].text == "1.png|question 1?")
        #expect(records[5].prompt == "question 1?")
    }

    @Test func `questions on an image are asked together`() async throws {
        let folder = try TemporaryFolder()
        let settings = EvaluationSettings(batchRows: 5)
        let responder = StubResponder()
        _ = try await run(
            plan(try questions(folder)), EvaluationFolder(folder.file("out")), responder,
            settings: settings)
        let batches = responder.asked.withLock { $0 }
        #expect(batches.count == 4)
        for batch in batches { #expect(Set(batch).count == 5) }
    }

    @Test func `one by one asks single questions and gives the same predictions`() async throws {
        let folder = try TemporaryFolder()
        let questions = try questions(folder)
        let grouped = try EvaluationFolder(folder.file("grouped"))
        let single = try EvaluationFolder(folder.file("single"))
        _ = try await run(plan(questions), grouped, StubResponder())
        let responder = StubResponder()
        let settings = EvaluationSettings(groupsByPicture: false, batchRows: 1)
        _ = try await run(plan(questions), single, responder, settings: settings)
        #expect(responder.asked.withLock { $0.isEmpty })
        #expect(
            try Data(contentsOf: URL(filePath: grouped.predictionsFile))
                == Data(contentsOf: URL(filePath: single.predictionsFile)))
    }

    @Test func `a second run asks nothing again`() async throws {
        let folder = try TemporaryFolder()
        let plan = try plan(try questions(folder))
        let output = try EvaluationFolder(folder.file("out"))
        _ = try await run(plan, output, StubResponder())
        let before = try Data(contentsOf: URL(filePath: output.logFile))
        let responder = StubResponder()
        let outcome = try await run(plan, output, responder)
        #expect(outcome.reused == 20 && outcome.answered == 0)
        #expect(responder.asked.withLock { $0.isEmpty })
        #expect(try Data(contentsOf: URL(filePath: output.logFile)) == before)
    }

    @Test func `a log cut anywhere is completed to the same predictions`() async throws {
        let folder = try TemporaryFolder()
        let plan = try plan(try questions(folder))
        let whole = try EvaluationFolder(folder.file("whole"))
        _ = try await run(plan, whole, StubResponder())
        let log = try Data(contentsOf: URL(filePath: whole.logFile))
        let expected = try Data(contentsOf: URL(filePath: whole.predictionsFile))
        var generator = SplitMix64(seed: 3)
        for trial in 0..<20 {
            let output = try EvaluationFolder(folder.file("cut-\(trial)"))
            let length = Int.random(in: 0...log.count, using: &generator)
            try log.prefix(length).write(to: URL(filePath: output.logFile))
            _ = try await run(plan, output, StubResponder())
            #expect(try Data(contentsOf: URL(filePath: output.predictionsFile)) == expected)
            let keys = try AnswerLog.answers(in: output.logFile).map(\.key)
            let lines = try Data(contentsOf: URL(filePath: output.logFile)).count { $0 == 0x0A }
            #expect(keys.count == 20 && lines == 20, "cut at \(length)")
        }
    }

    @Test func `a changed prompt, image or model voids exactly its answers`() async throws {
        let folder = try TemporaryFolder()
        var questions = try questions(folder)
        let output = try EvaluationFolder(folder.file("out"))
        _ = try await run(plan(questions), output, StubResponder())
        questions[3].text += " Really?"
        #expect(try await run(plan(questions), output, StubResponder()).answered == 1)
        try Data("another".utf8).write(to: URL(filePath: folder.file("2.png")))
        #expect(try await run(plan(questions), output, StubResponder()).answered == 5)
        let other = EvaluatedModel(name: "stub", fingerprint: "f2")
        let outcome = try await run(plan(questions, model: other), output, StubResponder())
        #expect(outcome.answered == 20)
    }

    @Test func `shards are disjoint, complete and keep images together`() throws {
        let folder = try TemporaryFolder()
        let questions = try questions(folder, pictures: 7, each: 3)
        for count in [1, 2, 3, 7, 30] {
            var seen: [Int] = []
            var pictures: [String: Int] = [:]
            for index in 1...count {
                let settings = EvaluationSettings(
                    shard: try EvaluationShard(index: index, count: count))
                for planned in try plan(questions, settings: settings).questions {
                    seen.append(planned.position)
                    let name = planned.question.pictures[0].name
                    #expect(pictures[name, default: index] == index)
                    pictures[name] = index
                }
            }
            #expect(seen.sorted() == Array(questions.indices))
        }
    }

    @Test func `a question that fails is named and asked again`() async throws {
        let folder = try TemporaryFolder()
        var questions = try questions(folder)
        questions[0].pictures = [
            PictureSource(name: "gone.png", place: .file(folder.file("gone.png")))
        ]
        questions[1].text = "bad"
        let output = try EvaluationFolder(folder.file("out"))
        let outcome = try await run(plan(questions), output, StubResponder(failing: "bad"))
        // The stub does not open files, so only the failing text is left out.
        #expect(outcome.failures.map(\.id.text) == ["1"])
        let again = try await run(plan(questions), output, StubResponder())
        #expect(again.answered == 1 && again.failures.isEmpty)
    }

    @Test func `a stopped run keeps what was answered`() async throws {
        let folder = try TemporaryFolder()
        let plan = try plan(try questions(folder))
        let output = try EvaluationFolder(folder.file("out"))
        let stop = Atomic(false)
        let responder = StubResponder { index in
            if index == 2 {
                stop.store(true, ordering: .relaxed)
                throw CancellationError()
            }
        }
        let outcome = try await run(
            plan, output, responder, settings: EvaluationSettings(batchRows: 5),
            isStopped: { stop.load(ordering: .relaxed) })
        #expect(outcome.isStopped && outcome.answered > 0 && outcome.answered < 20)
        let rest = try await run(plan, output, StubResponder())
        #expect(rest.reused == outcome.answered)
        #expect(rest.answered + rest.reused == 20)
    }

    @Test func `two processes cannot write one log`() throws {
        let folder = try TemporaryFolder()
        let log = try AnswerLog(path: folder.file("answers.jsonl"))
        #expect(throws: EvaluationError.self) { try AnswerLog(path: log.path) }
    }

    @Test func `a log of something else is refused with its line`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("answers.jsonl")
        try Data("{\"question_id\": 1}\n".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: EvaluationError.self) { try AnswerLog(path: path) }
        #expect(error?.message.contains("answers.jsonl:1") == true)
    }

    @Test func `the record of a run survives writing and reading`() throws {
        let folder = try TemporaryFolder()
        let output = try EvaluationFolder(folder.file("out"))
        let record = EvaluationRunRecord(
            benchmark: "pope",
            model: EvaluatedModel(
                name: "m", fingerprint: "f", facts: [EvaluationReport.Fact("parameters", "3")]),
            maxTokens: 16, limit: 7, shard: try EvaluationShard(index: 2, count: 3), total: 9)
        try output.write(record)
        #expect(try EvaluationRunRecord(contentsOf: output.runFile) == record)
    }
}
