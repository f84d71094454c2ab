public import MiphaCheckpoints
public import MiphaFiles

/// A Gemma 2 language model (transformers `Gemma2Config`).
///
/// As Gemma, with norms after branches too, capped scores and logits, and a window in layers of even
/// numbers.
public struct Gemma2Config: GatedDecoderConfiguration {
    /// The decoder.
    public var decoder: GatedDecoder

    private static var defaults: GatedDecoder {
        var decoder = GatedDecoder(
            vocabularySize: 256000, hiddenSize: 2304, intermediateSize: 9216, layerCount: 26,
            headCount: 8, maximumPositions: 8192, normEpsilon: 1e-6)
        decoder.activation = .geluTanh
        decoder.norm = .rmsAddingOne
        decoder.normalizesBranches = true
        decoder.tiesHead = true
        return decoder
    }

    /// Reads transformers' field names, those of version 4 and 5; defaults are `Gemma2Config`'s.
    public init(_ reader: ConfigReader, in layout: CheckpointLayout) throws(CheckpointError) {
        decoder = try GatedDecoder(
            reader, defaults: Self.defaults, keyValueHeads: 4, headWidth: 256)
        try decoder.readAsGemma(reader)
        decoder.scoreDivisor = try reader.double("query_pre_attn_scalar", default: 256)
        guard decoder.scoreDivisor.map({ $0 > 0 && $0.isFinite }) == true else {
            throw reader.failure("query_pre_attn_scalar", expected: "a positive number")
        }
        decoder.scoreCap = try GatedDecoder.cap(reader, "attn_logit_softcapping", default: 50)
        decoder.logitCap = try GatedDecoder.cap(reader, "final_logit_softcapping", default: 30)
        decoder.window = try AttentionWindow(reader, default: 4096, layers: .even)
        try reader.requireLayerTypes(decoder.window, count: decoder.layerCount)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "gemma2", title: "Gemma2", modelType: "gemma2")

    /// The format that Mipha trains Gemma with.
    public static let chatFormat = "gemma"

    /// The begin and end of text of Gemma's tokenizer.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 2, "eos_token_id": 1]

    /// The treatment of the fields of `Gemma2Config`.
    public static let fields = GatedDecoder.fields(
        GatedDecoder.gemmaFields + [
            .init("query_pre_attn_scalar", .used, "its root divides attention scores"),
            .init(
                "attn_logit_softcapping final_logit_softcapping", .used,
                "absent: 50 and 30; null: none"),
            .init("sliding_window", .used, "of layers 0, 2, 4, …; absent: 4096; null: none"),
            .init("layer_types", .used, "must be those of the window"),
            .init("cache_implementation", .harmless),
        ])

    /// Caps, scale and window.
    public var ownFields: JSONObject {
        func number(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
        let divisor = decoder.scoreDivisor ?? Double(decoder.headWidth)
        return decoder.ownFieldsOfGemma.merging([
            "query_pre_attn_scalar": Int(exactly: divisor).map { .integer($0) }
                ?? .double(divisor),
            "attn_logit_softcapping": number(decoder.scoreCap),
            "final_logit_softcapping": number(decoder.logitCap),
            "sliding_window": decoder.window.map { .integer($0.width) } ?? .null,
        ])
    }
}
