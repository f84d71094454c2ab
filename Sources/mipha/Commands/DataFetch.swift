import ArgumentParser
import MiphaDownloads
import MiphaEvaluation

/// A benchmark's files from where their authors publish them.
struct DataFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download a benchmark's files; say which must be fetched by hand.",
        discussion: """
            EXAMPLE:
              mipha data fetch pope --output data/pope
              mipha data fetch textvqa --only annotations --output data/textvqa

            Downloads go on where they stopped. Hashes that the authors publish are checked; for \
            other files the first download is recorded in fetched.json and compared from then on.
            """)

    @Argument(help: "Benchmark; mipha score --list names all.")
    var benchmark: String

    @Option(help: "Folder to fill; by default named like the benchmark.")
    var output: String?

    @Option(
        parsing: .upToNextOption,
        help: "What to download: annotations, pictures, other; by default the first two.",
        transform: DataFetch.kind)
    var only: [BenchmarkDownload.Kind] = [.annotations, .pictures]

    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        let output = logging.output
        let download = try BenchmarkDownloads.named(benchmark)
        let folder = self.output ?? download.benchmark
        let progress = SharedProgressBar(output)
        defer { progress.finish() }
        let outcomes = try await Downloader(logger: output.logger("mipha.downloads")).fetch(
            download.files(of: Set(only)), into: folder
        ) { step in
            progress.update(
                step.name, done: step.bytes >> 10, total: (step.total ?? step.bytes) >> 10,
                unit: "KiB")
        }
        progress.finish()
        for outcome in outcomes {
            output.result(
                "\(outcome.way.rawValue)  \(outcome.bytes) bytes  \(outcome.sha256)  "
                    + "\(folder)/\(outcome.name)\n")
        }
        output.note("licence: \(download.licence)")
        let instructions = download.instructions(folder: folder)
        if !instructions.isEmpty { output.result(instructions + "\n") }
    }

    private static func kind(_ text: String) throws -> BenchmarkDownload.Kind {
        if let kind = BenchmarkDownload.Kind(rawValue: text) { return kind }
        let known = BenchmarkDownload.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("expected one of \(known), found \(text)")
    }
}
