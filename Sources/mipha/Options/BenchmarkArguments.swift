import ArgumentParser
import Foundation
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
        let names = benchmark.map { $0.split(separator: ":").first.map(String.init) ?? "" }
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError(
                "--benchmark: \(twice) is named twice; mipha score scores its predictions by "
                    + "further variants")
        }
        return try benchmark.map { name in
            let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
            return try Scoring(
                BenchmarkCatalog.named(parts[0]), variant: parts.count > 1 ? parts[1] : nil)
        }
    }

    /// Where a benchmark's files are: a folder of its own in `--data`, or `--data` itself.
    func files(_ card: BenchmarkCard) throws -> BenchmarkFiles {
        try BenchmarkFiles(data, for: card)
    }

    /// Where a benchmark's results go.
    func folder(of card: BenchmarkCard) throws -> EvaluationFolder {
        try EvaluationFolder("\(output)/\(card.id)")
    }

    /// Writes the reports and prints the scores.
    func write(
        _ results: [EvaluationReport.Result], model: EvaluatedModel,
        facts: [EvaluationReport.Fact] = [], output: TerminalOutput
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
