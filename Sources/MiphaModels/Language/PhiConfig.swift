public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN

/// Shape of a Phi-1.5 or Phi-2 language model (transformers `PhiConfig`).
public struct PhiConfig: LanguageConfiguration {
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
    /// Share of each head's features that is rotated.
    public var partialRotaryFactor: Double
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    /// The change of the frequencies for longer texts.
    public var rotaryScaling: StatedScaling?
    /// Number of positions the model was trained for; longer inputs extend the rotary table.
    public var maximumPositions: Int
    /// Non-linearity of the feed-forward layers.
    public var activation: Activation
    /// Epsilon of the layer norms.
    public var layerNormEpsilon: Double
    /// Dropout of both branches of a block in training.
    public var residualDropout: Double
    /// Whether queries, keys and values come from one `query_key_value` map, head-major.
    public var fusesProjections: Bool
    /// Whether the projections are those of a model that fuses them in the official layout, split.
    public var splitsFusedProjections: Bool
    /// Whether the head has a bias; always, but for the Hugging Face LLaVA layout.
    public var headHasBias: Bool

    /// Width of one attention head.
    public var headWidth: Int { hiddenSize / headCount }
    /// Number of rotated features of each head.
    public var rotaryWidth: Int { Int(partialRotaryFactor * Double(headWidth)) }

    /// Dropout in training.
    public var dropout: Double { residualDropout }

    /// Creates a config; the values left out are those of Phi-2.
    public init(
        vocabularySize: Int = 51200, hiddenSize: Int = 2560, intermediateSize: Int = 10240,
        layerCount: Int = 32, headCount: Int = 32, partialRotaryFactor: Double = 0.4,
        ropeTheta: Double = 10000, maximumPositions: Int = 2048,
        activation: Activation = .geluNew, layerNormEpsilon: Double = 1e-5,
        residualDropout: Double = 0, fusesProjections: Bool = false,
        splitsFusedProjections: Bool = false, headHasBias: Bool = true
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.partialRotaryFactor = partialRotaryFactor
        self.ropeTheta = ropeTheta
        self.maximumPositions = maximumPositions
        self.activation = activation
        self.layerNormEpsilon = layerNormEpsilon
        self.residualDropout = residualDropout
        self.fusesProjections = fusesProjections
        self.splitsFusedProjections = splitsFusedProjections
        self.headHasBias = headHasBias
    }

    /// Reads transformers' field names, those of version 4 and 5; defaults are `PhiConfig`'s.
    ///
    /// Version 5 writes `rope_parameters` beside a stale `partial_rotary_factor`; the former wins.
    /// Projections are fused in the first release of Mipha-1.7B, which the official layout shows by
    /// `model_type` or `architectures`; split out of it, in the other layout, by a key of Mipha's own.
    public init(
        _ reader: ConfigReader, in layout: CheckpointLayout
    ) throws(CheckpointError) {
        let type = try reader.string("model_type", default: "")
        let architectures = try reader.strings("architectures", default: [])
        let isFused =
            layout == .mipha
            && (type == Self.fusedType || architectures == [Self.fusedArchitecture])
        let rope = try reader.optionalObject("rope_parameters")
        let factor = try reader.double("partial_rotary_factor", default: 0.5)
        let theta = try reader.double("rope_theta", default: 10000)
        self.init(
            vocabularySize: try reader.int("vocab_size", default: 51200),
            hiddenSize: try reader.int("hidden_size", default: 2048),
            intermediateSize: try reader.int("intermediate_size", default: 8192),
            layerCount: try reader.int("num_hidden_layers", default: 24),
            headCount: try reader.int("num_attention_heads", default: 32),
            partialRotaryFactor: try rope?.double("partial_rotary_factor", default: factor)
                ?? factor,
            ropeTheta: try rope?.double("rope_theta", default: theta) ?? theta,
            maximumPositions: try reader.int("max_position_embeddings", default: 2048),
            activation: try reader.enumValue("hidden_act", default: .geluNew),
            layerNormEpsilon: try reader.double("layer_norm_eps", default: 1e-5),
            residualDropout: try reader.double("resid_pdrop", default: 0),
            fusesProjections: isFused,
            splitsFusedProjections: layout == .mipha
                ? false : try reader.bool(Self.splitKey, default: false))
        self = built(in: layout)
        try validate(reader)
        rotaryScaling = try RotarySettings(
            reader, headWidth: headWidth, fraction: partialRotaryFactor,
            positions: maximumPositions
        ).scaling
    }

    private func validate(_ reader: ConfigReader) throws(CheckpointError) {
        try reader.requireDecoder(self, epsilon: ("layer_norm_eps", layerNormEpsilon))
        guard hiddenSize % headCount == 0 else {
            throw reader.failure(
                "num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)")
        }
        guard (0...1).contains(partialRotaryFactor), rotaryWidth >= 2, rotaryWidth % 2 == 0 else {
            throw reader.failure(
                "partial_rotary_factor",
                expected: "a share that rotates an even number of the \(headWidth) features")
        }
        guard (0..<1).contains(residualDropout) else {
            throw reader.failure("resid_pdrop", expected: "a probability below 1")
        }
        guard try reader.int("num_key_value_heads", default: headCount) == headCount else {
            throw reader.failure(
                "num_key_value_heads", expected: "\(headCount), as Phi has in every release")
        }
        for key in ["qk_layernorm", "tie_word_embeddings"]
        where try reader.bool(key, default: false) {
            throw reader.failure(key, expected: "false, as Phi has in every release")
        }
        guard try reader.int("head_dim", default: headWidth) == headWidth else {
            throw reader.failure(
                "head_dim", expected: "\(headWidth), hidden_size / num_attention_heads")
        }
    }

    /// The number of key and value heads, which is that of query heads.
    public var keyValueHeadCount: Int { headCount }

    static let fusedType = "mipha-phi"
    private static let fusedArchitecture = "MiphaPhi15ForCausalLM"

    /// Name of the model class in official configs.
    public var architecture: String {
        fusesProjections ? Self.fusedArchitecture : "MiphaPhiForCausalLM"
    }

    static let splitKey = "mipha_fuses_projections"

    /// Only the official classes give the head a bias or fuse projections:
    /// `LlavaForConditionalGeneration` builds neither.
    public func built(in layout: CheckpointLayout) -> PhiConfig {
        let isOfficial = layout == .mipha
        let fuses = fusesProjections || splitsFusedProjections
        var config = self
        config.headHasBias = isOfficial
        config.fusesProjections = fuses && isOfficial
        config.splitsFusedProjections = fuses && !isOfficial
        return config
    }

    /// The bias of the head comes or goes, which then must be zeros, and projections are split or
    /// fused.
    public func rules(to layout: CheckpointLayout) -> [WeightRule] {
        let other = built(in: layout)
        var rules: [WeightRule] = []
        if headHasBias != other.headHasBias {
            let omit = WeightRule.omitZeros("lm_head.bias", rowsOf: "lm_head.weight")
            rules.append(headHasBias ? omit : omit.inverse)
        }
        if fusesProjections != other.fusesProjections {
            let attention = "model.layers.{}.self_attn"
            let split = WeightRule.split(
                "\(attention).query_key_value.{*}",
                TensorDivision(
                    ["q_proj", "k_proj", "v_proj"].map { TensorPart("\(attention).\($0).{*}") },
                    groups: headCount))
            rules.append(fusesProjections ? split : split.inverse)
        }
        return rules
    }

    /// The same model with this many blocks and tokens.
    public func shrunk(blocks: Int, vocabulary: Int) -> PhiConfig {
        var small = self
        (small.layerCount, small.vocabularySize) = (blocks, vocabulary)
        return small
    }

    /// Builds the model.
    public func model(_ scope: ParameterScope) throws -> any LanguageModel {
        try PhiLanguageModel(scope, self)
    }

    /// The object `rope_parameters` of transformers 5.
    public var rotaryParameters: JSONObject {
        rotary.parameters(statesFraction: true)
    }

    /// The rotary positions.
    var rotary: RotarySettings {
        RotarySettings(theta: ropeTheta, fraction: partialRotaryFactor, scaling: rotaryScaling)
    }

    /// The fields in the names of transformers 4, which version 5 reads too.
    public var json: JSONObject {
        let split: JSONObject = splitsFusedProjections ? [Self.splitKey: true] : [:]
        return split.merging([
            "vocab_size": .integer(vocabularySize), "hidden_size": .integer(hiddenSize),
            "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_key_value_heads": .integer(headCount),
            "partial_rotary_factor": .double(partialRotaryFactor),
            "rope_theta": .double(ropeTheta), "rope_scaling": rotary.oldScaling,
            "max_position_embeddings": .integer(maximumPositions),
            "hidden_act": .string(activation.rawValue),
            "layer_norm_eps": .double(layerNormEpsilon),
            "resid_pdrop": .double(residualDropout), "embd_pdrop": .double(0),
            "attention_dropout": .double(0), "qk_layernorm": .bool(false),
            "tie_word_embeddings": .bool(false), "use_cache": .bool(true),
        ])
    }
}
