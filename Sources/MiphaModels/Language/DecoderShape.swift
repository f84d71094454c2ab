public import MiphaTorch

/// The sizes of a decoder that others need to know.
public struct DecoderShape: Sendable, Hashable {
    /// Width of the hidden state.
    public let width: Int
    /// Number of decoder blocks.
    public let layers: Int
    /// Number of attention heads.
    public let heads: Int
    /// Number of heads of keys and values, a divisor of `heads`.
    public let keyValueHeads: Int
    /// Width of a head.
    public let headWidth: Int
    /// Number of logits.
    public let vocabulary: Int
    /// Number of positions that the model was trained for.
    public let positions: Int

    /// Describes a decoder.
    public init(
        width: Int, layers: Int, heads: Int, keyValueHeads: Int, headWidth: Int, vocabulary: Int,
        positions: Int
    ) {
        self.width = width
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headWidth = headWidth
        self.vocabulary = vocabulary
        self.positions = positions
    }

    /// Bytes of the keys and values of one position.
    public func bytesPerPosition(_ dtype: DType) -> Int {
        2 * layers * keyValueHeads * headWidth * dtype.byteCount
    }
}
