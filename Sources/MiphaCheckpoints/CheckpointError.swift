import MiphaFiles

/// A failure to read, check or write a checkpoint, a configuration or a set of names.
///
/// The message is one line: what failed, where (file, tensor or key, byte or line), what was
/// expected, what was found.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// The operating system refused to open, read, write, flush or rename a file.
        case system
        /// A safetensors file breaks the format.
        case malformedFile
        /// A tensor has an element type that this library does not read.
        case unsupportedType
        /// A file, shard or tensor that was asked for does not exist.
        case missing
        /// A shard index is inconsistent with itself or with its shards.
        case malformedIndex
        /// A text is not the JSON that this library accepts.
        case malformedJSON
        /// A configuration has a missing key or a value of the wrong kind.
        case invalidConfig
        /// The rules of a key map or weight map contradict each other.
        case invalidKeyMap
        /// A tensor has not the shape, type or name that a rule of a weight map needs.
        case unfitTensor
        /// The caller declared or wrote something that cannot be stored.
        case invalidRequest
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

    /// The message.
    public var description: String { message }
}

extension CheckpointError {
    /// An error of the files below, with its message.
    init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .system: .system
            case .missing: .missing
            case .malformedJSON: .malformedJSON
            case .malformedFile: .malformedFile
            case .invalidRequest: .invalidRequest
            }
        self.init(code, error.message)
    }

    /// The result of `body`, whose errors become errors of this library.
    static func converting<Result>(
        _ body: () throws(FileError) -> Result
    ) throws(CheckpointError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw CheckpointError(error)
        }
    }
}
