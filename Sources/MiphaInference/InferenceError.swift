/// A question that cannot be answered.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Kinds of failure.
    public enum Code: Sendable, Hashable {
        /// Ids or images do not fit the model or each other.
        case invalidPrompt
        /// The prompt leaves no room for an answer.
        case contextFull
        /// The model computed something that is not a number.
        case invalidLogits
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
