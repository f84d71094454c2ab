import MiphaCheckpoints
import MiphaFiles

extension GatedDecoder {
    /// Reads the fields that all configs of such decoders have, in transformers' names of version 4
    /// and 5.
    ///
    /// - Parameters:
    ///   - defaults: the defaults of the family's class in transformers.
    ///   - keyValueHeads: the class's default number of heads of keys; `nil`: as many as heads.
    ///   - headWidth: the class's default width of a head; `nil`: the hidden state's share.
    /// - Throws: `CheckpointError` naming the field.
    init(
        _ reader: ConfigReader, defaults: GatedDecoder, keyValueHeads: Int? = nil,
        headWidth: Int? = nil
    ) throws(CheckpointError) {
        self = defaults
        vocabularySize = try reader.int("vocab_size", default: defaults.vocabularySize)
        hiddenSize = try reader.int("hidden_size", default: defaults.hiddenSize)
        intermediateSize = try reader.int(
            "intermediate_size", default: defaults.intermediateSize)
        layerCount = try reader.int("num_hidden_layers", default: defaults.layerCount)
        headCount = try reader.int("num_attention_heads", default: defaults.headCount)
        maximumPositions = try reader.int(
            "max_position_embeddings", default: defaults.maximumPositions)
        normEpsilon = try reader.double(epsilonKey, default: defaults.normEpsilon)
        activation = try reader.enumValue("hidden_act", default: defaults.activation)
        tiesHead = try reader.bool("tie_word_embeddings", default: defaults.tiesHead)
        try reader.requireDecoderSizes(
            vocabulary: vocabularySize, width: hiddenSize, inner: intermediateSize,
            layers: layerCount, heads: headCount, positions: maximumPositions,
            epsilon: (epsilonKey, normEpsilon))
        // A class takes null for as many heads of keys as heads.
        let isNull = reader.object["num_key_value_heads"]?.isNull ?? false
        keyValueHeadCount =
            try reader.optionalInt("num_key_value_heads")
            ?? (isNull ? nil : keyValueHeads) ?? headCount
        let stated = try reader.optionalInt("head_dim") ?? headWidth
        self.headWidth = stated ?? hiddenSize / headCount
        try requireHeads(reader, isStated: stated != nil)
        rotary = try RotarySettings(
            reader, headWidth: self.headWidth, fraction: defaults.rotary.fraction,
            positions: maximumPositions)
    }

    private func requireHeads(
        _ reader: ConfigReader, isStated: Bool
    ) throws(CheckpointError) {
        guard isStated || hiddenSize % headCount == 0 else {
            throw reader.failure(
                "num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)")
        }
        guard (1...1 << 20).contains(keyValueHeadCount), headCount % keyValueHeadCount == 0 else {
            throw reader.failure(
                "num_key_value_heads", expected: "a divisor of num_attention_heads \(headCount)")
        }
        guard (2...1 << 20).contains(headWidth), headWidth % 2 == 0 else {
            throw reader.failure(
                reader.has("head_dim") ? "head_dim" : "num_attention_heads",
                expected: "heads of an even width")
        }
    }

    /// Reads a cap of scores or logits; the key may be absent, which is the default, or null, which
    /// is none.
    static func cap(
        _ reader: ConfigReader, _ key: String, default value: Double
    ) throws(CheckpointError) -> Double? {
        if reader.object[key]?.isNull == true { return nil }
        let cap = try reader.double(key, default: value)
        guard cap > 0, cap.isFinite else {
            throw reader.failure(key, expected: "a positive number, or null")
        }
        return cap
    }

    /// Key of the norms' epsilon.
    var epsilonKey: String { norm == .layerNorm ? "layer_norm_eps" : "rms_norm_eps" }

    /// The fields in the names of transformers 4, which version 5 reads too.
    ///
    /// - Parameters:
    ///   - statesFraction: whether the family has a share of rotated features.
    ///   - own: the fields that the family has besides.
    func json(statesFraction: Bool, _ own: JSONObject) -> JSONObject {
        let sizes: JSONObject = [
            "vocab_size": .integer(vocabularySize), "hidden_size": .integer(hiddenSize),
            "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_key_value_heads": .integer(keyValueHeadCount), "head_dim": .integer(headWidth),
        ]
        let fraction: JSONObject =
            statesFraction ? ["partial_rotary_factor": .double(rotary.fraction)] : [:]
        let positions: JSONObject = [
            "rope_theta": .double(rotary.theta), "rope_scaling": rotary.oldScaling,
            "max_position_embeddings": .integer(maximumPositions),
            "hidden_act": .string(activation.rawValue), epsilonKey: .double(normEpsilon),
        ]
        return sizes.merging(fraction).merging(positions).merging(rotary.oldPositions)
            .merging(own).merging([
                "attention_dropout": .double(0), "tie_word_embeddings": .bool(tiesHead),
                "use_cache": true,
            ])
    }

    /// The treatment of the fields.
    ///
    /// - Parameters:
    ///   - epsilon: key of the norms' epsilon.
    ///   - partial: the treatment of a share of rotated features.
    ///   - own: the fields that the family has besides.
    static func fields(
        epsilon: String = "rms_norm_eps", partial: FileFields.Rule = .only([1]),
        _ own: [FileFields.Field]
    ) -> FileFields {
        let remark: String
        if case .only = partial {
            remark = "all features of a head are rotated"
        } else {
            remark = "the share of a head's features that is rotated"
        }
        return FileFields(
            "text_config",
            [
                .init(
                    "vocab_size hidden_size intermediate_size num_hidden_layers "
                        + "num_attention_heads num_key_value_heads head_dim rope_theta "
                        + "max_position_embeddings hidden_act \(epsilon)",
                    .used),
                .init(
                    "tie_word_embeddings", .used,
                    "whether the head is the table of embeddings; a head in the files must equal it"
                ),
            ] + RotaryFields.all(partial: partial) + [
                .init(
                    "attention_dropout", .onlyInTraining([0]),
                    "training drops nothing inside attention"),
                .init("partial_rotary_factor", partial, remark),
            ] + own + [
                .init("pretraining_tp", .only([1]), "products are computed whole")
            ] + others(absentFlags, .only([false]), own) + others(absentValues, .only([]), own))
    }

    private static let absentFlags =
        "attention_bias mlp_bias use_qkv_bias qk_layernorm use_parallel_residual "
        + "use_sliding_window use_bidirectional_attention"
    private static let absentValues =
        "sliding_window layer_types attn_logit_softcapping final_logit_softcapping "
        + "query_pre_attn_scalar"

    /// Those of some names that a family does not treat itself.
    private static func others(
        _ names: String, _ rule: FileFields.Rule, _ own: [FileFields.Field]
    ) -> [FileFields.Field] {
        let known = own.flatMap(\.names)
        let left = names.split(separator: " ").map(String.init).filter { !known.contains($0) }
        guard !left.isEmpty else { return [] }
        return [
            .init(left.joined(separator: " "), rule, "models of this family have none of these")
        ]
    }
}
