public import MiphaCheckpoints
public import MiphaFiles

/// A Llama language model (transformers `LlamaConfig`): Llama 2 and 3, Vicuna, TinyLlama, SmolLM2.
public struct LlamaConfig: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    /// The defaults of `LlamaConfig`.
    private static let defaults = GatedDecoder(
        vocabularySize: 32000, hiddenSize: 4096, intermediateSize: 11008, layerCount: 32,
        headCount: 32, maximumPositions: 2048, normEpsilon: 1e-6)

    /// Reads transformers' field names, those of version 4 and 5; defaults are `LlamaConfig`'s.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(reader, defaults: Self.defaults)
        if try reader.bool("attention_bias", default: false) { decoder.biases.insert(.attention) }
        if try reader.bool("mlp_bias", default: false) { decoder.biases.insert(.feedForward) }
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "llama", title: "Llama", modelType: "llama")

    /// Name of the chat format that LLaVA trains the family with.
    public static let chatFormat = "vicuna"

    /// The begin and end of text of Llama's tokenizer.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 1, "eos_token_id": 2]

    /// The treatment of the fields of `LlamaConfig`.
    public static let fields = GatedDecoder.fields([.init("attention_bias mlp_bias", .used)])

    /// The biases.
    public var ownFields: JSONObject {
        [
            "attention_bias": .bool(decoder.biases.contains(.attention)),
            "mlp_bias": .bool(decoder.biases.contains(.feedForward)),
        ]
    }
}
