/// A model folder that lacks a part, or whose parts do not belong together.
public struct FolderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Kinds of failure.
    public enum Code: Sendable, Hashable {
        /// A model folder or one of its parts does not exist.
        case missingPart
        /// Parts of a model folder contradict each other, or what is given does not fit the model.
        case mismatchedParts
        /// The weights are larger than the memory that is free.
        case tooLarge
    }

    /// Kind of failure.
    public let code: Code
    /// The cause, place, expected and found values and the remedy, in one line.
    public let message: String

    /// Creates an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
