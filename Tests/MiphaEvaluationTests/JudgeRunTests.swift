import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Synchronization
import Testing

/// From answers to a score, with a judge on the loopback address.
struct JudgeRunTests {
    private static func server(
        _ text: @escaping @Sendable (JSONValue) -> String
    ) throws -> LoopbackServer {
        try LoopbackServer { request, _ in
            let asked = (try? JSONValue(parsing: request.body)) ?? .null
            let body: JSONValue = [
                "model": "judge", "choices": [["message": ["content": .string(text(asked))]]],
            ]
            return .response(status: 200, body: (try? body.text(.compact)) ?? "")
        }
    }

    private func run(
        _ benchmark: any JudgedBenchmark, _ server: LoopbackServer, _ folder: TemporaryFolder,
        runs: Int
    ) throws -> JudgeRun {
        let answers = try folder.write(
            "answers.jsonl",
            (0..<3).map { "{\"question_id\": \($0), \"text\": \"answer \($0)\"}\n" }.joined())
        let plan = try benchmark.judgePlan(
            for: try Predictions(answers),
            files: try BenchmarkFiles(PackagePaths.fixture("benchmarks/\(benchmark.card.id)")),
            runs: runs)
        let endpoint = try JudgeEndpoint(
            base: server.address, model: benchmark.officialJudge, environment: [:])
        let client = JudgeClient(
            endpoint: endpoint, cache: try JudgeCache(path: folder.file("cache.jsonl")))
        return JudgeRun(benchmark: benchmark, plan: plan, client: client)
    }

    private func score(
        _ benchmark: any JudgedBenchmark, _ outcomes: [JudgeOutcome], _ folder: TemporaryFolder
    ) throws -> ScoreRecorder {
        let file = try benchmark.gradeFile(outcomes)
        var recorder = ScoreRecorder(keepsItems: true)
        try benchmark.score(
            Predictions(folder.write(file.name, file.bytes)),
            against: BenchmarkFiles(PackagePaths.fixture("benchmarks/\(benchmark.card.id)")),
            variant: benchmark.card.variant(nil), into: &recorder)
        return recorder
    }

    @Test func `MM-Vet is graded, given up on where the judge talks, and resumed for nothing`()
        async throws
    {
        let folder = try TemporaryFolder()
        let server = try Self.server { asked in
            let text = asked["messages"]?.arrayValue?.first?["content"]?.stringValue ?? ""
            if text.contains("answer 2") { return "I think" }
            if text.contains("answer 1") {
                return asked["temperature"]?.doubleValue == 0.5 ? "1.0" : "well"
            }
            return "0.4"
        }
        let first = try run(MMVet(), server, folder, runs: 2)
        let before = try await first.estimate()
        #expect(before.requests == 6 && before.cached == 0 && before.completionTokens == 18)
        let outcomes = try await first.outcomes()
        #expect(outcomes.map(\.attempts) == [1, 3, 5, 1, 3, 5])
        #expect(server.requests.count == 18)
        let recorder = try score(MMVet(), outcomes, folder)
        #expect(recorder.figures[0].value == 46.7)
        #expect(recorder.counts == [.scored: 2, .unparsed: 1])

        let second = try run(MMVet(), server, folder, runs: 2)
        let after = try await second.estimate()
        #expect(after.requests == 0 && after.promptTokens == 0 && after.cached == 18)
        let again = try await second.outcomes()
        #expect(again.map(\.grade) == outcomes.map(\.grade))
        #expect(server.requests.count == 18)
    }

    @Test func `LLaVA-Bench is graded`() async throws {
        let folder = try TemporaryFolder()
        let server = try Self.server { asked in
            let text = asked["messages"]?.arrayValue?.last?["content"]?.stringValue ?? ""
            return text.contains("answer 1") ? "Both are good." : "8 6\nBecause."
        }
        let outcomes = try await run(LLaVABench(), server, folder, runs: 1).outcomes()
        let recorder = try score(LLaVABench(), outcomes, folder)
        // (6 - 1 + 6) / 3 = 3.667 over (8 - 1 + 8) / 3 = 5.
        #expect(recorder.figures[0].value == 73.3)
        #expect(recorder.counts == [.scored: 2, .unparsed: 1])
    }

    private final class Flight: Sendable {
        let count = Mutex<(now: Int, most: Int)>((0, 0))
    }

    @Test func `as many requests are on the way as allowed, never more`() async throws {
        let flight = Flight()
        let server = try LoopbackServer { _, number in
            flight.count.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            // The first waits until another has come, should it be slow to.
            let deadline = Date.now.addingTimeInterval(number == 0 ? 30 : 0.1)
            while flight.count.withLock({ $0.most }) < 2 || number > 0, Date.now < deadline {
                Thread.sleep(forTimeInterval: 0.01)
            }
            flight.count.withLock { $0.now -= 1 }
            return .response(
                status: 200, body: #"{"model": "j", "choices": [{"message": {"content": "1"}}]}"#)
        }
        let plan = try run(MMVet(), server, try TemporaryFolder(), runs: 4).plan
        var endpoint = try JudgeEndpoint(base: server.address, model: "m", environment: [:])
        endpoint.concurrency = 3
        let client = JudgeClient(endpoint: endpoint, cache: JudgeCache())
        let outcomes = try await JudgeRun(benchmark: MMVet(), plan: plan, client: client).outcomes()
        #expect(outcomes.map(\.task.run) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        #expect((2...3).contains(flight.count.withLock { $0.most }))
    }

    @Test func `a refusal ends the run and keeps what was answered`() async throws {
        let folder = try TemporaryFolder()
        let server = try LoopbackServer { request, _ in
            String(decoding: request.body, as: UTF8.self).contains("answer 2")
                ? .response(status: 400, body: #"{"error": "no"}"#)
                : .response(
                    status: 200,
                    body: #"{"model": "j", "choices": [{"message": {"content": "1"}}]}"#)
        }
        await #expect(throws: EvaluationError.self) {
            _ = try await run(MMVet(), server, folder, runs: 1).outcomes()
        }
    }

    @Test func `the estimate reports tokens, and the cost where prices are known`() {
        var estimate = JudgeEstimate()
        estimate.requests = 2
        estimate.promptTokens = 1_000_000
        estimate.completionTokens = 500_000
        #expect(estimate.cost(.init(prompt: 30, completion: 60)) == 60)
        let line = estimate.line(model: "m", prices: .init(prompt: 30, completion: 60))
        #expect(line.contains("60.00"))
        #expect(estimate.line(model: "m", prices: nil).contains("no cost"))
    }
}
