import ArgumentParser
import Foundation
import MiphaChat
import MiphaData
import MiphaFolders
import MiphaModels
import MiphaTorch

/// The dataset doctor.
struct DataCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look for everything that is wrong with training data.",
        discussion: """
            EXAMPLE:
              mipha data check mix.json --images images
              mipha data check mix.json --images images --model Mipha-3B --benchmarks data/pope

            Reads LLaVA JSON files and every image that they name, and counts malformed lines and \
            items, keys that are refused or not read, wrong roles, empty and over-long turns, markers \
            without images, text that breaks the template, repeated ids, samples and images, \
            missing, unreadable, truncated, misnamed, turned, tiny and extreme images, and images \
            that are also a benchmark's. Images are equal when their pixels are, whatever kind of \
            file holds them.

            Exit status: 0 when there is no error (there may be warnings), 1 when there are errors, \
            2 when a file does not exist or is not JSON. Of JSON lines single ones may not be, which \
            are counted as errors.
            """)

    @Argument(help: "LLaVA conversations: JSON arrays, or one object on each line.")
    var files: [String]

    @Option(help: "The folder that image paths are relative to.")
    var images: String?

    @Option(help: "Measure in tokens of this model folder, with its template.")
    var model: String?

    @Option(
        parsing: .unconditional,
        help: """
            Longest turn and sample, in tokens with --model, else in words; by default what the \
            model is trained with, else 2048.
            """)
    var maxLength: Int?

    @Option(help: "Chat template whose separators must not be in turns; by default the model's.")
    var template: String?

    @Option(
        parsing: .upToNextOption,
        help: "Folders, zip archives or .tsv files of benchmarks whose images must not be here.")
    var benchmarks: [String] = []

    @Option(parsing: .unconditional, help: "Least pixels of an image's shorter side.")
    var smallestSide = 16

    @Option(
        parsing: .unconditional,
        help: "Places that are listed of each kind of problem; counts are always exact.")
    var limitList: Int?

    @Option(
        parsing: .unconditional,
        help: "Threads that decode images; by default one for each processor.")
    var threads: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        for (name, value, least) in [
            ("--max-length", maxLength, 1), ("--limit-list", limitList, 0),
            ("--smallest-side", smallestSide, 0),
        ] {
            if let value, value < least {
                throw ValidationError("\(name): expected at least \(least), found \(value)")
            }
        }
        if let threads, !(1...Engine.maximumThreadCount).contains(threads) {
            throw ValidationError(
                "--threads: expected 1 to \(Engine.maximumThreadCount), found \(threads)")
        }
    }

    func run() throws {
        let output = logging.output
        let settings = try settings()
        let progress = SharedProgressBar(output)
        defer { progress.finish() }
        let interruption = Interruption()
        let report = try DataCheck(settings).run(shouldStop: { interruption.isRaised }) { step in
            switch step.phase {
            case .benchmarks(let pictures):
                progress.update(
                    "benchmarks", done: pictures, total: pictures + 1, unit: "images")
            case .samples(let bytes, let total):
                progress.update(
                    "check", done: bytes >> 10, total: max(total >> 10, 1) + 1, unit: "KiB",
                    note: "\(step.samples) samples")
            }
        }
        progress.finish()
        if json {
            try output.result(report.json)
        } else {
            output.result(report.text(places: limitList ?? 3))
        }
        if report.errors > 0 { throw ExitCode(ExitStatus.failure) }
    }

    private func settings() throws -> DataCheckSettings {
        var settings = DataCheckSettings(
            files: files, imageFolder: images ?? "", benchmarks: benchmarks,
            template: try template.map { try ChatFormat.named($0) } ?? .standard,
            smallestSide: smallestSide, listLimit: limitList ?? 20,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        if let maxLength { settings.limit = .words(maxLength) }
        guard let model else { return settings }
        let folder = try ModelFolder(model, for: "mipha data check --model")
        if template == nil { settings.template = try folder.template() }
        let encoder = try ConversationEncoder(
            tokenizer: folder.tokenizer(), template: settings.template,
            options: EncodingOptions(markers: .assumed, maximumLength: nil))
        settings.limit = .tokens(maxLength ?? folder.config.maximumLength, encoder)
        return settings
    }
}
