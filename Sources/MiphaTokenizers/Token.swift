/// One token of an encoded text, with the place it came from.
public struct Token: Sendable, Equatable {
    /// The id in the vocabulary.
    public let id: Int

    /// The UTF-8 byte range in the encoded text, white space included.
    ///
    /// One scalar can be spread over several tokens; a range may then start or end inside a scalar.
    public let bytes: Range<Int>

    /// Makes a token.
    public init(id: Int, bytes: Range<Int>) {
        self.id = id
        self.bytes = bytes
    }
}
