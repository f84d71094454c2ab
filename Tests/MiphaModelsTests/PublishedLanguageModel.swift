import MiphaFiles

/// A published language model: the fields of its config that bear on its parameters, as its file has
/// them, and what its checkpoint holds.
struct PublishedLanguageModel: Sendable {
    let name: String
    /// The config.
    let config: JSONValue
    /// Number of parameters; a table that is the head too counts once.
    let count: Int
    /// Number of tensors, a tied head not among them.
    let keys: Int

    init(_ name: String, _ count: Int, _ keys: Int, _ config: JSONValue) {
        (self.name, self.config, self.count, self.keys) = (name, config, count, keys)
    }

    static let all = phi + llama + mistral + others

    private static let phi = [
        PublishedLanguageModel(
            "Phi-1.5", 1_418_270_720, 341,
            [
                "model_type": "phi", "vocab_size": 51200, "hidden_size": 2048,
                "intermediate_size": 8192, "num_hidden_layers": 24, "num_attention_heads": 32,
                "num_key_value_heads": .null, "partial_rotary_factor": 0.5,
                "hidden_act": "gelu_new", "layer_norm_eps": 1e-05, "max_position_embeddings": 2048,
                "qk_layernorm": false,
                "rope_scaling": .null, "rope_theta": 10000.0, "tie_word_embeddings": false,
            ]),
        PublishedLanguageModel(
            "Phi-2", 2_779_683_840, 453,
            [
                "model_type": "phi", "vocab_size": 51200, "hidden_size": 2560,
                "intermediate_size": 10240, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 32, "partial_rotary_factor": 0.4, "hidden_act": "gelu_new",
                "layer_norm_eps": 1e-05, "max_position_embeddings": 2048, "qk_layernorm": false,
                "rope_scaling": .null, "rope_theta": 10000.0, "tie_word_embeddings": false,
            ]),
    ]

    private static let llama = [
        llama("TinyLlama-1.1B", 1_100_048_384, 201, (2048, 5632, 22), (32, 4), 32000, 2048),
        llama("Llama-2-7B", 6_738_415_616, 291, (4096, 11008, 32), (32, 32), 32000, 4096),
        llama("Vicuna-13B-v1.5", 13_015_864_320, 363, (5120, 13824, 40), (40, 40), 32000, 4096),
        llama(
            "SmolLM2-135M", 134_515_008, 272, (576, 1536, 30), (9, 3), 49152, 8192, isTied: true),
        llama(
            "SmolLM2-360M", 361_821_120, 290, (960, 2560, 32), (15, 5), 49152, 8192, isTied: true),
        llama(
            "SmolLM2-1.7B", 1_711_376_384, 218, (2048, 8192, 24), (32, 32), 49152, 8192,
            isTied: true),
    ]

    private static func llama(
        _ name: String, _ count: Int, _ keys: Int, _ sizes: (Int, Int, Int), _ heads: (Int, Int),
        _ vocabulary: Int, _ positions: Int, isTied: Bool = false
    ) -> PublishedLanguageModel {
        PublishedLanguageModel(
            name, count, keys,
            [
                "model_type": "llama", "attention_bias": false, "hidden_act": "silu",
                "hidden_size": .integer(sizes.0), "intermediate_size": .integer(sizes.1),
                "max_position_embeddings": .integer(positions),
                "num_attention_heads": .integer(heads.0), "num_hidden_layers": .integer(sizes.2),
                "num_key_value_heads": .integer(heads.1), "pretraining_tp": 1,
                "rms_norm_eps": 1e-05, "rope_scaling": .null,
                "tie_word_embeddings": .bool(isTied), "vocab_size": .integer(vocabulary),
            ])
    }

    private static let mistral = [
        mistral("Mistral-7B v0.1", 7_241_732_096, 32000, theta: 10000.0, window: 4096),
        mistral("Mistral-7B v0.2", 7_241_732_096, 32000, theta: 1_000_000.0, window: .null),
        mistral("Mistral-7B v0.3", 7_248_023_552, 32768, theta: 1_000_000.0, window: .null),
    ]

    private static func mistral(
        _ name: String, _ count: Int, _ vocabulary: Int, theta: Double, window: JSONValue
    ) -> PublishedLanguageModel {
        PublishedLanguageModel(
            name, count, 291,
            [
                "model_type": "mistral", "hidden_act": "silu", "hidden_size": 4096,
                "intermediate_size": 14336, "max_position_embeddings": 32768,
                "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
                "rms_norm_eps": 1e-05, "rope_theta": .double(theta), "sliding_window": window,
                "tie_word_embeddings": false, "vocab_size": .integer(vocabulary),
            ])
    }

    private static func qwen(
        _ name: String, _ count: Int, _ keys: Int, _ sizes: (Int, Int, Int), _ heads: (Int, Int),
        isTied: Bool
    ) -> PublishedLanguageModel {
        PublishedLanguageModel(
            name, count, keys,
            [
                "model_type": "qwen2", "attention_dropout": 0.0, "hidden_act": "silu",
                "hidden_size": .integer(sizes.0), "intermediate_size": .integer(sizes.1),
                "max_position_embeddings": 32768, "max_window_layers": 21,
                "num_attention_heads": .integer(heads.0), "num_hidden_layers": .integer(sizes.2),
                "num_key_value_heads": .integer(heads.1), "rms_norm_eps": 1e-06,
                "rope_theta": 1000000.0, "sliding_window": 32768,
                "tie_word_embeddings": .bool(isTied), "use_sliding_window": false,
                "vocab_size": 151936,
            ])
    }

    private static let others = [
        qwen("Qwen1.5-0.5B", 463_987_712, 290, (1024, 2816, 24), (16, 16), isTied: true),
        qwen("Qwen1.5-1.8B", 1_836_828_672, 291, (2048, 5504, 24), (16, 16), isTied: false),
        qwen("Qwen2.5-0.5B", 494_032_768, 290, (896, 4864, 24), (14, 2), isTied: true),
        qwen("Qwen2.5-1.5B", 1_543_714_304, 338, (1536, 8960, 28), (12, 2), isTied: true),
        qwen("Qwen2.5-3B", 3_085_938_688, 434, (2048, 11008, 36), (16, 2), isTied: true),
        PublishedLanguageModel(
            "StableLM-2-1.6B", 1_644_515_328, 340,
            [
                "model_type": "stablelm", "hidden_act": "silu", "hidden_size": 2048,
                "intermediate_size": 5632, "layer_norm_eps": 1e-05,
                "max_position_embeddings": 4096, "num_attention_heads": 32,
                "num_hidden_layers": 24, "num_key_value_heads": 32, "partial_rotary_factor": 0.25,
                "rope_theta": 10000, "tie_word_embeddings": false, "use_qkv_bias": true,
                "vocab_size": 100352,
            ]),
        PublishedLanguageModel(
            "Phi-3-mini-4k", 3_821_079_552, 195,
            [
                "model_type": "phi3", "attention_dropout": 0.0, "embd_pdrop": 0.0,
                "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192,
                "max_position_embeddings": 4096, "num_attention_heads": 32,
                "num_hidden_layers": 32, "num_key_value_heads": 32,
                "original_max_position_embeddings": 4096, "resid_pdrop": 0.0,
                "rms_norm_eps": 1e-05, "rope_scaling": .null, "rope_theta": 10000.0,
                "sliding_window": 2047, "tie_word_embeddings": false, "vocab_size": 32064,
            ]),
        PublishedLanguageModel(
            "Gemma-2B", 2_506_172_416, 164,
            [
                "model_type": "gemma", "attention_bias": false, "attention_dropout": 0.0,
                "head_dim": 256, "hidden_act": "gelu", "hidden_size": 2048,
                "intermediate_size": 16384, "max_position_embeddings": 8192,
                "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1,
                "rms_norm_eps": 1e-06, "rope_scaling": .null, "rope_theta": 10000.0,
                "vocab_size": 256000,
            ]),
        PublishedLanguageModel(
            "Gemma-2-2B", 2_614_341_888, 288,
            [
                "model_type": "gemma2", "attention_bias": false, "attention_dropout": 0.0,
                "attn_logit_softcapping": 50.0, "cache_implementation": "hybrid",
                "final_logit_softcapping": 30.0, "head_dim": 256,
                "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh",
                "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 8192,
                "num_attention_heads": 8, "num_hidden_layers": 26, "num_key_value_heads": 4,
                "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
                "sliding_window": 4096, "vocab_size": 256000,
            ]),
    ]
}
