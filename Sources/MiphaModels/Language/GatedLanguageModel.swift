import MiphaNN
import MiphaTorch

/// Projections of the hidden state to queries, keys and values.
private enum GatedProjections {
    case split(q: Linear, k: Linear, v: Linear)
    /// One map, whose rows are those of all queries, then keys, then values.
    case fused(Linear)

    init(_ scope: ParameterScope, _ decoder: GatedDecoder) throws {
        let (width, bias) = (decoder.hiddenSize, decoder.biases.contains(.projections))
        let inner = decoder.headCount * decoder.headWidth
        let shared = decoder.keyValueHeadCount * decoder.headWidth
        if decoder.isFused {
            self = .fused(
                try Linear(scope["qkv_proj"], from: width, to: inner + 2 * shared, bias: bias))
        } else {
            self = .split(
                q: try Linear(scope["q_proj"], from: width, to: inner, bias: bias),
                k: try Linear(scope["k_proj"], from: width, to: shared, bias: bias),
                v: try Linear(scope["v_proj"], from: width, to: shared, bias: bias))
        }
    }

    /// Queries, keys and values, each `[rows, tokens, heads, head width]`.
    func callAsFunction(
        _ x: Tensor, _ shape: DecoderShape, dropout: RandomGenerator?
    ) throws(TensorError) -> (q: Tensor, k: Tensor, v: Tensor) {
        let (rows, tokens, width) = (x.size(0), x.size(1), shape.headWidth)
        switch self {
        case .split(let q, let k, let v):
            func heads(_ map: Linear) throws(TensorError) -> Tensor {
                try map(x, dropout: dropout).reshaped([rows, tokens, -1, width])
            }
            return (try heads(q), try heads(k), try heads(v))
        case .fused(let map):
            let all = try map(x, dropout: dropout).reshaped([rows, tokens, -1, width])
            let (heads, shared) = (shape.heads, shape.keyValueHeads)
            return (
                try all.narrowed(2, from: 0, length: heads),
                try all.narrowed(2, from: heads, length: shared),
                try all.narrowed(2, from: heads + shared, length: shared)
            )
        }
    }
}

/// Causal self-attention whose keys and values may serve several heads each.
private struct GatedDecoderAttention {
    let projections: GatedProjections
    let output: Linear
    let shape: DecoderShape
    let layer: Int
    let scale: Double
    let window: Int?
    let softcap: Double?

    init(_ scope: ParameterScope, _ decoder: GatedDecoder, layer: Int) throws {
        projections = try GatedProjections(scope, decoder)
        output = try Linear(
            scope["o_proj"], from: decoder.headCount * decoder.headWidth, to: decoder.hiddenSize,
            bias: decoder.biases.contains(.output), endsResidual: true)
        shape = decoder.shape
        self.layer = layer
        scale = 1 / (decoder.scoreDivisor ?? Double(decoder.headWidth)).squareRoot()
        window = decoder.window?.width(ofLayer: layer)
        softcap = decoder.scoreCap
    }

    func callAsFunction(
        _ x: Tensor, _ pass: any AttentionPass, _ angles: RotaryAngles
    ) throws(TensorError) -> Tensor {
        let (q, k, v) = try projections(x, shape, dropout: pass.dropout)
        let mixed = try pass.attend(
            angles(q), angles(k), v, layer: layer, scale: scale, window: window, softcap: softcap)
        return try output(mixed.reshaped([x.size(0), x.size(1), -1]), dropout: pass.dropout)
    }
}

/// One decoder block: attention and feed-forward, each after a norm and added to its input, perhaps
/// after another norm.
private struct GatedDecoderBlock {
    let attention: GatedDecoderAttention
    let mlp: GatedFeedForward
    let attentionNorm, mlpNorm: any Normalization
    let attentionEnd, mlpEnd: (any Normalization)?

    init(_ scope: ParameterScope, _ decoder: GatedDecoder, layer: Int) throws {
        attentionNorm = try decoder.norm(scope["input_layernorm"])
        attention = try GatedDecoderAttention(scope["self_attn"], decoder, layer: layer)
        let next = try decoder.norm(scope["post_attention_layernorm"])
        if decoder.normalizesBranches {
            attentionEnd = next
            mlpNorm = try decoder.norm(scope["pre_feedforward_layernorm"])
        } else {
            attentionEnd = nil
            mlpNorm = next
        }
        mlp = try GatedFeedForward(
            scope["mlp"], width: decoder.hiddenSize, inner: decoder.intermediateSize,
            activation: decoder.activation.function, bias: decoder.biases.contains(.feedForward),
            isFused: decoder.isFused)
        mlpEnd =
            decoder.normalizesBranches
            ? try decoder.norm(scope["post_feedforward_layernorm"]) : nil
    }

    func callAsFunction(
        _ x: Tensor, _ pass: any AttentionPass, _ angles: RotaryAngles
    ) throws(TensorError) -> Tensor {
        let mixed = try attention(attentionNorm(x), pass, angles)
        let attended = try x + (attentionEnd?(mixed) ?? mixed)
        let fed = try mlp(mlpNorm(attended), dropout: pass.dropout)
        return try attended + (mlpEnd?(fed) ?? fed)
    }
}

/// A decoder of gated blocks, whose head is its own or the table of embeddings.
struct GatedLanguageModel: LanguageModel {
    let shape: DecoderShape
    let head: LanguageHead
    private let embedding: Embedding
    private let blocks: [GatedDecoderBlock]
    private let rotary: RotaryEmbedding
    /// Factor of the embeddings of words alone.
    private let wordScale: Double?
    /// Factor of all that goes into the first block.
    private let inputScale: Double?

    /// Registers all parameters: the decoder under `scope["model"]`, the head beside it.
    init(_ scope: ParameterScope, _ decoder: GatedDecoder) throws {
        shape = decoder.shape
        let model = scope["model"]
        embedding = try Embedding(
            model["embed_tokens"], rows: decoder.vocabularySize, width: decoder.hiddenSize,
            isAdaptable: true)
        blocks = try (0..<decoder.layerCount).map {
            try GatedDecoderBlock(model["layers"].block($0), decoder, layer: $0)
        }
        rotary = decoder.rotary.embedding(headWidth: decoder.headWidth)
        wordScale = decoder.scalesFeatures ? nil : decoder.embeddingScale
        inputScale = decoder.scalesFeatures ? decoder.embeddingScale : nil
        let norm = try decoder.norm(model.output["norm"])
        let place = scope.part(.head)["lm_head"]
        if decoder.tiesHead {
            head = try LanguageHead(norm: norm, tiedTo: embedding, softcap: decoder.logitCap)
            place.copy("weight", of: model["embed_tokens"])
        } else {
            head = LanguageHead(
                norm: norm,
                map: try Linear(
                    place, from: decoder.hiddenSize, to: decoder.vocabularySize, bias: false),
                softcap: decoder.logitCap)
        }
    }

    var table: Tensor { embedding.weight }
    var embeddingPlaces: Set<ParameterPlace> { [ParameterPlace(.language)] }

    func embed(_ ids: Tensor) throws(TensorError) -> Tensor {
        let words = try embedding(ids)
        guard let wordScale else { return words }
        return try words * wordScale
    }

    func enter(_ spliced: Tensor) throws(TensorError) -> Tensor {
        guard let inputScale else { return spliced }
        return try spliced * inputScale
    }

    func segments(_ pass: any AttentionPass) throws(TensorError) -> [Segment] {
        let angles = try rotary.angles(pass)
        return blocks.enumerated().map { index, block in
            Segment("hidden.\(index + 1)", reads: [ParameterPlace(.language, .block(index))]) {
                (x) throws(TensorError) in try block(x, pass, angles)
            }
        }
    }
}
