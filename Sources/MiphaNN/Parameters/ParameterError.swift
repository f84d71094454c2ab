/// A model whose parameters do not fit their source.
public struct ParameterError: Error, Sendable, CustomStringConvertible {
    /// The expected and the found values, and the place.
    public let description: String

    /// Creates an error.
    public init(_ description: String) {
        self.description = description
    }
}
