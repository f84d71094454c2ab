import ArgumentParser
import MiphaTraining

/// A run file and what wins over it.
struct RunFileOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Run file.", valueName: "run.yaml"))
    var runFile: String?

    @Option(name: .customLong("set"), help: "key=value that wins over the run file; repeatable.")
    var settings: [String] = []

    @Option(help: "Element type of weights and activations: float32 or bfloat16 (the key dtype).")
    var dtype: String?

    @Option(help: "Where to compute: auto, cpu, cuda, cuda:N or mps (the key device).")
    var device: String?

    @Option(parsing: .unconditional, help: "Seed of all random choices (the key seed).")
    var seed: Int?

    @Flag(help: "Print the keys of a run file with their defaults and meanings, and stop.")
    var listKeys = false

    func validate() throws {
        if listKeys { throw CleanExit.message(RunKey.listing) }
        _ = try givenFile()
    }

    /// The run that they describe.
    ///
    /// - Throws: errors that name file or option, key, what was expected and what was found.
    func configuration() throws -> RunConfiguration {
        let options = [
            dtype.map { "dtype=\($0)" }, device.map { "device=\($0)" }, seed.map { "seed=\($0)" },
        ]
        return try RunConfiguration(
            contentsOf: givenFile(), overrides: settings + options.compactMap { $0 })
    }

    /// The run file, which only `--list-keys` does without.
    private func givenFile() throws -> String {
        guard let runFile else { throw ValidationError("Missing expected argument '<run.yaml>'") }
        return runFile
    }
}
