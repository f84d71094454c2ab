public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN
import MiphaTorch

/// Shape of a Llama language model (transformers `LlamaConfig`): Llama 2, Vicuna, TinyLlama.
///
/// The layers of all of them are read. Their tokenizers are SentencePiece's, which are not read
/// yet.
public struct LlamaConfig: LanguageConfiguration {
    /// Rows of the embedding table and of the head.
    public var vocabularySize: Int
    /// Width of the hidden state.
    public var hiddenSize: Int
    /// Width inside the feed-forward layers.
    public var intermediateSize: Int
    /// Number of decoder blocks.
    public var layerCount: Int
    /// Number of attention heads.
    public var headCount: Int
    /// Number of heads of keys and values.
    public var keyValueHeadCount: Int
    /// Width of one attention head.
    public var headWidth: Int
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    /// Number of positions the model was trained for; longer inputs extend the rotary table.
    public var maximumPositions: Int
    /// Non-linearity of the gate.
    public var activation: Activation
    /// Epsilon of the norms.
    public var normEpsilon: Double
    /// Whether the projections of attention have biases.
    public var attentionHasBias: Bool
    /// Whether the maps of the feed-forward layers have biases.
    public var feedForwardHasBias: Bool
    /// Whether the head's matrix is the table of embeddings, as in Llama 3.2 1B and SmolLM2.
    public var tiesHead: Bool

    /// Creates a config; the values left out are those of Llama-2-7B.
    public init(
        vocabularySize: Int = 32000, hiddenSize: Int = 4096, intermediateSize: Int = 11008,
        layerCount: Int = 32, headCount: Int = 32, keyValueHeadCount: Int? = nil,
        headWidth: Int? = nil, ropeTheta: Double = 10000, maximumPositions: Int = 4096,
        activation: Activation = .silu, normEpsilon: Double = 1e-5,
        attentionHasBias: Bool = false, feedForwardHasBias: Bool = false, tiesHead: Bool = false
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.headWidth = headWidth ?? hiddenSize / max(1, headCount)
        self.ropeTheta = ropeTheta
        self.maximumPositions = maximumPositions
        self.activation = activation
        self.normEpsilon = normEpsilon
        self.attentionHasBias = attentionHasBias
        self.feedForwardHasBias = feedForwardHasBias
        self.tiesHead = tiesHead
    }

    /// Reads transformers' field names, those of version 4 and 5; defaults are `LlamaConfig`'s.
    public init(
        _ reader: ConfigReader, in layout: CheckpointLayout
    ) throws(CheckpointError) {
        let rope = try reader.optionalObject("rope_parameters")
        let theta = try reader.double("rope_theta", default: 10000)
        self.init(
            vocabularySize: try reader.int("vocab_size", default: 32000),
            hiddenSize: try reader.int("hidden_size", default: 4096),
            intermediateSize: try reader.int("intermediate_size", default: 11008),
            layerCount: try reader.int("num_hidden_layers", default: 32),
            headCount: try reader.int("num_attention_heads", default: 32),
            keyValueHeadCount: try reader.optionalInt("num_key_value_heads"),
            headWidth: try reader.optionalInt("head_dim"),
            ropeTheta: try rope?.double("rope_theta", default: theta) ?? theta,
            maximumPositions: try reader.int("max_position_embeddings", default: 2048),
            activation: try reader.enumValue("hidden_act", default: .silu),
            normEpsilon: try reader.double("rms_norm_eps", default: 1e-6),
            attentionHasBias: try reader.bool("attention_bias", default: false),
            feedForwardHasBias: try reader.bool("mlp_bias", default: false),
            tiesHead: try reader.bool("tie_word_embeddings", default: false))
        try reader.requireDecoder(self, epsilon: ("rms_norm_eps", normEpsilon))
        guard reader.has("head_dim") || hiddenSize % headCount == 0 else {
            throw reader.failure(
                "num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)")
        }
        guard (1...1 << 20).contains(keyValueHeadCount), headCount % keyValueHeadCount == 0 else {
            throw reader.failure(
                "num_key_value_heads", expected: "a divisor of num_attention_heads \(headCount)")
        }
        guard (2...1 << 20).contains(headWidth), headWidth % 2 == 0 else {
            throw reader.failure(
                reader.has("head_dim") ? "head_dim" : "num_attention_heads",
                expected: "heads of an even width")
        }
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "llama", title: "Llama", modelType: "llama",
        modules: ["embed_tokens", "layers", "norm"],
        dropped: ["layers.{}.self_attn.rotary_emb.{*}"])

    /// Mipha's own class has no model of this family; the name follows its rule.
    public static let officialTypes = ["mipha_llama"]

    /// Name of the model class in official configs.
    public var architecture: String { "MiphaLlamaForCausalLM" }

    /// Name of the chat format that LLaVA trains the family with.
    public static let chatFormat = "vicuna"

    /// The begin and end of text of Llama's tokenizer.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 1, "eos_token_id": 2]

    /// The treatment of the fields of `LlamaConfig`.
    public static let fields = FileFields(
        "text_config",
        [
            .init(
                "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
                    + "num_key_value_heads head_dim rope_theta max_position_embeddings hidden_act "
                    + "rms_norm_eps attention_bias mlp_bias",
                .used),
            .init(
                "tie_word_embeddings", .used,
                "whether the head is the table of embeddings; a head in the files must equal it"),
        ] + RotaryFields.all(partial: .only([1])) + [
            .init(
                "attention_dropout", .onlyInTraining([0]),
                "training drops nothing inside attention"),
            .init(
                "pretraining_tp", .only([1]), "products are computed whole"),
            .init(
                "sliding_window layer_types attn_logit_softcapping final_logit_softcapping",
                .only([]), "Llama has none of these"),
            .init("partial_rotary_factor", .only([1]), "all features of a head are rotated"),
        ])

    /// Number of rotated features of each head: all.
    public var rotaryWidth: Int { headWidth }

    /// The same model with this many blocks and tokens.
    public func shrunk(blocks: Int, vocabulary: Int) -> LlamaConfig {
        var small = self
        (small.layerCount, small.vocabularySize) = (blocks, vocabulary)
        return small
    }

    /// Builds the model.
    public func model(_ scope: ParameterScope) throws -> any LanguageModel {
        try LlamaLanguageModel(scope, self)
    }

    /// The object `rope_parameters` of transformers 5.
    public var rotaryParameters: JSONObject {
        ["rope_theta": .double(ropeTheta), "rope_type": "default"]
    }

    /// The fields in the names of transformers 4, which version 5 reads too.
    public var json: JSONObject {
        [
            "vocab_size": .integer(vocabularySize), "hidden_size": .integer(hiddenSize),
            "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_key_value_heads": .integer(keyValueHeadCount), "head_dim": .integer(headWidth),
            "rope_theta": .double(ropeTheta), "rope_scaling": .null,
            "max_position_embeddings": .integer(maximumPositions),
            "hidden_act": .string(activation.rawValue), "rms_norm_eps": .double(normEpsilon),
            "attention_bias": .bool(attentionHasBias), "mlp_bias": .bool(feedForwardHasBias),
            "attention_dropout": .double(0), "tie_word_embeddings": .bool(tiesHead),
            "use_cache": true,
        ]
    }
}

/// Causal self-attention whose keys and values serve several heads each.
private struct LlamaAttention {
    let qProj, kProj, vProj, oProj: Linear
    let headWidth, layer: Int

    init(_ scope: ParameterScope, _ config: LlamaConfig, layer: Int) throws {
        let (width, bias) = (config.hiddenSize, config.attentionHasBias)
        let inner = config.headCount * config.headWidth
        let shared = config.keyValueHeadCount * config.headWidth
        qProj = try Linear(scope["q_proj"], from: width, to: inner, bias: bias)
        kProj = try Linear(scope["k_proj"], from: width, to: shared, bias: bias)
        vProj = try Linear(scope["v_proj"], from: width, to: shared, bias: bias)
        oProj = try Linear(
            scope["o_proj"], from: inner, to: width, bias: bias, endsResidual: true)
        headWidth = config.headWidth
        self.layer = layer
    }

    func callAsFunction(
        _ x: Tensor, _ pass: any AttentionPass, _ angles: RotaryAngles
    ) throws(TensorError) -> Tensor {
        func heads(_ map: Linear) throws(TensorError) -> Tensor {
            try map(x, dropout: pass.dropout).reshaped([x.size(0), x.size(1), -1, headWidth])
        }
        let scale = 1 / Double(headWidth).squareRoot()
        let mixed = try pass.attend(
            angles(heads(qProj)), angles(heads(kProj)), heads(vProj), layer: layer, scale: scale)
        return try oProj(
            mixed.reshaped([x.size(0), x.size(1), -1]), dropout: pass.dropout)
    }
}

/// One decoder block: attention and feed-forward, each after a norm and added to its input.
private struct LlamaBlock {
    let inputNorm, attentionNorm: RMSNorm
    let attention: LlamaAttention
    let mlp: GatedFeedForward

    init(_ scope: ParameterScope, _ config: LlamaConfig, layer: Int) throws {
        let (width, epsilon) = (config.hiddenSize, config.normEpsilon)
        inputNorm = try RMSNorm(scope["input_layernorm"], width: width, epsilon: epsilon)
        attention = try LlamaAttention(scope["self_attn"], config, layer: layer)
        attentionNorm = try RMSNorm(
            scope["post_attention_layernorm"], width: width, epsilon: epsilon)
        mlp = try GatedFeedForward(
            scope["mlp"], width: width, inner: config.intermediateSize,
            activation: config.activation.function, bias: config.feedForwardHasBias)
    }

    func callAsFunction(
        _ x: Tensor, _ pass: any AttentionPass, _ angles: RotaryAngles
    ) throws(TensorError) -> Tensor {
        let attended = try x + attention(inputNorm(x), pass, angles)
        return try attended + mlp(attentionNorm(attended), dropout: pass.dropout)
    }
}

/// The decoder of Llama, whose head is its own or the table of embeddings.
struct LlamaLanguageModel: LanguageModel {
    let config: LlamaConfig
    let embedding: Embedding
    private let blocks: [LlamaBlock]
    let rotary: RotaryEmbedding
    let head: LanguageHead

    /// Registers all parameters: the decoder under `scope["model"]`, the head beside it.
    init(_ scope: ParameterScope, _ config: LlamaConfig) throws {
        self.config = config
        let model = scope["model"]
        embedding = try Embedding(
            model["embed_tokens"], rows: config.vocabularySize, width: config.hiddenSize,
            isAdaptable: true)
        blocks = try (0..<config.layerCount).map {
            try LlamaBlock(model["layers"].block($0), config, layer: $0)
        }
        rotary = RotaryEmbedding(width: config.headWidth, theta: config.ropeTheta)
        let norm = try RMSNorm(
            model.output["norm"], width: config.hiddenSize, epsilon: config.normEpsilon)
        let place = scope.part(.head)["lm_head"]
        if config.tiesHead {
            head = try LanguageHead(norm: norm, tiedTo: embedding)
            place.copy("weight", of: model["embed_tokens"])
        } else {
            head = LanguageHead(
                norm: norm,
                map: try Linear(
                    place, from: config.hiddenSize, to: config.vocabularySize, bias: false))
        }
    }

    var shape: DecoderShape {
        DecoderShape(
            width: config.hiddenSize, layers: config.layerCount, heads: config.headCount,
            keyValueHeads: config.keyValueHeadCount, headWidth: config.headWidth,
            vocabulary: config.vocabularySize, positions: config.maximumPositions)
    }
    var table: Tensor { embedding.weight }
    var embeddingPlaces: Set<ParameterPlace> { [ParameterPlace(.language)] }

    func embed(_ ids: Tensor) throws(TensorError) -> Tensor { try embedding(ids) }

    func segments(_ pass: any AttentionPass) throws(TensorError) -> [Segment] {
        let angles = try rotary.angles(pass.positions)
        return blocks.enumerated().map { index, block in
            Segment("hidden.\(index + 1)", reads: [ParameterPlace(.language, .block(index))]) {
                (x) throws(TensorError) in try block(x, pass, angles)
            }
        }
    }
}
