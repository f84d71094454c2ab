public import MiphaFiles
public import MiphaNN

/// A family of ``GatedDecoder``s: its names, its fields, and nothing of its layers.
public protocol GatedDecoderConfiguration: LanguageConfiguration {
    /// Whether only a share of the features of a head is rotated.
    static var rotatesShare: Bool { get }
    /// The decoder.
    var decoder: GatedDecoder { get set }
    /// The fields that the family has beside those of all decoders, in the names of transformers 4.
    var ownFields: JSONObject { get }
}

extension GatedDecoderConfiguration {
    /// All features are.
    public static var rotatesShare: Bool { false }
    /// Mipha's own class, whose name follows from the family's.
    public static var officialTypes: [String] { ["mipha_\(family.id)"] }
    /// Name of the model class in official configs.
    public var architecture: String { "Mipha\(Self.family.title)ForCausalLM" }

    /// Rows of the embedding table and of the head.
    public var vocabularySize: Int { decoder.vocabularySize }
    /// Width of the hidden state.
    public var hiddenSize: Int { decoder.hiddenSize }
    /// Width inside the feed-forward layers.
    public var intermediateSize: Int { decoder.intermediateSize }
    /// Number of decoder blocks.
    public var layerCount: Int { decoder.layerCount }
    /// Number of attention heads.
    public var headCount: Int { decoder.headCount }
    /// Number of heads of keys and values.
    public var keyValueHeadCount: Int { decoder.keyValueHeadCount }
    /// Base of the rotary frequencies.
    public var ropeTheta: Double { decoder.rotary.theta }
    /// Number of rotated features of each head.
    public var rotaryWidth: Int { decoder.rotary.rotatedWidth(of: decoder.headWidth) }
    /// Number of positions the model was trained for.
    public var maximumPositions: Int { decoder.maximumPositions }

    /// The fields in the names of transformers 4, which version 5 reads too.
    public var json: JSONObject {
        decoder.json(statesFraction: Self.rotatesShare, ownFields)
    }
    /// The object `rope_parameters` of transformers 5.
    public var rotaryParameters: JSONObject {
        decoder.rotary.parameters(statesFraction: Self.rotatesShare)
    }

    /// The same model with this many blocks and tokens.
    public func shrunk(blocks: Int, vocabulary: Int) -> Self {
        var small = self
        (small.decoder.layerCount, small.decoder.vocabularySize) = (blocks, vocabulary)
        return small
    }

    /// Builds the model.
    public func model(_ scope: ParameterScope) throws -> any LanguageModel {
        try GatedLanguageModel(scope, decoder)
    }
}

extension PartFamily {
    /// A family of decoders with the modules that Llama's class has.
    init(id: String, title: String, modelType: String) {
        self.init(
            id: id, title: title, modelType: modelType,
            modules: ["embed_tokens", "layers", "norm"],
            dropped: ["layers.{}.self_attn.rotary_emb.{*}"])
    }
}
