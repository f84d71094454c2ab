import ArgumentParser
import Foundation
import MiphaBenchmarks
import MiphaChat
import MiphaCheckpoints
import MiphaData
import MiphaDemo
import MiphaDownloads
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTokenizers
import MiphaTorch
import MiphaTraining

extension ExitStatus {
    /// Ends the process with what an error calls for: help, a version, or one line on standard error.
    static func end(with error: any Error, output: TerminalOutput) -> Never {
        if Mipha.exitCode(for: error) == .success {
            output.result(Mipha.fullMessage(for: error) + "\n")
            exit(0)
        }
        if let code = error as? ExitCode { exit(code.rawValue) }
        if error is CancellationError {
            output.note("interrupted")
            exit(interrupted)
        }
        let status = status(of: error)
        if isUsage(error) {
            let message = oneLine(Mipha.message(for: error))
            output.error("\(message); see \(commandLine()) --help")
        } else {
            output.error(oneLine("\(error)"))
        }
        exit(status)
    }

    /// The status of an error.
    static func status(of error: any Error) -> Int32 {
        switch error {
        case is CancellationError: interrupted
        case is TensorError: failure
        case let error as FileError: error.code == .system ? failure : badInput
        case let error as CheckpointError: error.code == .system ? failure : badInput
        case let error as InferenceError: error.code == .invalidLogits ? failure : badInput
        case let error as EvaluationError:
            [.system, .network, .judge, .model].contains(error.code) ? failure : badInput
        case let error as DownloadError:
            [.system, .network].contains(error.code) ? failure : badInput
        case is FolderError, is TokenizerError, is ChatError, is ImagingError, is SpliceError,
            is ParameterError:
            badInput
        case let error as DataError: error.code == .system ? failure : badInput
        case let error as DemoError: error.code == .plan ? badInput : failure
        case let error as TrainingError: error.code == .invalidRun ? badInput : failure
        default: isUsage(error) ? badInput : failure
        }
    }

    /// Whether the argument parser made the error, or a command in its name.
    private static func isUsage(_ error: any Error) -> Bool {
        error is ValidationError || Mipha.exitCode(for: error) == .validationFailure
    }

    private static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: " ")
    }

    /// The command as far as it was understood, for the pointer to its help.
    private static func commandLine() -> String {
        let names = Mipha.configuration.subcommands.map { $0._commandName }
        let first = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") }
        guard let first, names.contains(first) else { return "mipha" }
        return "mipha \(first)"
    }
}
