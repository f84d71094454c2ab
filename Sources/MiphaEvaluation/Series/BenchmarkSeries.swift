package import MiphaBenchmarks

/// Shows how one benchmark of a series goes on.
package protocol BenchmarkProgress: Sendable {
    /// Shows an event; may be called on any thread.
    func show(_ event: BenchmarkEvaluation.Event)

    /// Ends what is shown so far, so that other messages can follow.
    func finish()
}

/// The benchmarks of one command, one after another, then the judge.
///
/// A benchmark that fails does not keep the others from their scores.
package struct BenchmarkSeries {
    /// A benchmark of the series.
    package struct Entry {
        let source: BenchmarkSource
        /// Its evaluation.
        package let evaluation: BenchmarkEvaluation
        let folder: EvaluationFolder

        /// Joins a benchmark with the folder of its results.
        package init(
            _ source: BenchmarkSource, _ folder: EvaluationFolder, _ settings: EvaluationSettings,
            _ model: EvaluatedModel
        ) {
            self.source = source
            self.folder = folder
            evaluation = source.evaluation(folder, settings, model)
        }
    }

    /// Grades answers: returns the predictions with their grades, or throws `CancellationError`
    /// where asking the judge was not agreed to.
    package typealias Judge = (Predictions, BenchmarkSource) async throws -> Predictions

    private let entries: [Entry]
    private let judge: Judge?
    private let progress: (BenchmarkCard) -> any BenchmarkProgress
    private let warn: (String) -> Void
    private var results: [EvaluationReport.Result?]
    private var waiting: [Int] = []
    /// What failed so far.
    package private(set) var failures: BenchmarkFailures

    /// Prepares a series.
    ///
    /// - Parameters:
    ///   - judge: grades the answers of judged benchmarks; `nil` where they wait for one.
    ///   - progress: makes what shows a benchmark's events.
    ///   - warn: called with the failure of one of several benchmarks.
    package init(
        _ entries: [Entry], judge: Judge?,
        progress: @escaping (BenchmarkCard) -> any BenchmarkProgress,
        warn: @escaping (String) -> Void
    ) {
        self.entries = entries
        self.judge = judge
        self.progress = progress
        self.warn = warn
        results = entries.map { _ in nil }
        failures = BenchmarkFailures(count: entries.count)
    }

    /// The results there are, in the order of the benchmarks.
    package var done: [EvaluationReport.Result] { results.compactMap { $0 } }

    /// Has every benchmark answered or joined by `body`.
    ///
    /// - Throws: `CancellationError`.
    package mutating func forEach(
        _ body: (
            Int, BenchmarkEvaluation, @escaping @Sendable (BenchmarkEvaluation.Event) -> Void
        ) async throws -> EvaluationReport.Result?
    ) async throws {
        for (index, entry) in entries.enumerated() {
            let progress = progress(entry.source.card)
            defer { progress.finish() }
            let isGraded = judge != nil
            let show: @Sendable (BenchmarkEvaluation.Event) -> Void = { event in
                if isGraded, case .needsJudge = event { return }
                progress.show(event)
            }
            do {
                results[index] = try await body(index, entry.evaluation, show)
                if entry.source.scoring.benchmark is any JudgedBenchmark { waiting.append(index) }
            } catch let error as CancellationError {
                throw error
            } catch {
                progress.finish()
                fail(entry.source.card, error)
            }
        }
    }

    /// Has the answers graded that need it, when there is a judge.
    package mutating func grade() async {
        guard let judge else { return }
        for index in waiting {
            let entry = entries[index]
            do {
                var answers = try Predictions(entry.folder.predictionsFile)
                answers.isPartial = entry.evaluation.isPartial
                results[index] = try entry.evaluation.score(
                    graded: try await judge(answers, entry.source))
            } catch {
                progress(entry.source.card).show(.needsJudge(entry.evaluation.judgeCommand))
                // Without agreement nothing is graded, which is not a failure.
                if !(error is CancellationError) { fail(entry.source.card, error) }
            }
        }
        waiting = []
    }

    private mutating func fail(_ card: BenchmarkCard, _ error: any Error) {
        if entries.count > 1 { warn("\(card.title): \(error)") }
        failures.add(card, error)
    }
}
