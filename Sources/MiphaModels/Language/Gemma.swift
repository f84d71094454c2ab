public import MiphaCheckpoints
public import MiphaFiles

/// A Gemma language model (transformers `GemmaConfig`).
///
/// Norms scale by `1 + weight` in float32; what goes into the decoder is scaled by the root of its
/// width. Two readings of the config changed over time, and both are settings:
/// - `hidden_activation`, or else `hidden_act`, is the GELU of the gate as it is named. A file that says
///   `gelu` is computed with the exact one, which Mipha was trained with (transformers 4.38).
/// - `mipha_scales_image_features`: absent or true, features of images are scaled too, as up to
///   transformers 4.57; false, only embeddings of words are, as in version 5.
public struct GemmaConfig: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    private static var defaults: GatedDecoder {
        var decoder = GatedDecoder(
            vocabularySize: 256000, hiddenSize: 3072, intermediateSize: 24576, layerCount: 28,
            headCount: 16, maximumPositions: 8192, normEpsilon: 1e-6)
        decoder.activation = .gelu
        decoder.norm = .rmsAddingOne
        decoder.tiesHead = true
        return decoder
    }

    /// Reads transformers' field names, those of version 4 and 5; defaults are `GemmaConfig`'s, but
    /// `hidden_act` is that of 4.38, `gelu`, as Mipha was trained.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(
            reader, defaults: Self.defaults, keyValueHeads: 16, headWidth: 256)
        try decoder.readAsGemma(reader)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "gemma", title: "Gemma", modelType: "gemma")

    /// The format that Mipha trains the family with.
    public static let chatFormat = "gemma"

    /// The begin and end of text of Gemma's tokenizer.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 2, "eos_token_id": 1]

    /// The treatment of the fields of `GemmaConfig`.
    public static let fields = GatedDecoder.fields(GatedDecoder.gemmaFields)

    /// The activation once more, the biases and the reading.
    public var ownFields: JSONObject { decoder.ownFieldsOfGemma }
}

extension GatedDecoder {
    /// Reads what configs of Gemma and Gemma 2 share.
    mutating func readAsGemma(_ reader: ConfigReader) throws(CheckpointError) {
        activation = try reader.enumValue("hidden_activation", default: activation)
        if try reader.bool("attention_bias", default: false) { biases = .attention }
        embeddingScale = Double(hiddenSize).squareRoot()
        scalesFeatures = try reader.bool(Self.scalingKey, default: true)
    }

    private static let scalingKey = "mipha_scales_image_features"

    /// The treatment of those fields.
    static var gemmaFields: [FileFields.Field] {
        [
            .init(
                "hidden_activation", .used,
                "counts before hidden_act; gelu is exact, gelu_pytorch_tanh is not"),
            .init("attention_bias", .used),
            .init(
                scalingKey, .used,
                "not of transformers: whether features of images are scaled like embeddings of words; "
                    + "absent: true, as in transformers up to 4.57; in version 5 they are not"),
        ]
    }

    /// Those fields.
    var ownFieldsOfGemma: JSONObject {
        let reading: JSONObject = scalesFeatures ? [:] : [Self.scalingKey: false]
        return reading.merging([
            "hidden_activation": .string(activation.rawValue),
            "attention_bias": .bool(biases.contains(.attention)),
        ])
    }
}
