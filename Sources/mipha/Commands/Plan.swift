import ArgumentParser
import Foundation
import MiphaFiles
import MiphaTorch
import MiphaTraining

/// What a training run will take.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict what a training run takes, before any weight is read.",
        discussion: """
            EXAMPLE:
              mipha plan Runs/instruct.yaml --set model=base --set output_dir=runs/instruct
              mipha plan Runs/instruct.yaml --memory 24 --json
            """)

    @Argument(help: ArgumentHelp("Run file.", valueName: "run.yaml"))
    var runFile: String

    @Option(name: .customLong("set"), help: "key=value that wins over the run file; repeatable.")
    var settings: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(inversion: .prefixedNo, help: "Measure a part of a step to tell the time.")
    var probe = true

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        Engine.keepFreedMemory()
        let configuration = try RunConfiguration(contentsOf: runFile, overrides: settings)
        try engine.start(threads: configuration.threads)
        let plan = try RunPlan(configuration)
        let output = logging.output
        if json {
            output.result(try JSONValue.object(plan.json).text() + "\n")
        } else {
            output.result(plan.lines.joined(separator: "\n") + "\n")
        }
    }
}
