import ArgumentParser
import Foundation
import MiphaData
import MiphaFiles
import MiphaTraining

/// A training run.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model as a run file says.",
        discussion: """
            EXAMPLE:
              mipha train Runs/align.yaml --set model=base --set output_dir=runs/align
              mipha train Runs/instruct.yaml --set 'tune={tower: last:4}' --dry-run

            The run file is YAML; unknown keys are errors. The output folder receives \
            resolved.yaml (a run file that repeats the run), metrics.jsonl, TensorBoard events, \
            checkpoint-<step> folders and at the end the model. A run that was interrupted goes on \
            from its newest whole checkpoint when the command is given again. Ctrl-C and SIGTERM \
            write a checkpoint first; after SIGTERM the exit status is 0.
            """)

    @Argument(help: ArgumentHelp("Run file.", valueName: "run.yaml"))
    var runFile: String

    @Option(name: .customLong("set"), help: "key=value that wins over the run file; repeatable.")
    var settings: [String] = []

    @Option(
        help: "auto: from the newest checkpoint; never: from the start; or a checkpoint folder.")
    var resume = "auto"

    @Flag(help: "Load model and data, print what would be trained, and stop.")
    var dryRun = false

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        let configuration = try RunConfiguration(contentsOf: runFile, overrides: settings)
        try engine.start(threads: configuration.threads)
        let output = logging.output
        let termination = Interruption(signal: SIGTERM)
        let trainer = try Trainer(configuration, resume: Trainer.Resume(parsing: resume))
        for line in trainer.description { output.note(line) }
        if dryRun {
            output.result(try JSONValue.object(configuration.json).text() + "\n")
            return
        }
        let interruption = Interruption()
        var bar = ProgressBar(
            configuration.stage.rawValue, total: trainer.plan.totalSteps, unit: "updates",
            output: output)
        defer { bar.finish() }
        let outcome = try trainer.train(
            version: Mipha.configuration.version,
            shouldStop: { interruption.isRaised || termination.isRaised },
            report: { bar.update($0.step, note: $0.summary) },
            note: {
                bar.finish()
                output.note($0)
            })
        bar.finish()
        switch outcome {
        case .completed: output.note("trained model in \(configuration.outputFolder)")
        case .alreadyComplete:
            output.note("\(configuration.outputFolder) is complete already; nothing to do")
        case .stopped(let step):
            output.note(
                "stopped after update \(step); the same command goes on from there")
            if !termination.isRaised { throw ExitCode(ExitStatus.interrupted) }
        }
    }
}
