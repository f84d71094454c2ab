import ArgumentParser
import Foundation
import MiphaBenchmarks
import MiphaChat
import MiphaEvaluation
import MiphaFolders
import MiphaInference

/// One run over benchmarks.
struct EvalRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run benchmarks: answers, scores with intervals, a report.",
        discussion: """
            EXAMPLE:
              mipha eval Mipha-3B --benchmark pope textvqa --data playground/data/eval --output out
              mipha eval Mipha-3B --benchmark gqa --data gqa --output out --resume
              mipha eval Mipha-3B --benchmark vqav2 --data vqav2 --output part-2 --shard 2/8
              mipha eval merge part-1 part-2 --benchmark vqav2 --data vqav2 --output out
              mipha eval Mipha-3B --benchmark mmvet --data mmvet --output out \
            --judge-model gpt-4-0613

            --data is the folder of one benchmark as its authors or LLaVA's eval bundle ship it, or a \
            folder of such folders named like the benchmarks. Questions on one image are answered \
            together. Every answer is on disk as soon as it is made: after an interruption the same \
            command with --resume goes on.
            """)

    @OptionGroup var source: ModelArguments

    @OptionGroup var prompts: TemplateOption

    @OptionGroup(title: "Benchmarks") var benchmarks: BenchmarkArguments

    @Flag(help: "Go on where an earlier run in the output folder stopped.")
    var resume = false

    @Option(parsing: .unconditional, help: "Ask only the first N questions of each benchmark.")
    var limit: Int?

    @Option(help: "Ask only part i of n, such as 2/8; mipha eval merge joins the parts.")
    var shard = "1/1"

    @Option(
        parsing: .unconditional,
        help: "The longest answer in tokens; by default LLaVA's for each benchmark.")
    var maxTokens: Int?

    @Option(parsing: .unconditional, help: "Number of questions handed to the model in one list.")
    var batch = 64

    @Flag(help: "Answer each question alone, its image included, as the reference does.")
    var oneByOne = false

    @OptionGroup(title: "Judge") var judge: JudgeArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        guard limit ?? 1 >= 1 else {
            throw ValidationError("--limit: expected at least 1, found \(limit ?? 0)")
        }
        guard maxTokens ?? 1 >= 1 else {
            throw ValidationError("--max-tokens: expected at least 1, found \(maxTokens ?? 0)")
        }
        guard batch >= 1 else {
            throw ValidationError("--batch: expected at least 1, found \(batch)")
        }
    }

    func run() async throws {
        let choice = try common.start()
        let output = common.logging.output
        let shard = try EvaluationShard(parsing: shard)
        let chosen = try benchmarks.chosen()
        try judge.check(before: chosen, isPart: shard.count > 1)
        let folders = try chosen.map { try benchmarks.folder(of: $0.benchmark.card) }
        for folder in folders where folder.isBegun && !resume {
            throw EvaluationError(
                .invalidRequest,
                "\(folder.path) holds an evaluation; give --resume to go on with it, or another "
                    + "--output")
        }
        let sources = try benchmarks.sources(chosen)
        let bundle = try source.bundle(for: "mipha eval", prompts, choice, output)
        let identity = EvaluatedModel(
            name: bundle.folder.name,
            fingerprint: try bundle.folder.fingerprint(
                dtype: choice.dtype, template: prompts.template),
            facts: bundle.facts.map { EvaluationReport.Fact($0.label, $0.value) })
        let settings = EvaluationSettings(
            maxTokens: maxTokens, limit: limit, shard: shard, groupsByPicture: !oneByOne,
            batchRows: batch)
        let entries = zip(sources, folders).map {
            BenchmarkSeries.Entry($0, $1, settings, identity)
        }
        var series = benchmarks.series(entries, judge: judge, output: output)
        let engine = InferenceEngine(
            bundle, keepsBeginning: false, logger: output.logger("mipha.inference"))
        try await Self.answer(&series, with: engine)
        guard shard.count == 1 else {
            try series.failures.check()
            output.result("part \(shard.index) of \(shard.count) is answered\n")
            return
        }
        await series.grade()
        try benchmarks.finish(series, model: identity, facts: settings.facts, output: output)
    }

    /// Answers everything; while it does, Ctrl-C is an orderly end.
    private static func answer(
        _ series: inout BenchmarkSeries, with engine: InferenceEngine
    ) async throws {
        let interruption = Interruption()
        let isStopped = interruption.isRaisedNow
        try await series.forEach { _, evaluation, show in
            try await evaluation.run(with: engine, isStopped: isStopped, report: show)
        }
        withExtendedLifetime(interruption) {}
    }
}
