/// A failure to read or write a file, or to understand its format.
///
/// The message is one line: what failed, where (file, key, byte or line), what was expected, what
/// was found.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// The operating system refused to open, read, write, flush or rename a file.
        case system
        /// A file that was asked for does not exist.
        case missing
        /// A text is not the JSON that this library accepts.
        case malformedJSON
        /// An archive or table breaks its format.
        case malformedFile
        /// The caller asked for something that cannot be written.
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
