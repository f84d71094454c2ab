import MiphaEvaluation

/// The benchmarks of one command, one after another, then the judge, then the report.
///
/// A benchmark that fails does not keep the others from their scores.
struct BenchmarkSeries {
    let sources: [BenchmarkSource]
    let evaluations: [BenchmarkEvaluation]
    let folders: [EvaluationFolder]
    let judge: JudgeArguments
    let output: TerminalOutput
    private(set) var results: [EvaluationReport.Result?]
    private(set) var failures: BenchmarkFailures
    private var waiting: [Int] = []

    init(
        _ sources: [BenchmarkSource], _ evaluations: [BenchmarkEvaluation],
        _ folders: [EvaluationFolder], judge: JudgeArguments, output: TerminalOutput
    ) {
        self.sources = sources
        self.evaluations = evaluations
        self.folders = folders
        self.judge = judge
        self.output = output
        results = sources.map { _ in nil }
        failures = BenchmarkFailures(count: sources.count)
    }

    /// Has every benchmark answered or joined by `body`.
    ///
    /// - Throws: `CancellationError`.
    mutating func forEach(
        _ body: (
            Int, BenchmarkEvaluation, @escaping @Sendable (BenchmarkEvaluation.Event) -> Void
        ) async throws -> EvaluationReport.Result?
    ) async throws {
        for (index, evaluation) in evaluations.enumerated() {
            let card = sources[index].card
            let progress = EvaluationProgress(card, output)
            defer { progress.finish() }
            let isGraded = judge.judgeModel != nil
            let show: @Sendable (BenchmarkEvaluation.Event) -> Void = { event in
                if isGraded, case .needsJudge = event { return }
                progress.show(event)
            }
            do {
                results[index] = try await body(index, evaluation, show)
                if sources[index].scoring.benchmark is any JudgedBenchmark {
                    waiting.append(index)
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                progress.finish()
                fail(index, error)
            }
        }
    }

    /// Has the answers graded that need it, when a judge was named.
    mutating func grade() async {
        guard judge.judgeModel != nil else { return }
        for index in waiting {
            let (source, evaluation) = (sources[index], evaluations[index])
            do {
                var answers = try Predictions(folders[index].predictionsFile)
                answers.isPartial = evaluation.isPartial
                let graded = try await judge.graded(
                    answers, source.scoring.benchmark, source.files, output)
                results[index] = try evaluation.score(graded: graded)
            } catch {
                EvaluationProgress(source.card, output).show(.needsJudge(evaluation.judgeCommand))
                // Without agreement nothing is graded, which is no failure.
                if !(error is CancellationError) { fail(index, error) }
            }
        }
        waiting = []
    }

    private mutating func fail(_ index: Int, _ error: any Error) {
        if sources.count > 1 { output.warning("\(sources[index].card.title): \(error)") }
        failures.add(sources[index].card, error)
    }

    /// Writes the report of what is done.
    ///
    /// - Throws: what failed, after the report was written.
    func finish(
        _ benchmarks: BenchmarkArguments, model: EvaluatedModel, facts: [EvaluationReport.Fact]
    ) throws {
        let done = results.compactMap { $0 }
        if failures.isEmpty || !done.isEmpty {
            try benchmarks.write(done, model: model, facts: facts, output: output)
        }
        try failures.check()
    }
}
