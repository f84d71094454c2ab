import ArgumentParser

/// Benchmarks with a model.
struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run benchmarks: answers, scores with intervals, a report.",
        subcommands: [EvalRun.self, EvalMerge.self], defaultSubcommand: EvalRun.self)
}
