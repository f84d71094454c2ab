public import MiphaNN
public import MiphaTorch

/// The layers after the decoder blocks: the final norm and the map to logits.
public struct LanguageHead {
    private let norm: any Normalization
    private let map: Linear
    /// Logits become `softcap * tanh(logit / softcap)`; `nil`: they stay.
    private let softcap: Double?
    /// The place of the matrix: of the head, or of the table of embeddings.
    public let mapPlace: ParameterPlace
    /// The places of the parameters that the head reads.
    public var places: Set<ParameterPlace> { [ParameterPlace(.language, .output), mapPlace] }

    /// A head with a matrix of its own.
    ///
    /// - Parameters:
    ///   - norm: registered at the output of the language part.
    ///   - map: registered in the part `head`.
    public init(norm: any Normalization, map: Linear, softcap: Double? = nil) {
        self.init(norm: norm, map: map, softcap: softcap, mapPlace: ParameterPlace(.head))
    }

    /// A head whose matrix is the table of embeddings, which is registered at the input of the
    /// language part and has no adapter.
    ///
    /// - Throws: `ParameterError` for a table with an adapter.
    public init(
        norm: any Normalization, tiedTo table: Embedding, softcap: Double? = nil
    ) throws(ParameterError) {
        self.init(
            norm: norm, map: try Linear(tiedTo: table), softcap: softcap,
            mapPlace: ParameterPlace(.language))
    }

    private init(
        norm: any Normalization, map: Linear, softcap: Double?, mapPlace: ParameterPlace
    ) {
        self.norm = norm
        self.map = map
        self.softcap = softcap
        self.mapPlace = mapPlace
    }

    /// The final norm over `[..., width]`.
    public func normalize(_ hidden: Tensor) throws(TensorError) -> Tensor { try norm(hidden) }

    /// Logits `[..., vocabulary]` of normalised states `[..., width]`.
    public func logits(_ normalized: Tensor) throws(TensorError) -> Tensor {
        let logits = try map(normalized)
        return try softcap.map { cap throws(TensorError) in try Functions.softcap(logits, cap) }
            ?? logits
    }

    /// Sum of the cross-entropies of the logits of normalised states, without all of them in
    /// memory.
    ///
    /// - Parameters:
    ///   - normalized: `[rows, width]`.
    ///   - targets: `[rows]` int64 token ids.
    ///   - weights: `[rows]` factors of the rows' cross-entropies, without a z-loss; `nil`: 1.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2`, which is added.
    ///   - dropout: the source of the head's dropout masks, should it have an adapter.
    public func crossEntropySum(
        _ normalized: Tensor, targets: Tensor, weights: Tensor? = nil, zLoss: Double = 0,
        dropout: RandomGenerator? = nil
    ) throws(TensorError) -> Tensor {
        try map.crossEntropySum(
            normalized, targets: targets, weights: weights, zLoss: zLoss, softcap: softcap,
            dropout: dropout)
    }
}
