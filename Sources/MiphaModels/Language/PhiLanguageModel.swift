public import MiphaNN
public import MiphaTorch

/// Projections of the hidden state to queries, keys and values.
enum PhiProjections {
    /// Three maps, as in Phi-2.
    case split(q: Linear, k: Linear, v: Linear)
    /// One map whose output is head-major, then q, k, v, as in the first release of Phi-1.5.
    case fused(Linear)

    init(_ scope: ParameterScope, _ config: PhiConfig) throws {
        let width = config.hiddenSize
        if config.fusesProjections {
            self = .fused(try Linear(scope["query_key_value"], from: width, to: 3 * width))
        } else {
            self = .split(
                q: try Linear(scope["q_proj"], from: width, to: width),
                k: try Linear(scope["k_proj"], from: width, to: width),
                v: try Linear(scope["v_proj"], from: width, to: width))
        }
    }

    /// Queries, keys and values, each `[rows, tokens, heads, head width]`.
    func callAsFunction(
        _ x: Tensor, headCount: Int, dropout: RandomGenerator?
    ) throws(TensorError) -> (q: Tensor, k: Tensor, v: Tensor) {
        let (rows, tokens, width) = (x.size(0), x.size(1), x.size(2) / headCount)
        let headed = [rows, tokens, headCount, width]
        switch self {
        case .split(let q, let k, let v):
            return (
                try q(x, dropout: dropout).reshaped(headed),
                try k(x, dropout: dropout).reshaped(headed),
                try v(x, dropout: dropout).reshaped(headed)
            )
        case .fused(let map):
            let all = try map(x, dropout: dropout).reshaped([rows, tokens, headCount, 3 * width])
            return (
                try all.narrowed(3, from: 0, length: width),
                try all.narrowed(3, from: width, length: width),
                try all.narrowed(3, from: 2 * width, length: width)
            )
        }
    }
}

/// Causal self-attention with partly rotated heads.
///
/// The reference casts queries and keys to float32 before their product; the engine's fused kernel
/// accumulates scores and softmax in float32, which serves the same end.
struct PhiAttention {
    let projections: PhiProjections
    let dense: Linear
    let headCount, layer: Int

    init(_ scope: ParameterScope, _ config: PhiConfig, layer: Int) throws {
        projections = try PhiProjections(scope, config)
        dense = try Linear(
            scope["dense"], from: config.hiddenSize, to: config.hiddenSize, endsResidual: true)
        headCount = config.headCount
        self.layer = layer
    }

    func callAsFunction(_ x: Tensor, _ context: DecoderContext) throws(TensorError) -> Tensor {
        let projected = try projections(x, headCount: headCount, dropout: context.dropout)
        let q = try Functions.rotary(projected.q, cos: context.cos, sin: context.sin)
        var k = try Functions.rotary(projected.k, cos: context.cos, sin: context.sin)
        let scale = 1 / Double(q.size(3)).squareRoot()
        if let ragged = context.ragged {
            return try dense(
                ragged.attend(q, k, projected.v, layer: layer, scale: scale).reshaped(x.shape))
        }
        k = try k.transposed(1, 2)  // [rows, heads, tokens, width]
        var v = try projected.v.transposed(1, 2)
        if let cache = context.cache {
            (k, v) = try cache.append(keys: k, values: v, layer: layer)
        }
        let mixed =
            if let documents = context.documents {
                try Functions.attention(
                    q.transposed(1, 2), k, v, documents: documents, scale: scale)
            } else {
                try Functions.attention(
                    q.transposed(1, 2), k, v, mask: context.mask, causal: context.causal,
                    scale: scale)
            }
        return try dense(mixed.transposed(1, 2).reshaped(x.shape), dropout: context.dropout)
    }
}

/// One decoder block: a single norm feeds attention and feed-forward, both added to the input.
struct PhiBlock {
    let norm: LayerNorm
    let attention: PhiAttention
    let mlp: FeedForward
    let dropout: Double

    init(_ scope: ParameterScope, _ config: PhiConfig, layer: Int) throws {
        norm = try LayerNorm(
            scope["input_layernorm"], width: config.hiddenSize, epsilon: config.layerNormEpsilon)
        attention = try PhiAttention(scope["self_attn"], config, layer: layer)
        mlp = try FeedForward(
            scope["mlp"], width: config.hiddenSize, inner: config.intermediateSize,
            activation: config.activation.function)
        dropout = config.residualDropout
    }

    func callAsFunction(_ x: Tensor, _ context: DecoderContext) throws(TensorError) -> Tensor {
        let h = try norm(x)
        var attended = try attention(h, context)
        var fed = try mlp(h, dropout: context.dropout)
        if let generator = context.dropout, dropout > 0 {
            attended = try Functions.dropout(attended, probability: dropout, generator: generator)
            fed = try Functions.dropout(fed, probability: dropout, generator: generator)
        }
        return try attended + fed + x
    }
}

/// The Phi-1.5 / Phi-2 decoder with its biased head.
public struct PhiLanguageModel: LanguageModel {
    let config: PhiConfig
    let embedding: Embedding
    let blocks: [PhiBlock]
    let finalNorm: LayerNorm
    let head: Linear

    /// Registers all parameters: the decoder under `scope["model"]`, the head beside it.
    public init(_ scope: ParameterScope, _ config: PhiConfig) throws {
        self.config = config
        let model = scope["model"]
        embedding = try Embedding(
            model["embed_tokens"], rows: config.vocabularySize, width: config.hiddenSize,
            isAdaptable: true)
        blocks = try (0..<config.layerCount).map {
            try PhiBlock(model["layers"].block($0), config, layer: $0)
        }
        finalNorm = try LayerNorm(
            model.output["final_layernorm"], width: config.hiddenSize,
            epsilon: config.layerNormEpsilon)
        head = try Linear(
            scope.part(.head)["lm_head"], from: config.hiddenSize, to: config.vocabularySize,
            bias: config.headHasBias)
    }

    /// Width of the hidden state.
    public var width: Int { config.hiddenSize }
    /// Number of decoder blocks.
    public var layerCount: Int { config.layerCount }
    /// Number of logits.
    public var vocabularySize: Int { config.vocabularySize }
    /// The embedding table.
    public var table: Tensor { embedding.weight }
    /// Where the embedding table is.
    public var embeddingPlaces: Set<ParameterPlace> { [ParameterPlace(.language)] }
    /// Where the final norm and the head are.
    public var headPlaces: Set<ParameterPlace> {
        [ParameterPlace(.language, .output), ParameterPlace(.head)]
    }

    /// Embeddings of token ids.
    public func embed(_ ids: Tensor) throws(TensorError) -> Tensor { try embedding(ids) }

    /// Rotary angles and mask of a call.
    public func context(
        _ layout: SequenceLayout, cache: KeyValueCache?, dropout: RandomGenerator?
    ) throws(TensorError) -> DecoderContext {
        let angles = try angles(layout.positions)
        return DecoderContext(
            cos: angles.cos, sin: angles.sin,
            mask: try layout.mask()?.to(device: embedding.weight.device),
            causal: layout.isPlainlyCausal && layout.tokenCount > 1, cache: cache, ragged: nil,
            documents: layout.documents, dropout: dropout)
    }

    /// Rotary angles of a pass over rows of different lengths.
    public func context(_ ragged: RaggedStep) throws(TensorError) -> DecoderContext {
        let angles = try angles([ragged.positions])
        return DecoderContext(
            cos: angles.cos, sin: angles.sin, mask: nil, causal: false, cache: nil, ragged: ragged,
            documents: nil, dropout: nil)
    }

    private func angles(
        _ positions: [[Int]]
    ) throws(TensorError) -> (cos: Tensor, sin: Tensor) {
        let places = try Tensor(
            positions.flatMap { $0 }, shape: [positions.count, positions.first?.count ?? 0]
        ).to(device: embedding.weight.device)
        return try Functions.rotaryAngles(
            positions: places, rotary: config.rotaryWidth, theta: config.ropeTheta)
    }

    /// Bytes of the keys and values of one position.
    public var bytesPerPosition: Int {
        2 * config.layerCount * config.hiddenSize * embedding.weight.dtype.byteCount
    }

    /// The decoder blocks.
    public func segments(_ context: DecoderContext) -> [Segment] {
        blocks.enumerated().map { index, block in
            Segment("hidden.\(index + 1)", reads: [ParameterPlace(.language, .block(index))]) {
                (x) throws(TensorError) in try block(x, context)
            }
        }
    }

    /// The final norm.
    public func normalize(_ hidden: Tensor) throws(TensorError) -> Tensor { try finalNorm(hidden) }

    /// The head.
    public func logits(_ normalized: Tensor) throws(TensorError) -> Tensor { try head(normalized) }

    /// The head and the loss, in chunks.
    public func crossEntropySum(
        _ normalized: Tensor, targets: Tensor, weights: Tensor?, zLoss: Double,
        dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        try head.crossEntropySum(
            normalized, targets: targets, weights: weights, zLoss: zLoss, dropout: dropout)
    }
}
