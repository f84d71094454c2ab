import ArgumentParser
import MiphaFolders

/// What a model folder holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model folder holds, without loading its weights.",
        discussion: """
            EXAMPLE:
              mipha inspect Mipha-3B
              mipha inspect Mipha-3B --json

            Shows architecture, parameters of each part, stored types and bytes, chat template, \
            tokenizer, and tensors that are missing, unused, left out on purpose or of a wrong shape.
            """)

    @Argument(help: "Model folder.")
    var model: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        try engine.start()
        let report = try ModelReport(ModelFolder(model, for: "mipha inspect"))
        if json {
            try logging.output.result(report.json)
        } else {
            logging.output.result(report.text)
        }
    }
}
