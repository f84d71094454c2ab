public import MiphaFiles

/// A failure to read a benchmark's files, to score answers or to run an evaluation.
///
/// MiphaEvaluation throws it too. The message is one line: what failed, where, what was expected,
/// what was found.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// A file of the benchmark does not exist.
        case missingFile
        /// A file breaks its format.
        case malformedFile
        /// A file is sound but not the one that was expected.
        case wrongFile
        /// Predictions and annotations do not belong together.
        case mismatch
        /// The caller asked for something that does not exist.
        case invalidRequest
        /// The judge gave no usable answer.
        case judge
        /// The model gave no answer.
        case model
        /// A server could not be reached or refused.
        case network
        /// The operating system refused to read or write.
        case system
    }

    /// The kind of failure.
    public let code: Code
    /// One line for people.
    public let message: String

    /// Creates an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Takes over the failure of a file.
    public init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .system: .system
            case .missing: .missingFile
            case .malformedJSON, .malformedFile: .malformedFile
            case .invalidRequest: .invalidRequest
            }
        self.init(code, error.message)
    }

    /// Runs `body` and takes over its failure.
    package static func wrapping<R>(
        _ body: () throws(FileError) -> R
    ) throws(EvaluationError) -> R {
        do {
            return try body()
        } catch {
            throw EvaluationError(error)
        }
    }

    /// The message.
    public var description: String { message }
}
