import ArgumentParser
import Foundation
import MiphaBenchmarks
import MiphaEvaluation

/// Options about which benchmarks to run, on which data, and where results go.
struct BenchmarkArguments: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: "Benchmarks, each perhaps with a variant: pope, mme:lmms-eval; mipha score --list.")
    var benchmark: [String]

    @Option(help: "Folder of the benchmark, or a folder of folders named like the benchmarks.")
    var data: String

    @Option(help: "Folder to fill.")
    var output: String

    func validate() throws {
        guard !benchmark.isEmpty else {
            throw ValidationError(
                "--benchmark: expected at least one; mipha score --list names all")
        }
    }

    /// The benchmarks with their variants, in the order given.
    func chosen() throws -> [Scoring] {
        let chosen = try benchmark.map { name in
            let parts = name.split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false
            ).map(String.init)
            guard let id = parts.first, !parts.contains("") else {
                throw ValidationError(
                    "--benchmark: expected ID or ID:VARIANT, such as pope or mme:lmms-eval, found "
                        + "\"\(name)\"; mipha score --list names all")
            }
            return try Scoring(
                BenchmarkCatalog.named(id), variant: parts.count > 1 ? parts[1] : nil)
        }
        let ids = chosen.map(\.benchmark.card.id)
        if let twice = ids.first(where: { id in ids.count { $0 == id } > 1 }) {
            throw ValidationError(
                "--benchmark: \(twice) is named twice; mipha score scores its predictions by "
                    + "further variants")
        }
        return chosen
    }

    /// The data of benchmarks: of each a folder of its own in `--data`, or `--data` itself.
    ///
    /// - Throws: the error of the only one that cannot be read, or one that names all of them.
    func sources(_ chosen: [Scoring]) throws -> [BenchmarkSource] {
        var sources: [BenchmarkSource] = []
        var failures = BenchmarkFailures(count: chosen.count)
        for scoring in chosen {
            let card = scoring.benchmark.card
            do {
                sources.append(try BenchmarkSource(scoring, BenchmarkFiles(data, for: card)))
            } catch {
                failures.add(card, error)
            }
        }
        try failures.check()
        return sources
    }

    /// Where a benchmark's results go.
    func folder(of card: BenchmarkCard) throws -> EvaluationFolder {
        try EvaluationFolder("\(output)/\(card.id)")
    }

    /// A series over benchmarks; what there is to see goes to `output`.
    func series(
        _ entries: [BenchmarkSeries.Entry], judge: JudgeArguments, output: TerminalOutput
    ) -> BenchmarkSeries {
        let grade: BenchmarkSeries.Judge = { answers, source in
            try await judge.graded(answers, source.scoring.benchmark, source.files, output)
        }
        return BenchmarkSeries(
            entries, judge: judge.judgeModel == nil ? nil : grade,
            progress: { EvaluationProgress($0, output) }, warn: { output.warning($0) })
    }

    /// Writes the report of what is done.
    ///
    /// - Throws: what failed, after the report was written.
    func finish(
        _ series: BenchmarkSeries, model: EvaluatedModel, facts: [EvaluationReport.Fact],
        output: TerminalOutput
    ) throws {
        if series.failures.isEmpty || !series.done.isEmpty {
            try write(series.done, model: model, facts: facts, output: output)
        }
        try series.failures.check()
    }

    /// Writes the reports and prints the scores.
    private func write(
        _ results: [EvaluationReport.Result], model: EvaluatedModel,
        facts: [EvaluationReport.Fact], output: TerminalOutput
    ) throws {
        let report = EvaluationReport(
            model: model.name, facts: model.facts, settings: facts,
            date: Date.now.formatted(.iso8601.year().month().day()),
            command: CommandLine.arguments.joined(separator: " "),
            provenance: [EvaluationReport.Fact("model fingerprint", model.fingerprint)],
            results: results)
        try report.write(to: self.output)
        for result in results {
            let card = try BenchmarkCatalog.named(result.score.benchmark).card
            output.result(ScorePrinter.text(result.score, card: card) + "\n")
        }
        output.result("report: \(self.output)/report.html, report.md\n")
    }
}
