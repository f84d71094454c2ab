public import MiphaCheckpoints
public import MiphaFiles

/// A Phi-3 language model (transformers `Phi3Config`): Phi-3-mini and Phi-3.5-mini.
///
/// Queries, keys and values are one map, and so are gate and up, in files as here.
public struct Phi3Config: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    private static var defaults: GatedDecoder {
        var decoder = GatedDecoder(
            vocabularySize: 32064, hiddenSize: 3072, intermediateSize: 8192, layerCount: 32,
            headCount: 32, maximumPositions: 4096, normEpsilon: 1e-5)
        decoder.isFused = true
        return decoder
    }

    /// Reads transformers' field names, those of version 4 and 5; defaults are `Phi3Config`'s.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(reader, defaults: Self.defaults)
        decoder.window = try AttentionWindow(reader, default: nil)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "phi3", title: "Phi3", modelType: "phi3")

    /// A share of a head's features is rotated, which is all in Phi-3 itself.
    public static let rotatesShare = true

    /// The format that Mipha trains the family with.
    public static let chatFormat = "phi-3"

    /// The begin of Llama's texts and the end of Phi-3's.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 1, "eos_token_id": 32000]

    /// The treatment of the fields of `Phi3Config`.
    public static let fields = GatedDecoder.fields(
        partial: .used,
        [
            .init("sliding_window", .used, "absent or null: none"),
            .init(
                "resid_pdrop embd_pdrop", .onlyInTraining([0]),
                "training drops nothing in this family"),
        ])

    /// The window, and the dropout that there is not.
    public var ownFields: JSONObject {
        [
            "sliding_window": decoder.window.map { .integer($0.width) } ?? .null,
            "resid_pdrop": .double(0), "embd_pdrop": .double(0),
        ]
    }
}
