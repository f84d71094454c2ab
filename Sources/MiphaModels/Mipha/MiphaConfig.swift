public import MiphaCheckpoints
import MiphaFiles

/// Everything that determines a Mipha model's parameters and arithmetic.
public struct MiphaConfig: Sendable, Equatable {
    /// The vision tower.
    public var vision: SigLIPConfig
    /// The projector.
    public var projector: ProjectorConfig
    /// The language model.
    public var language: PhiConfig
    /// Layout the config was read from, or will be written in.
    public var layout: CheckpointLayout
    /// `square` or `pad`: what to do with pictures that are not square; `nil` where the config does not
    /// say, which leaves it to the picture preprocessing.
    public var imageAspectRatio: String?
    /// Most text ids of one training sample; ``unlimitedLength`` where there is no limit.
    public var maximumLength: Int
    /// Id that stands for a picture's place in Hugging Face's LLaVA layout.
    public var imageTokenID: Int?
    /// The config file as it was read, with fields that Mipha does not know.
    var source: JSONObject

    /// Creates a config for a new model.
    public init(
        vision: SigLIPConfig, projector: ProjectorKind = .mlp(depth: 2), language: PhiConfig,
        imageAspectRatio: String = "pad", maximumLength: Int = 2048
    ) {
        self.vision = vision
        self.projector = ProjectorConfig(
            kind: projector, inputSize: vision.hiddenSize, outputSize: language.hiddenSize)
        self.language = language
        self.layout = .mipha
        self.imageAspectRatio = imageAspectRatio
        self.maximumLength = maximumLength
        self.imageTokenID = nil
        self.source = JSONObject()
    }

    /// Mipha-3B: SigLIP-SO400M/14@384 and Phi-2, 3,217,417,280 parameters.
    public static let mipha3B = MiphaConfig(
        vision: SigLIPConfig(), language: PhiConfig(residualDropout: 0.1))

    /// Mipha-1.7B: SigLIP-SO400M/14@384 and Phi-1.5, 1,853,054,016 parameters.
    public static let mipha1B7 = MiphaConfig(
        vision: SigLIPConfig(),
        language: PhiConfig(
            hiddenSize: 2048, intermediateSize: 8192, layerCount: 24, partialRotaryFactor: 0.5,
            fusesProjections: true))

    /// Reads `config.json` of a model folder in any supported layout.
    public init(folder: String) throws(CheckpointError) {
        try self.init(ConfigReader(contentsOf: "\(folder)/config.json"))
    }

    /// Reads a config; the layout is told by `model_type`.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        let type = try reader.string("model_type")
        switch type {
        case "mipha_phi", "mipha-phi": try self.init(official: reader, type: type)
        case "llava": try self.init(llava: reader)
        default:
            throw reader.failure("model_type", expected: "mipha_phi, mipha-phi or llava")
        }
    }

    private init(official reader: ConfigReader, type: String) throws(CheckpointError) {
        let parts = try reader.object("vision_config")
        let tower = try parts.object("vision_tower")
        try Self.requireSigLIP(tower)
        let architectures = try reader.strings("architectures", default: [])
        vision = try SigLIPConfig(tower)
        projector = try ProjectorConfig(parts.object("mm_projector"))
        language = try PhiConfig(
            reader,
            fusesProjections: type == "mipha-phi" || architectures == ["MiphaPhi15ForCausalLM"])
        layout = .mipha
        imageAspectRatio = try reader.optionalString("image_aspect_ratio")
        maximumLength = try Self.maximumLength(reader)
        imageTokenID = nil
        source = reader.object
        try requireMatchingWidths(parts)
        try requireKnownFields(reader.file)
    }

    private init(llava reader: ConfigReader) throws(CheckpointError) {
        let tower = try reader.object("vision_config")
        let text = try reader.object("text_config")
        guard try tower.string("model_type") == "siglip_vision_model" else {
            throw tower.failure("model_type", expected: "siglip_vision_model")
        }
        guard try text.string("model_type") == "phi" else {
            throw text.failure("model_type", expected: "phi")
        }
        // An absent key is transformers' default, which drops the first patch.
        guard try reader.optionalString("vision_feature_select_strategy") == "full" else {
            throw reader.failure(
                "vision_feature_select_strategy", expected: "full, as SigLIP has no class token")
        }
        guard try reader.string("projector_hidden_act", default: "gelu") == "gelu" else {
            throw reader.failure("projector_hidden_act", expected: "gelu")
        }
        guard try reader.bool("multimodal_projector_bias", default: true) else {
            throw reader.failure("multimodal_projector_bias", expected: "true")
        }
        vision = try SigLIPConfig(tower, selection: (reader, "vision_feature_layer"))
        language = try PhiConfig(text, headHasBias: false)
        projector = ProjectorConfig(
            inputSize: vision.hiddenSize, outputSize: language.hiddenSize)
        layout = .llava
        // Keys of Mipha's and LLaVA's own configs, which transformers' has not.
        imageAspectRatio = try reader.optionalString("image_aspect_ratio")
        maximumLength = try Self.maximumLength(reader)
        imageTokenID = try reader.optionalInt(
            reader.spelling("image_token_index", "image_token_id"))
        source = reader.object
        try requireKnownFields(reader.file)
    }

    /// The length that stands for no limit, beyond which no length is counted.
    public static let unlimitedLength = 1_000_000_000

    /// The longest text.
    ///
    /// Tokenizers without a limit write a number that no text reaches, such as
    /// Python's `sys.maxsize` or transformers' `VERY_LARGE_INTEGER` (1e30).
    private static func maximumLength(_ reader: ConfigReader) throws(CheckpointError) -> Int {
        let key = "tokenizer_model_max_length"
        guard let value = try reader.optionalDouble(key) else { return 2048 }
        if value >= Double(unlimitedLength) { return unlimitedLength }
        guard let length = reader.value(key)?.integerValue, length > 0 else {
            throw reader.failure(key, expected: "a number of ids from 1")
        }
        return length
    }

    /// The official config names the tower's family only in its file name field.
    private static func requireSigLIP(_ tower: ConfigReader) throws(CheckpointError) {
        let type = try tower.string("model_type", default: "mipha_vision_model")
        let name = try tower.string("vision_model_name_or_path", default: "siglip").lowercased()
        guard type == "siglip_vision_model" || name.contains("siglip") else {
            throw tower.failure("vision_model_name_or_path", expected: "a SigLIP tower")
        }
    }

    private func requireMatchingWidths(_ parts: ConfigReader) throws(CheckpointError) {
        let reader = try parts.object("mm_projector")
        guard projector.inputSize == vision.hiddenSize else {
            throw reader.failure(
                "mm_hidden_size", expected: "\(vision.hiddenSize), the tower's hidden_size")
        }
        guard projector.outputSize == language.hiddenSize else {
            throw reader.failure(
                "hidden_size", expected: "\(language.hiddenSize), the language model's hidden_size")
        }
        guard projector.kind != .identity || projector.inputSize == projector.outputSize else {
            throw reader.failure(
                "mm_projector_type", expected: "a map, because the widths differ")
        }
    }
}
