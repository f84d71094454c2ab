import ArgumentParser
import MiphaEvaluation

/// Parts of an evaluation to one.
struct EvalMerge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the parts of an evaluation that ran with --shard, and score it.",
        discussion: """
            EXAMPLE:
              mipha eval merge part-1 part-2 --benchmark gqa --data gqa --output out

            The parts must come from the same model and settings; every question must be answered. \
            The predictions are the same bytes as those of a run in one piece.
            """)

    @Argument(help: "Output folders of the parts.")
    var parts: [String]

    @OptionGroup(title: "Benchmarks") var benchmarks: BenchmarkArguments
    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        let output = logging.output
        var results: [EvaluationReport.Result] = []
        var models: [EvaluatedModel] = []
        var facts: [EvaluationReport.Fact] = []
        for scoring in try benchmarks.chosen() {
            let card = scoring.benchmark.card
            let merged = try EvaluationMerge(parts.map { "\($0)/\(card.id)" })
            models.append(merged.record.model)
            facts = merged.settings.facts
            let evaluation = BenchmarkEvaluation(
                scoring, files: try benchmarks.files(card), folder: try benchmarks.folder(of: card),
                settings: merged.settings, model: merged.record.model)
            let progress = EvaluationProgress(card, output)
            if let result = try evaluation.merge(merged, report: progress.show) {
                results.append(result)
            }
        }
        guard let model = models.first else { return }
        try benchmarks.write(results, model: model, facts: facts, output: output)
    }
}
