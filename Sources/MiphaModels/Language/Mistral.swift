public import MiphaCheckpoints
public import MiphaFiles

/// A Mistral language model (transformers `MistralConfig`); the first release has a window.
public struct MistralConfig: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    private static let defaults = GatedDecoder(
        vocabularySize: 32000, hiddenSize: 4096, intermediateSize: 14336, layerCount: 32,
        headCount: 32, maximumPositions: 131072, normEpsilon: 1e-6)

    /// Reads transformers' field names, those of version 4 and 5; defaults are `MistralConfig`'s.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(reader, defaults: Self.defaults, keyValueHeads: 8)
        decoder.window = try AttentionWindow(reader, default: 4096)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "mistral", title: "Mistral", modelType: "mistral")

    /// The format of Mistral 7B Instruct v0.2; that of the first release is another.
    public static let chatFormat = "mistral"

    /// The begin and end of text of Mistral's tokenizer.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 1, "eos_token_id": 2]

    /// The treatment of the fields of `MistralConfig`.
    public static let fields = GatedDecoder.fields([
        .init("sliding_window", .used, "absent: 4096; null: none")
    ])

    /// The window.
    public var ownFields: JSONObject {
        ["sliding_window": decoder.window.map { .integer($0.width) } ?? .null]
    }
}
