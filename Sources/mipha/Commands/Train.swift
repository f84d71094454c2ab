import ArgumentParser
import Foundation
import MiphaFiles
import MiphaTorch
import MiphaTraining

/// A training run.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model as a run file says.",
        discussion: """
            EXAMPLE:
              mipha train Runs/align.yaml --set model=base --set output_dir=runs/align
              mipha train Runs/finetune.yaml --set learning_rate=1e-5 --dry-run

            The run file is YAML; unknown keys are errors. The output folder receives metrics.jsonl, \
            checkpoint-<step> folders and at the end the model. A run that was interrupted goes on \
            from its newest checkpoint when the command is given again.
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
        try engine.start()
        Engine.keepFreedMemory()
        let output = logging.output
        let configuration = try RunConfiguration(contentsOf: runFile, overrides: settings)
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
        let outcome = try trainer.train(shouldStop: { interruption.isRaised }) { progress in
            bar.update(progress.step, note: progress.summary)
        }
        bar.finish()
        switch outcome {
        case .completed: output.note("trained model in \(configuration.outputFolder)")
        case .alreadyComplete:
            output.note("\(configuration.outputFolder) is complete already; nothing to do")
        case .stopped(let step):
            output.note(
                "stopped after update \(step); the same command goes on from "
                    + "\(configuration.outputFolder)/checkpoint-\(step)")
            throw ExitCode(ExitStatus.interrupted)
        }
    }
}
