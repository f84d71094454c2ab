public import MiphaCheckpoints
public import MiphaFiles

/// A StableLM language model (transformers `StableLmConfig`): StableLM-2-1.6B.
///
/// Norms subtract the mean, and a share of each head's features is rotated. Models whose branches
/// run side by side or whose queries are normalised (StableLM-2-12B) are refused.
public struct StableLMConfig: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    private static var defaults: GatedDecoder {
        var decoder = GatedDecoder(
            vocabularySize: 50304, hiddenSize: 2560, intermediateSize: 6912, layerCount: 32,
            headCount: 32, maximumPositions: 4096, normEpsilon: 1e-5)
        decoder.norm = .layerNorm
        decoder.rotary.fraction = 0.25
        return decoder
    }

    /// Reads transformers' field names, those of version 4 and 5; defaults are `StableLmConfig`'s.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(reader, defaults: Self.defaults, keyValueHeads: 32)
        if try reader.bool("use_qkv_bias", default: false) { decoder.biases = .projections }
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "stablelm", title: "StableLM", modelType: "stablelm")

    /// A share of a head's features is rotated.
    public static let rotatesShare = true

    /// The format of StableLM-2-1.6B-chat; that of Zephyr is another.
    public static let chatFormat = "chatml"

    /// The end of text, which begins texts too.
    public static let tokenDefaults: JSONObject = [
        "bos_token_id": 100257, "eos_token_id": 100257,
    ]

    /// The treatment of the fields of `StableLmConfig`.
    public static let fields = GatedDecoder.fields(
        epsilon: "layer_norm_eps", partial: .used,
        [
            .init("use_qkv_bias", .used),
            .init(
                "hidden_dropout", .onlyInTraining([0]), "training drops nothing inside blocks"),
        ])

    /// The biases, and what no model of the family here has.
    public var ownFields: JSONObject {
        [
            "use_qkv_bias": .bool(decoder.biases.contains(.projections)), "qk_layernorm": false,
            "use_parallel_residual": false, "hidden_dropout": .double(0),
        ]
    }
}
