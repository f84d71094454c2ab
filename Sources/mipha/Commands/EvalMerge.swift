import ArgumentParser
import MiphaBenchmarks
import MiphaEvaluation

/// Parts of an evaluation to one.
struct EvalMerge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the parts of an evaluation that ran with --shard, and score it.",
        discussion: """
            EXAMPLE:
              mipha eval merge part-1 part-2 --benchmark gqa --data gqa --output out

            The parts must come from the same model and settings; every question must be answered, and \
            the output folder must hold no evaluation. \
            The predictions are the same bytes as those of a run in one piece.
            """)

    @Argument(help: "Output folders of the parts.")
    var parts: [String]

    @OptionGroup(title: "Benchmarks") var benchmarks: BenchmarkArguments
    @OptionGroup(title: "Judge") var judge: JudgeArguments
    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        let output = logging.output
        let chosen = try benchmarks.chosen()
        try judge.check(before: chosen)
        let merges = try chosen.map { scoring in
            try EvaluationMerge(parts.map { "\($0)/\(scoring.benchmark.card.id)" })
        }
        let model = try model(of: merges, chosen)
        let settings = zip(merges, chosen).map { $0.settings(of: $1.benchmark.card) }
        let sources = try benchmarks.sources(chosen)
        let folders = try chosen.map { try benchmarks.folder(of: $0.benchmark.card) }
        let entries = sources.indices.map { index in
            BenchmarkSeries.Entry(
                sources[index], folders[index], settings[index], merges[index].record.model)
        }
        for (entry, merge) in zip(entries, merges) { try entry.evaluation.checkFolder(for: merge) }
        var series = benchmarks.series(entries, judge: judge, output: output)
        try await series.forEach { index, evaluation, show in
            try evaluation.merge(merges[index], report: show)
        }
        await series.grade()
        try benchmarks.finish(
            series, model: model, facts: Self.facts(settings, sources), output: output)
    }

    /// The one model that all parts of all benchmarks were answered by.
    private func model(of merges: [EvaluationMerge], _ chosen: [Scoring]) throws -> EvaluatedModel {
        guard let first = merges.first?.record.model else {
            throw ValidationError("expected the folders of at least one part")
        }
        for (merge, scoring) in zip(merges, chosen)
        where merge.record.model.fingerprint != first.fingerprint {
            let (one, other) = (chosen[0].benchmark.card.title, scoring.benchmark.card.title)
            throw EvaluationError(
                .mismatch,
                "\(other) was answered by another model (\(merge.record.model.name), fingerprint "
                    + "\(merge.record.model.fingerprint)) than \(one) (\(first.name), "
                    + "\(first.fingerprint)); one report holds one model")
        }
        return first
    }

    /// What differs from asking everything; where benchmarks differ, of which.
    private static func facts(
        _ settings: [EvaluationSettings], _ sources: [BenchmarkSource]
    ) -> [EvaluationReport.Fact] {
        let facts = settings.map(\.facts)
        guard let first = facts.first, facts.contains(where: { $0 != first }) else {
            return facts.first ?? []
        }
        return zip(facts, sources).flatMap { facts, source in
            facts.map { EvaluationReport.Fact("\($0.label), \(source.card.title)", $0.value) }
        }
    }
}
