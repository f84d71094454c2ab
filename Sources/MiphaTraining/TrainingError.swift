/// A training run that cannot start or go on.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure.
    public enum Code: Sendable {
        /// The run file or its data are wrong.
        case invalidRun
        /// The run broke while it was going on.
        case failed
    }

    /// Kind of failure.
    public let code: Code
    /// The expected and the found values, and the place.
    public let description: String

    /// Creates an error.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
