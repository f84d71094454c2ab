/// Training data that cannot be used as asked.
///
/// What is wrong inside a conversation file is a `ChatError`.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, for callers that react to it.
    public enum Code: Sendable, Hashable {
        /// There is no sample to learn from.
        case noSamples
        /// A list of files, a weight or another setting is out of range.
        case invalidOption
        /// A sample is longer than a row of a packed batch.
        case overlongSample
        /// The caller asked for something that does not exist or cannot be done.
        case invalidRequest
        /// A file breaks its format.
        case malformedFile
        /// A sample cannot be learned from.
        case badSample
        /// The operating system refused.
        case system
    }

    /// The kind of failure.
    public let code: Code
    /// What, where, expected, found and what to do, in one line.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Of a file of conversations that holds none.
    static func noConversation(in file: String) -> DataError {
        DataError(.noSamples, "\(file): expected at least one conversation, found none")
    }

    /// The message.
    public var description: String { message }
}
