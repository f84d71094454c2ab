public import MiphaCheckpoints
import MiphaFiles

/// Everything that determines a Mipha model's parameters and arithmetic.
public struct MiphaConfig: Sendable, Equatable {
    /// The vision tower.
    public var vision: any TowerConfiguration
    /// The projector.
    public var projector: ProjectorConfig
    /// The language model.
    public var language: any LanguageConfiguration
    /// Layout the config was read from, or will be written in.
    public var layout: CheckpointLayout
    /// `square` or `pad`: what to do with images that are not square; `nil` where the config does
    /// not say, which leaves it to the image preprocessing.
    public var imageAspectRatio: String?
    /// Most text ids of one training sample; ``unlimitedLength`` where there is no limit.
    public var maximumLength: Int
    /// Id that stands for an image's place in Hugging Face's LLaVA layout.
    public var imageTokenID: Int?
    /// The config file as it was read, with fields that Mipha does not know.
    var source: JSONObject

    /// Creates a config for a new model.
    public init(
        vision: any TowerConfiguration, projector: ProjectorKind = .mlp(depth: 2),
        language: any LanguageConfiguration, imageAspectRatio: String = "pad",
        maximumLength: Int = 2048
    ) {
        self.init(
            vision: vision,
            projector: ProjectorConfig(
                kind: projector, inputSize: vision.grid.width, outputSize: language.hiddenSize),
            language: language, layout: .mipha, imageTokenID: nil, source: JSONObject(),
            imageAspectRatio: imageAspectRatio, maximumLength: maximumLength)
    }

    init(
        vision: any TowerConfiguration, projector: ProjectorConfig,
        language: any LanguageConfiguration, layout: CheckpointLayout, imageTokenID: Int?,
        source: JSONObject, imageAspectRatio: String?, maximumLength: Int
    ) {
        self.vision = vision
        self.projector = projector
        self.language = language
        self.layout = layout
        self.imageAspectRatio = imageAspectRatio
        self.maximumLength = maximumLength
        self.imageTokenID = imageTokenID
        self.source = source
    }

    /// Reads `config.json` of a model folder in any supported layout.
    public init(folder: String) throws(CheckpointError) {
        try self.init(ConfigReader(contentsOf: "\(folder)/config.json"))
    }

    /// Reads a config; `model_type` identifies the layout.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        let type = try reader.string("model_type")
        let layouts = CheckpointLayout.allCases
        guard let layout = layouts.first(where: { $0.format.modelTypes.contains(type) }) else {
            let types = layouts.flatMap { $0.format.modelTypes }
            throw reader.failure(
                "model_type",
                expected: types.dropLast().joined(separator: ", ") + " or \(types.last ?? "")")
        }
        self = try layout.format.read(reader)
        try requireKnownFields(reader.file)
    }

    /// Number of vectors that the language model gets for one image.
    public var tokensPerImage: Int { projector.kind.tokenCount(for: vision.grid) }

    /// Name of the chat format of the language model's family.
    public var chatFormat: String { type(of: language).chatFormat }

    /// The length that stands for no limit, beyond which no length is counted.
    public static let unlimitedLength = 1_000_000_000

    /// The longest text.
    ///
    /// Tokenizers without a limit write a number that no text reaches, such as
    /// Python's `sys.maxsize` or transformers' `VERY_LARGE_INTEGER` (1e30).
    static func maximumLength(_ reader: ConfigReader) throws(CheckpointError) -> Int {
        let key = "tokenizer_model_max_length"
        guard let value = try reader.optionalDouble(key) else { return 2048 }
        if value >= Double(unlimitedLength) { return unlimitedLength }
        guard let length = reader.value(key)?.integerValue, length > 0 else {
            throw reader.failure(key, expected: "a number of ids from 1")
        }
        return length
    }

    /// Whether two configs say the same.
    public static func == (left: MiphaConfig, right: MiphaConfig) -> Bool {
        left.vision.isEqual(right.vision) && left.projector == right.projector
            && left.language.isEqual(right.language) && left.layout == right.layout
            && left.imageAspectRatio == right.imageAspectRatio
            && left.maximumLength == right.maximumLength
            && left.imageTokenID == right.imageTokenID && left.source == right.source
    }
}
