/// A tokenizer file that cannot be read, is malformed, or asks for something unsupported.
public struct TokenizerError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A file is missing, too large, or cannot be read or written.
        case file
        /// The bytes are not valid UTF-8 or not valid JSON.
        case syntax
        /// A field is missing, has the wrong type, or contradicts another one.
        case value
        /// A field asks for something this tokenizer does not do.
        case unsupported
    }

    /// The kind of failure.
    public let code: Code

    /// What is wrong, where (file, key, byte or line), what was expected and what was found.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
