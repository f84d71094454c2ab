/// A model whose parameters do not fit their source.
public struct ParameterError: Error, Sendable, CustomStringConvertible {
    /// What was expected, what was found, and where.
    public let description: String

    /// Creates an error.
    public init(_ description: String) {
        self.description = description
    }
}
