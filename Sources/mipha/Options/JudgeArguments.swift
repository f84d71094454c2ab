import ArgumentParser
import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles

/// Options about the model that grades answers, for MM-Vet and LLaVA-Bench.
struct JudgeArguments: ParsableArguments {
    @Option(
        help: """
            Model that grades the answers of mmvet and llavabench; without it they have to be \
            graded before they are scored.
            """)
    var judgeModel: String?

    @Option(help: "Address of an OpenAI-compatible server, before /chat/completions.")
    var judgeUrl = "https://api.openai.com/v1"

    @Option(help: "Environment variable that holds the key.")
    var judgeKey = "OPENAI_API_KEY"

    @Option(parsing: .unconditional, help: "How often every answer is graded.")
    var judgeRuns = 1

    @Option(help: "Prices for a million prompt and reply tokens, such as 30,60.")
    var judgePrices: String?

    @Option(help: "Where grades go; by default beside the predictions. Replies are kept there too.")
    var grades: String?

    @Flag(help: "Ask the judge without asking first.")
    var yes = false

    func validate() throws {
        guard judgeRuns >= 1 else {
            throw ValidationError("--judge-runs: expected at least 1, found \(judgeRuns)")
        }
        _ = try prices()
    }

    private func prices() throws -> JudgeEstimate.Prices? {
        guard let judgePrices else { return nil }
        let numbers = judgePrices.split(separator: ",").map { Double($0) }
        guard numbers.count == 2, let prompt = numbers[0], let reply = numbers[1],
            prompt >= 0, reply >= 0
        else {
            throw ValidationError(
                "--judge-prices: expected two numbers such as 30,60, found \(judgePrices)")
        }
        return JudgeEstimate.Prices(prompt: prompt, completion: reply)
    }

    /// Has answers graded when a judge was named; else gives the predictions back.
    func graded(
        _ predictions: Predictions, _ benchmark: any Benchmark, _ files: BenchmarkFiles,
        _ output: TerminalOutput
    ) async throws -> Predictions {
        guard let judgeModel else { return predictions }
        guard let judged = benchmark as? any JudgedBenchmark else {
            throw ValidationError("--judge-model: \(benchmark.card.title) needs no judge")
        }
        let file = grades ?? predictions.path + ".grades.json"
        let endpoint = try JudgeEndpoint(
            base: judgeUrl, model: judgeModel, keyVariable: judgeKey)
        let plan = try judged.judgePlan(for: predictions, files: files, runs: judgeRuns)
        let run = JudgeRun(
            benchmark: judged, plan: plan,
            client: JudgeClient(
                endpoint: endpoint, cache: try JudgeCache(path: file + ".replies.jsonl")))
        for note in plan.notes { output.note(note) }
        let estimate = try await run.estimate()
        output.note(estimate.line(model: judgeModel, prices: try prices()))
        try confirm(estimate)
        let progress = SharedProgressBar(output)
        defer { progress.finish() }
        let outcomes = try await run.outcomes { done, all in
            progress.update("judge", done: done, total: all, unit: "answers")
        }
        try AtomicFile.write(try judged.gradeFile(outcomes).bytes, to: file)
        output.note("grades written to \(file)")
        var graded = try Predictions(file)
        graded.isPartial = predictions.isPartial
        return graded
    }

    private func confirm(_ estimate: JudgeEstimate) throws {
        guard !yes, estimate.requests > 0 else { return }
        guard isatty(FileHandle.standardInput.fileDescriptor) == 1 else {
            throw ValidationError("the judge would be asked; give --yes to agree")
        }
        try FileHandle.standardError.write(contentsOf: Data("ask the judge? [y/N] ".utf8))
        guard let answer = readLine(), answer.lowercased().hasPrefix("y") else {
            throw CancellationError()
        }
    }
}
