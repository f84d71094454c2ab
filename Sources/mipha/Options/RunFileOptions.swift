import ArgumentParser
import MiphaTraining

/// A run file and what wins over it.
struct RunFileOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Run file.", valueName: "run.yaml"))
    var runFile: String

    @Option(name: .customLong("set"), help: "key=value that wins over the run file; repeatable.")
    var settings: [String] = []

    @Option(help: "Element type of weights and activations: float32 or bfloat16 (the key dtype).")
    var dtype: String?

    @Option(help: "Seed of all random choices (the key seed).")
    var seed: Int?

    /// The run that they describe.
    ///
    /// - Throws: errors that name file or option, key, what was expected and what was found.
    func configuration() throws -> RunConfiguration {
        let options = [dtype.map { "dtype=\($0)" }, seed.map { "seed=\($0)" }]
        return try RunConfiguration(
            contentsOf: runFile, overrides: settings + options.compactMap { $0 })
    }
}
