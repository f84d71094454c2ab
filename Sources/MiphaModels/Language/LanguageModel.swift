public import MiphaNN
public import MiphaTorch

/// A causal language model that takes embeddings and gives logits.
///
/// A family writes its projections and blocks; attention is up to the ``AttentionPass``, the end to
/// the ``LanguageHead``.
public protocol LanguageModel {
    /// The sizes of the decoder.
    var shape: DecoderShape { get }
    /// The final norm and the map to logits.
    var head: LanguageHead { get }
    /// The embedding table; its element type and device are those of the model.
    var table: Tensor { get }
    /// The places of the parameters that ``embed(_:)`` reads.
    var embeddingPlaces: Set<ParameterPlace> { get }

    /// Embeddings of token ids: int64 of any shape, result with the width appended.
    func embed(_ ids: Tensor) throws(TensorError) -> Tensor

    /// The first block's input, made from embeddings `[rows, tokens, width]` of words and images.
    func enter(_ spliced: Tensor) throws(TensorError) -> Tensor

    /// The decoder blocks as a chain over `[rows, tokens, width]`.
    func segments(_ pass: any AttentionPass) throws(TensorError) -> [Segment]
}

extension LanguageModel {
    /// The embeddings as they are.
    public func enter(_ spliced: Tensor) throws(TensorError) -> Tensor { spliced }
}
