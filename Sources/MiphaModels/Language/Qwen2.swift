public import MiphaCheckpoints
public import MiphaFiles

/// A Qwen language model (transformers `Qwen2Config`): Qwen1.5, Qwen2 and Qwen2.5.
///
/// Queries, keys and values have biases; the small ones have no head of their own. A window, which
/// all published models switch off, is that of the layers from `max_window_layers` on.
public struct Qwen2Config: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    private static let defaults = GatedDecoder(
        vocabularySize: 151936, hiddenSize: 4096, intermediateSize: 22016, layerCount: 32,
        headCount: 32, maximumPositions: 32768, normEpsilon: 1e-6)

    /// Reads transformers' field names, those of version 4 and 5; defaults are `Qwen2Config`'s.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(reader, defaults: Self.defaults, keyValueHeads: 32)
        decoder.biases = .projections
        if try reader.bool("use_sliding_window", default: false) {
            decoder.window = try AttentionWindow(
                reader, default: 4096,
                layers: .from(reader.int("max_window_layers", default: 28)))
        }
        try reader.requireLayerTypes(decoder.window, count: decoder.layerCount)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "qwen2", title: "Qwen2", modelType: "qwen2")

    /// ChatML with the system text of Qwen1.5 and Qwen2; a folder's template says where it is another.
    public static let chatFormat = "qwen2"

    /// The end of text, which begins texts too.
    public static let tokenDefaults: JSONObject = [
        "bos_token_id": 151643, "eos_token_id": 151643,
    ]

    /// The treatment of the fields of `Qwen2Config`.
    public static let fields = GatedDecoder.fields([
        .init(
            "use_sliding_window sliding_window max_window_layers", .used,
            "the window counts where use_sliding_window is true"),
        .init("layer_types", .used, "must be those of the window"),
    ])

    /// The window.
    public var ownFields: JSONObject {
        guard let window = decoder.window, case .from(let first) = window.layers else {
            return ["use_sliding_window": false]
        }
        return [
            "use_sliding_window": true, "sliding_window": .integer(window.width),
            "max_window_layers": .integer(first),
        ]
    }
}
