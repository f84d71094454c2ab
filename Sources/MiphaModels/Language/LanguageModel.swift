public import MiphaNN
public import MiphaTorch

/// What a decoder needs to know about one call beside the hidden state.
public struct DecoderContext {
    /// Cosines of the rotary angles, `[rows or 1, tokens, rotary / 2]` float32.
    public let cos: Tensor
    /// Sines of the rotary angles, like `cos`.
    public let sin: Tensor
    /// Boolean mask `[rows, 1, tokens, keys]`, true = attend; `nil` when `causal` says it all.
    public let mask: Tensor?
    /// Whether each token sees exactly the tokens before it and itself.
    public let causal: Bool
    /// Keys and values of earlier tokens.
    public let cache: KeyValueCache?
    /// The pass over rows of different lengths that this call is; then `cache` and `mask` are unused.
    public let ragged: RaggedStep?
    /// Where samples that do not see each other stand in each row; `nil`: one sample a row.
    public let documents: [[Range<Int>]]?
    /// Source of dropout masks; `nil` outside training.
    public let dropout: RandomGenerator?
}

/// A causal language model that takes embeddings and gives logits.
public protocol LanguageModel {
    /// Width of the hidden state.
    var width: Int { get }
    /// Number of decoder blocks.
    var layerCount: Int { get }
    /// Number of logits.
    var vocabularySize: Int { get }

    /// Embeddings of token ids: int64 of any shape, result with `width` appended.
    func embed(_ ids: Tensor) throws(TensorError) -> Tensor

    /// The context of a call over a layout of tokens.
    func context(
        _ layout: SequenceLayout, cache: KeyValueCache?, dropout: RandomGenerator?
    ) throws(TensorError) -> DecoderContext

    /// The context of a pass over rows of different lengths, whose tokens are one list `[1, tokens]`.
    func context(_ ragged: RaggedStep) throws(TensorError) -> DecoderContext

    /// Bytes of the keys and values of one position.
    var bytesPerPosition: Int { get }

    /// The decoder blocks as a chain over `[rows, tokens, width]`.
    func segments(_ context: DecoderContext) -> [Segment]

    /// The final norm over `[..., width]`.
    func normalize(_ hidden: Tensor) throws(TensorError) -> Tensor

    /// Logits `[..., vocabulary]` of normalised states `[..., width]`.
    func logits(_ normalized: Tensor) throws(TensorError) -> Tensor

    /// Sum of the cross-entropies of the logits of normalised states `[rows, width]`.
    ///
    /// - Parameters:
    ///   - targets: `[rows]` int64 token ids.
    ///   - weights: `[rows]` factors of the rows' cross-entropies, without a z-loss; `nil`: 1.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    ///   - dropout: the source of the head's dropout masks, should it have an adapter.
    func crossEntropySum(
        _ normalized: Tensor, targets: Tensor, weights: Tensor?, zLoss: Double,
        dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor

    /// The embedding table; its element type and device are those of the model.
    var table: Tensor { get }
    /// Where the parameters are that ``embed(_:)`` reads.
    var embeddingPlaces: Set<ParameterPlace> { get }
    /// Where the final norm's and the head's parameters are.
    var headPlaces: Set<ParameterPlace> { get }
}
