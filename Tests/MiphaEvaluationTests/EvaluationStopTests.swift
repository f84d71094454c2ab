import Foundation
import MiphaBenchmarks
import MiphaChat
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Synchronization
import Testing

/// Runs that end early, whoever ends them.
struct EvaluationStopTests {
    /// Takes a moment for each answer, and ends when it is cancelled.
    private struct SlowResponder: BatchResponder {
        let card = ChatModelCard(name: "slow", contextLength: 4096, tokensPerImage: 16)
        let seconds: Double
        let stub = StubResponder()

        func respond(to request: ChatRequest) -> AsyncThrowingStream<ChatEvent, any Error> {
            stub.respond(to: request)
        }

        func replies(
            to requests: [ChatRequest],
            report: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void
        ) async throws -> BatchStatistics {
            for (index, request) in requests.enumerated() {
                try await Task.sleep(for: .seconds(seconds))
                report(index, .success(try await reply(to: request)))
            }
            return BatchStatistics()
        }
    }

    private struct ModelFailure: Error {}

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func plan(_ count: Int) throws -> EvaluationPlan {
        try EvaluationPlan(
            (0..<count).map { Question(id: QuestionID($0), text: "number \($0)?") },
            model: EvaluatedModel(name: "stub", fingerprint: "f"), settings: EvaluationSettings(),
            defaultMaxTokens: 16)
    }

    @Test func `a stop ends a long list in the middle and keeps its answers`() async throws {
        let log = try AnswerLog(path: folder.file("log.jsonl"))
        let run = EvaluationRun(try plan(60), log: log, settings: EvaluationSettings())
        let outcome = try await run.answer(
            with: SlowResponder(seconds: 0.2), isStopped: { log.count >= 3 })
        #expect(outcome.isStopped)
        // All questions stand in one list, which takes 12 seconds to its end.
        #expect((3..<60).contains(outcome.answered))
        #expect(log.count == outcome.answered)
    }

    @Test func `a cancelled task says that it was stopped`() async throws {
        let log = try AnswerLog(path: folder.file("log.jsonl"))
        let run = EvaluationRun(try plan(60), log: log, settings: EvaluationSettings())
        let task = Task { try await run.answer(with: SlowResponder(seconds: 0.2)) }
        while log.count == 0 { try await Task.sleep(for: .milliseconds(10)) }
        task.cancel()
        let outcome = try await task.value
        #expect(outcome.isStopped && outcome.answered < 60)
    }

    @Test func `the cause of a question that failed is kept`() async throws {
        var questions = (0..<3).map { Question(id: QuestionID($0), text: "number \($0)?") }
        questions[0].text = "bad"
        questions[1].pictures = [
            PictureSource(
                name: "gone",
                place: .base64(file: folder.file("gone"), FilePlace(offset: 0, length: 4)))
        ]
        let plan = try EvaluationPlan(
            questions, model: EvaluatedModel(name: "stub", fingerprint: "f"),
            settings: EvaluationSettings(), defaultMaxTokens: 16)
        let log = try AnswerLog(path: folder.file("log.jsonl"))
        let outcome = try await EvaluationRun(plan, log: log, settings: EvaluationSettings())
            .answer(with: StubResponder(failing: "bad"))
        #expect(outcome.failures.map(\.id) == [QuestionID(0), QuestionID(1)])
        #expect(outcome.failures.map(\.error.code) == [.invalidRequest, .missingFile])
        #expect(outcome.answered == 1)
    }

    private func evaluation(_ output: EvaluationFolder) throws -> BenchmarkEvaluation {
        BenchmarkEvaluation(
            try Scoring(Custom()),
            files: try BenchmarkFiles(PackagePaths.fixture("benchmarks/custom")), folder: output,
            settings: EvaluationSettings(), model: EvaluatedModel(name: "stub", fingerprint: "f"))
    }

    @Test func `predictions hold what was answered when the model fails`() async throws {
        let output = try EvaluationFolder(folder.file("out"))
        let responder = StubResponder { index in if index == 2 { throw ModelFailure() } }
        await #expect(throws: ModelFailure.self) {
            _ = try await evaluation(output).run(with: responder)
        }
        #expect(try Predictions(output.predictionsFile).records().count == 2)
    }

    @Test func `the folder of another process is left alone`() async throws {
        let output = try EvaluationFolder(folder.file("out"))
        let log = try AnswerLog(path: output.logFile)
        try Data("theirs".utf8).write(to: URL(filePath: output.runFile))
        let error = await #expect(throws: EvaluationError.self) {
            _ = try await evaluation(output).run(with: StubResponder())
        }
        #expect(error?.message.contains("another evaluation") == true)
        #expect(try String(contentsOfFile: output.runFile, encoding: .utf8) == "theirs")
        #expect(log.count == 0)
    }
}
