import MiphaNN

/// What distinguishes decoders whose blocks are attention and a gated feed-forward layer.
///
/// Llama, Mistral, Qwen2, StableLM, Phi-3 and Gemma are values of it, and their layers are the same
/// code: nothing below asks for the name of a family.
public struct GatedDecoder: Sendable, Equatable {
    /// How states are normalised.
    public enum Norm: Sendable, Equatable {
        /// To unit root mean square, then scaled.
        case rms
        /// The same with a scale of `1 + weight`.
        case rmsAddingOne
        /// To zero mean and unit variance, then scaled and shifted.
        case layerNorm
    }

    /// Which maps have biases.
    public struct Biases: OptionSet, Sendable {
        /// A bit for each kind of map.
        public let rawValue: Int

        /// Creates a set.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// The projections to queries, keys and values.
        public static let projections = Biases(rawValue: 1)
        /// The map of what attention puts out.
        public static let output = Biases(rawValue: 2)
        /// The maps of the feed-forward layers.
        public static let feedForward = Biases(rawValue: 4)
        /// All maps of attention.
        public static let attention: Biases = [.projections, .output]
    }

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
    /// The rotary positions.
    public var rotary = RotarySettings()
    /// Number of positions the model was trained for; longer inputs extend the rotary table.
    public var maximumPositions: Int
    /// Non-linearity of the gate.
    public var activation = Activation.silu
    /// How states are normalised.
    public var norm = Norm.rms
    /// Epsilon of the norms.
    public var normEpsilon: Double
    /// Whether what a branch puts out is normalised too, before it is added.
    public var normalizesBranches = false
    /// Which maps have biases.
    public var biases: Biases = []
    /// Whether queries, keys and values are one map, and gate and `up` another.
    public var isFused = false
    /// Whether the head's matrix is the table of embeddings.
    public var tiesHead = false
    /// Factor of the embeddings of words; `nil`: 1.
    public var embeddingScale: Double?
    /// Whether the features of images have that factor too.
    public var scalesFeatures = false
    /// The layers that do not see all tokens before.
    public var window: AttentionWindow?
    /// The number whose root divides attention scores; `nil`: the width of a head.
    public var scoreDivisor: Double?
    /// Scaled scores become `cap * tanh(score / cap)`.
    public var scoreCap: Double?
    /// Logits become `cap * tanh(logit / cap)`.
    public var logitCap: Double?

    /// Creates a decoder like Llama's, without biases and with a head of its own.
    public init(
        vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int,
        headCount: Int, keyValueHeadCount: Int? = nil, headWidth: Int? = nil,
        maximumPositions: Int, normEpsilon: Double
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.headWidth = headWidth ?? hiddenSize / max(1, headCount)
        self.maximumPositions = maximumPositions
        self.normEpsilon = normEpsilon
    }

    /// The sizes of the decoder.
    var shape: DecoderShape {
        DecoderShape(
            width: hiddenSize, layers: layerCount, heads: headCount,
            keyValueHeads: keyValueHeadCount, headWidth: headWidth, vocabulary: vocabularySize,
            positions: maximumPositions)
    }

    /// Registers a norm of the hidden state.
    func norm(_ scope: ParameterScope) throws -> any Normalization {
        switch norm {
        case .rms: try RMSNorm(scope, width: hiddenSize, epsilon: normEpsilon)
        case .rmsAddingOne:
            try RMSNorm(scope, width: hiddenSize, epsilon: normEpsilon, addsOne: true)
        case .layerNorm: try LayerNorm(scope, width: hiddenSize, epsilon: normEpsilon)
        }
    }
}
