package import MiphaCheckpoints

/// The first files of Phi-1, Phi-1.5 and Phi-2 (`model_type` `phi-msft`), which have names of their own.
///
/// Reference: transformers, `models/phi/convert_phi_weights_to_hf.py`; field names as in the first
/// `config.json` of the models.
extension PhiConfig {
    /// Reads the fields of such a config.
    ///
    /// - Throws: `CheckpointError` naming the field.
    package init(original reader: ConfigReader) throws(CheckpointError) {
        let (width, heads) = (try reader.int("n_embd"), try reader.int("n_head"))
        guard (1...1 << 20).contains(width) else {
            throw reader.failure("n_embd", expected: "a number from 1 to \(1 << 20)")
        }
        guard (1...width).contains(heads), width % heads == 0 else {
            throw reader.failure("n_head", expected: "a divisor of n_embd \(width)")
        }
        let rotated = try reader.int("rotary_dim", default: 32)
        let headWidth = width / heads
        guard rotated >= 2, rotated % 2 == 0, rotated <= headWidth else {
            throw reader.failure(
                "rotary_dim", expected: "an even number of the \(headWidth) features of a head")
        }
        guard try reader.int("n_head_kv", default: heads) == heads else {
            throw reader.failure("n_head_kv", expected: "\(heads), as Phi has in every release")
        }
        self.init(
            vocabularySize: try reader.int("vocab_size"), hiddenSize: width,
            intermediateSize: try reader.int("n_inner", default: 4 * width),
            layerCount: try reader.int("n_layer"), headCount: heads,
            partialRotaryFactor: Double(rotated) / Double(headWidth),
            maximumPositions: try reader.int("n_positions", default: 2048),
            activation: try reader.enumValue("activation_function", default: .geluNew),
            layerNormEpsilon: try reader.double("layer_norm_epsilon", default: 1e-5),
            residualDropout: try reader.double("resid_pdrop", default: 0))
        try reader.requireDecoderSizes(
            vocabulary: vocabularySize, width: width, inner: intermediateSize,
            layers: layerCount, heads: heads, positions: maximumPositions,
            epsilon: ("layer_norm_epsilon", layerNormEpsilon))
    }

    /// The rules that make this model's parameters, by official names, of those of such files.
    package var rulesFromOriginal: [WeightRule] {
        let (layer, block) = ("model.layers.{}", "transformer.h.{}")
        let maps = [
            ("transformer.embd.wte", "model.embed_tokens"), ("lm_head.ln", "model.final_layernorm"),
            ("lm_head.linear", "lm_head"), ("\(block).ln", "\(layer).input_layernorm"),
            ("\(block).mixer.out_proj", "\(layer).self_attn.dense"),
            ("\(block).mlp.fc1", "\(layer).mlp.fc1"), ("\(block).mlp.fc2", "\(layer).mlp.fc2"),
        ]
        let parts = ["q_proj", "k_proj", "v_proj"].map {
            TensorPart("\(layer).self_attn.\($0).{*}")
        }
        // All queries, then all keys, then all values; head by head in the first Mipha-1.7B.
        let split = WeightRule.split("\(block).mixer.Wqkv.{*}", TensorDivision(parts))
        let fused: [WeightRule] =
            fusesProjections
            ? [
                .fuse(
                    TensorDivision(parts, groups: headCount),
                    into: "\(layer).self_attn.query_key_value.{*}")
            ] : []
        return maps.map { .rename("\($0.0).{*}", to: "\($0.1).{*}") } + [split] + fused
    }
}
