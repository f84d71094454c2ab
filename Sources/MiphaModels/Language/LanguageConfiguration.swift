public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN

/// What determines a language model: the config of one family.
///
/// A family is one conforming type with its layers, and one line in ``LanguageCatalogue``.
public protocol LanguageConfiguration: Sendable, Equatable {
    /// The family's names.
    static var family: PartFamily { get }
    /// What the reader does with the fields of the family's config.
    static var fields: FileFields { get }
    /// Values of `model_type` in official configs, the one that is written first.
    static var officialTypes: [String] { get }
    /// Name of the chat format that models of this family are trained with by default.
    static var chatFormat: String { get }
    /// Ids of ordinary tokens that official configs of a new model name, as `bos_token_id` and
    /// `eos_token_id`.
    static var tokenDefaults: JSONObject { get }

    /// Reads transformers' field names, those of version 4 and 5.
    ///
    /// - Parameter layout: layout of the model folder, some of which build other parameters.
    /// - Throws: `CheckpointError` naming the field.
    init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError)

    /// The fields in the names of transformers 4, which version 5 reads too; without `model_type`.
    var json: JSONObject { get }
    /// The object `rope_parameters` of transformers 5.
    var rotaryParameters: JSONObject { get }
    /// Name of the model class in official configs.
    var architecture: String { get }

    /// Rows of the embedding table and of the head.
    var vocabularySize: Int { get }
    /// Width of the hidden state.
    var hiddenSize: Int { get }
    /// Width inside the feed-forward layers.
    var intermediateSize: Int { get }
    /// Number of decoder blocks.
    var layerCount: Int { get }
    /// Number of attention heads.
    var headCount: Int { get }
    /// Number of heads of keys and values.
    var keyValueHeadCount: Int { get }
    /// Base of the rotary frequencies.
    var ropeTheta: Double { get }
    /// Number of rotated features of each head.
    var rotaryWidth: Int { get }
    /// Number of positions the model was trained for; longer inputs extend the rotary table.
    var maximumPositions: Int { get }

    /// Dropout in training, as a probability; 0 for families without.
    var dropout: Double { get }

    /// The same model as the class that reads a layout builds it.
    func built(in layout: CheckpointLayout) -> Self
    /// The rules that make the parameters of that class of this model's, both by official names.
    func rules(to layout: CheckpointLayout) -> [WeightRule]

    /// The same model with this many blocks and tokens, for measurements.
    func shrunk(blocks: Int, vocabulary: Int) -> Self
    /// Builds the model; its parameters are registered under `scope`, outside all modules.
    func model(_ scope: ParameterScope) throws -> any LanguageModel
}

extension ConfigReader {
    /// Checks the sizes that every decoder's config states, in transformers' names.
    ///
    /// - Parameter epsilon: key and value of the norms' epsilon.
    func requireDecoder(
        _ config: some LanguageConfiguration, epsilon: (key: String, value: Double)
    ) throws(CheckpointError) {
        try requireDecoderSizes(
            vocabulary: config.vocabularySize, width: config.hiddenSize,
            inner: config.intermediateSize, layers: config.layerCount, heads: config.headCount,
            positions: config.maximumPositions, epsilon: epsilon)
        guard config.ropeTheta > 0 else {
            throw failure("rope_theta", expected: "a positive number")
        }
    }

    /// Checks the same sizes before there is a config.
    func requireDecoderSizes(
        vocabulary: Int, width: Int, inner: Int, layers: Int, heads: Int, positions: Int,
        epsilon: (key: String, value: Double)
    ) throws(CheckpointError) {
        let positive = [
            ("vocab_size", vocabulary), ("hidden_size", width), ("intermediate_size", inner),
            ("num_hidden_layers", layers), ("num_attention_heads", heads),
        ]
        for (key, value) in positive where !(1...1 << 20).contains(value) {
            throw failure(key, expected: "a number from 1 to \(1 << 20)")
        }
        guard layers <= 1024 else {
            throw failure("num_hidden_layers", expected: "at most 1024")
        }
        guard (1...1 << 30).contains(positions) else {
            throw failure("max_position_embeddings", expected: "a number from 1 to \(1 << 30)")
        }
        guard epsilon.value > 0 else {
            throw failure(epsilon.key, expected: "a positive number")
        }
    }
}

extension LanguageConfiguration {
    /// All layouts have the same parameters.
    public func built(in layout: CheckpointLayout) -> Self { self }
    /// Nothing is to be done.
    public func rules(to layout: CheckpointLayout) -> [WeightRule] { [] }
    /// None.
    public var dropout: Double { 0 }

    /// Whether another config is of the same family and says the same.
    package func isEqual(_ other: any LanguageConfiguration) -> Bool { self == other as? Self }

    /// What reports say of the model.
    package var report: JSONObject {
        var report: JSONObject = [
            "family": .string(Self.family.id), "width": .integer(hiddenSize),
            "inner_width": .integer(intermediateSize), "blocks": .integer(layerCount),
            "heads": .integer(headCount), "rotary_width": .integer(rotaryWidth),
            "vocabulary": .integer(vocabularySize), "positions": .integer(maximumPositions),
        ]
        if keyValueHeadCount != headCount {
            report["key_value_heads"] = .integer(keyValueHeadCount)
        }
        return report
    }

    /// One line for people.
    package var summary: String {
        let shared =
            keyValueHeadCount == headCount ? "" : " (\(keyValueHeadCount) of keys and values)"
        return "\(Self.family.title), \(layerCount) blocks of \(hiddenSize), "
            + "\(headCount) heads\(shared), vocabulary \(vocabularySize)"
    }
}

/// The families of language models, one line each.
public enum LanguageCatalogue {
    /// Every family.
    public static let all: [any LanguageConfiguration.Type] = [
        PhiConfig.self,
        LlamaConfig.self,
        Qwen2Config.self,
        MistralConfig.self,
        StableLMConfig.self,
        Phi3Config.self,
        GemmaConfig.self,
        Gemma2Config.self,
    ]
}
