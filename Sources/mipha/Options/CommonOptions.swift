import ArgumentParser
import MiphaTorch

/// Options of every command that runs a model.
struct CommonOptions: ParsableArguments {
    @Option(help: "Where to compute: auto, cpu, cuda, cuda:N or mps.")
    var device = "auto"

    @Option(
        help: "Element type of the weights; auto keeps the stored one, of several the config's.")
    var dtype = DTypeChoice.auto

    @OptionGroup var engine: EngineOptions

    @Option(
        parsing: .unconditional, help: "Seed of all random choices; by default a new one each time."
    )
    var seed: UInt64?

    @OptionGroup var logging: LoggingOptions

    /// Element types a model can run in.
    enum DTypeChoice: String, CaseIterable, ExpressibleByArgument {
        case auto, float32, bfloat16, float16

        /// The type; nil for the stored one.
        var type: DType? { DType(rawValue: rawValue) }
    }

    /// Checks the engine, sets its threads and says where and how to compute.
    func start() throws -> EngineChoice {
        try engine.start()
        let place = try DeviceChoice.device(device, of: "--device")
        logging.output.detail(
            "libtorch \(Engine.loadedVersion), device \(place), \(Engine.threadCount) threads"
                + (place == .cpu && Engine.computesBFloat16InFloat
                    ? ", bfloat16 products in float32" : ""))
        return EngineChoice(device: place, dtype: dtype.type, seed: seed)
    }

    /// Where and how to compute.
    struct EngineChoice {
        let device: Device
        let dtype: DType?
        let seed: UInt64?
    }
}

/// Options of every command that computes with libtorch.
struct EngineOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "Number of threads an operation may use; by default libtorch's choice.")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...Engine.maximumThreadCount).contains(threads) {
            throw ValidationError(
                "--threads: expected 1 to \(Engine.maximumThreadCount), found \(threads)")
        }
    }

    /// Checks the library that is loaded and sets its threads.
    ///
    /// - Parameter standard: number of threads when the option is not given.
    func start(threads standard: Int? = nil) throws {
        try Engine.verifyVersion()
        if let threads = threads ?? standard { try Engine.setThreadCount(threads) }
    }
}

/// Options of every command.
struct LoggingOptions: ParsableArguments {
    @Option(help: "How much to say on standard error: error, warning, info or debug.")
    var logLevel = TerminalOutput.Level.info

    /// Where results and notes go.
    var output: TerminalOutput { TerminalOutput(level: logLevel) }
}

extension TerminalOutput.Level: ExpressibleByArgument {}
