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

    func callAsFunction(
        _ x: Tensor, _ pass: any AttentionPass, _ angles: RotaryAngles
    ) throws(TensorError) -> Tensor {
        let (q, k, v) = try projections(x, headCount: headCount, dropout: pass.dropout)
        let scale = 1 / Double(q.size(3)).squareRoot()
        let mixed = try pass.attend(angles(q), angles(k), v, layer: layer, scale: scale)
        return try dense(mixed.reshaped(x.shape), dropout: pass.dropout)
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

    func callAsFunction(
        _ x: Tensor, _ pass: any AttentionPass, _ angles: RotaryAngles
    ) throws(TensorError) -> Tensor {
        let h = try norm(x)
        var attended = try attention(h, pass, angles)
        var fed = try mlp(h, dropout: pass.dropout)
        if let generator = pass.dropout, dropout > 0 {
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
    let rotary: RotaryEmbedding
    /// The final norm and the head.
    public let head: LanguageHead

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
        rotary = config.rotary.embedding(headWidth: config.headWidth)
        head = LanguageHead(
            norm: try LayerNorm(
                model.output["final_layernorm"], width: config.hiddenSize,
                epsilon: config.layerNormEpsilon),
            map: try Linear(
                scope.part(.head)["lm_head"], from: config.hiddenSize, to: config.vocabularySize,
                bias: config.headHasBias))
    }

    /// The sizes of the decoder.
    public var shape: DecoderShape {
        DecoderShape(
            width: config.hiddenSize, layers: config.layerCount, heads: config.headCount,
            keyValueHeads: config.headCount, headWidth: config.headWidth,
            vocabulary: config.vocabularySize, positions: config.maximumPositions)
    }
    /// The embedding table.
    public var table: Tensor { embedding.weight }
    /// The place of the embedding table.
    public var embeddingPlaces: Set<ParameterPlace> { [ParameterPlace(.language)] }

    /// Embeddings of token ids.
    public func embed(_ ids: Tensor) throws(TensorError) -> Tensor { try embedding(ids) }

    /// The decoder blocks.
    public func segments(_ pass: any AttentionPass) throws(TensorError) -> [Segment] {
        let angles = try rotary.angles(pass)
        return blocks.enumerated().map { index, block in
            Segment("hidden.\(index + 1)", reads: [ParameterPlace(.language, .block(index))]) {
                (x) throws(TensorError) in try block(x, pass, angles)
            }
        }
    }
}
