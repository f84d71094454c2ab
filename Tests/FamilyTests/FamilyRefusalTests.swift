import MiphaCheckpoints
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// What the readers of families refuse, by file and key, and what layouts say of them.
@Suite struct FamilyRefusalTests {
    /// The config of a fixture with a key of a part changed; an empty part is the file itself.
    private static func config(
        _ family: FamilyCase, _ part: String, _ key: String, _ value: JSONValue
    ) throws -> MiphaConfig {
        let top = try ConfigReader(contentsOf: "\(family.folder)/config.json").object
        var changed = top
        if part.isEmpty {
            changed[key] = value
        } else {
            var inner = try #require(top[part]?.objectValue)
            inner[key] = value
            changed[part] = .object(inner)
        }
        return try MiphaConfig(ConfigReader(file: "config.json", value: .object(changed)))
    }

    private static let wrong: [(part: String, key: String, value: JSONValue, expected: String)] = [
        ("text_config", "num_key_value_heads", 3, "divisor"),
        ("text_config", "head_dim", 7, "even"),
        ("text_config", "rms_norm_eps", 0, "positive"),
        ("text_config", "tie_word_embeddings", "yes", "true or false"),
        ("text_config", "rope_scaling", ["rope_type": "ntk", "factor": 2], "default"),
        ("text_config", "pretraining_tp", 2, "1"),
        ("text_config", "partial_rotary_factor", 0.5, "1"),
        ("text_config", "sliding_window", 16, "no such key"),
        ("text_config", "hidden_act", "relu", "silu"),
        ("vision_config", "hidden_act", "relu", "quick_gelu"),
        ("vision_config", "patch_size", 31, "image_size"),
        ("vision_config", "layer_norm_eps", -1, "positive"),
        ("", "vision_feature_select_strategy", "cls", "full or default"),
        ("", "vision_feature_layer", -4, "layer"),
    ]

    @Test(arguments: wrong.indices)
    func `a wrong value of CLIP or Llama is refused by file and key`(_ index: Int) throws {
        let (part, key, value, expected) = Self.wrong[index]
        let error = try #require(
            #expect(throws: CheckpointError.self, "\(key)") {
                try Self.config(.clipLlama, part, key, value)
            })
        let place = part.isEmpty ? key : "\(part).\(key)"
        #expect(error.message.hasPrefix("config.json: \(place)"), "\(error)")
        #expect(error.message.contains(expected), "\(error)")
    }

    private static let wrongOfDecoders: [(FamilyCase, String, JSONValue, String)] = [
        (.siglipQwen2, "layer_types", ["sliding_attention", "full_attention"], "full_attention"),
        (.siglipQwen2, "num_key_value_heads", 3, "divisor"),
        (.siglipQwen2, "hidden_act", "relu", "silu"),
        (.siglipStableLM, "use_parallel_residual", true, "false"),
        (.siglipStableLM, "qk_layernorm", true, "false"),
        (.siglipStableLM, "layer_norm_eps", 0, "positive"),
        (.siglipStableLM, "sliding_window", 4, "no such key"),
        (.siglipMistral, "sliding_window", 0, "null"),
        (.siglipMistral, "attention_bias", true, "false"),
        (.siglipMistral, "layer_types", ["full_attention"], "no such key"),
        (.siglipPhi3, "sliding_window", -1, "null"),
        (.siglipPhi3, "rope_scaling", ["type": "longrope"], "short_factor"),
        (.siglipGemma, "use_bidirectional_attention", true, "false"),
        (.siglipGemma, "hidden_activation", "relu", "gelu"),
        (.siglipGemma, "mipha_scales_image_features", 1, "true or false"),
        (.siglipGemma, "final_logit_softcapping", 30, "no such key"),
        (.siglipGemma2, "attn_logit_softcapping", 0, "positive"),
        (.siglipGemma2, "query_pre_attn_scalar", -1, "positive"),
        (.siglipGemma2, "layer_types", ["full_attention", "sliding_attention"], "sliding"),
    ]

    @Test(arguments: wrongOfDecoders.indices)
    func `a wrong value of a gated decoder is refused by file and key`(_ index: Int) throws {
        let (family, key, value, expected) = Self.wrongOfDecoders[index]
        let error = try #require(
            #expect(throws: CheckpointError.self, "\(key)") {
                try Self.config(family, "text_config", key, value)
            })
        #expect(error.message.hasPrefix("config.json: text_config"), "\(error)")
        #expect(error.message.contains(key) && error.message.contains(expected), "\(error)")
    }

    @Test func `the readings of Gemma are settings`() throws {
        func decoder(_ key: String, _ value: JSONValue) throws -> GatedDecoder {
            let config = try Self.config(.siglipGemma, "text_config", key, value)
            return try #require(config.language as? GemmaConfig).decoder
        }
        let own = try decoder("hidden_activation", .null)
        #expect(own.activation == .gelu && own.scalesFeatures)
        #expect(try decoder("hidden_activation", "gelu_pytorch_tanh").activation == .geluTanh)
        #expect(try decoder("hidden_act", "gelu_pytorch_tanh").activation == .geluTanh)
        #expect(try !decoder("mipha_scales_image_features", false).scalesFeatures)
        let config = try MiphaConfig(folder: FamilyCase.siglipGemma5.folder)
        for layout in CheckpointLayout.allCases {
            let text = try config.json(layout, dtype: "float32").text()
            let again = try MiphaConfig(ConfigReader(file: "f", value: JSONValue(parsing: text)))
            #expect(try !#require(again.language as? GemmaConfig).decoder.scalesFeatures)
        }
    }

    @Test func `each layer of Gemma 2 and Qwen has its window or none`() throws {
        let gemma = try MiphaConfig(folder: FamilyCase.siglipGemma2.folder).language
        let window = try #require((gemma as? Gemma2Config)?.decoder.window)
        #expect((0..<4).map { window.width(ofLayer: $0) } == [7, nil, 7, nil])
        var config = try MiphaConfig(folder: FamilyCase.siglipQwen2.folder)
        var qwen = try #require(config.language as? Qwen2Config)
        qwen.decoder.window = AttentionWindow(width: 5, layers: .from(1))
        config.language = qwen
        let text = try config.json(.mipha, dtype: "float32").text()
        let again = try MiphaConfig(ConfigReader(file: "f", value: JSONValue(parsing: text)))
        #expect(again.language.isEqual(qwen))
        let read = (again.language as? Qwen2Config)?.decoder.window
        #expect((0..<3).map { read?.width(ofLayer: $0) } == [nil, 5, 5])
    }

    @Test func `heads of a width of their own and biases have their parameters`() throws {
        var config = try Self.config(.clipLlama, "text_config", "head_dim", 12)
        var language = try #require(config.language as? LlamaConfig)
        language.decoder.biases = [.attention, .feedForward]
        config.language = language
        let store = try MiphaModel(config, source: DryRunSource()).store
        func shape(_ name: String) -> [Int]? { store["model.layers.0.\(name)"]?.shape }
        #expect(shape("self_attn.q_proj.weight") == [48, 32])
        #expect(shape("self_attn.k_proj.bias") == [24])
        #expect(shape("self_attn.o_proj.weight") == [32, 48])
        #expect(shape("mlp.down_proj.bias") == [32])
    }

    @Test(arguments: [
        ("/data/siglip_exps/clip-vit-large", "clip"), ("openai/clip-vit-base-patch16", "clip"),
        ("google/siglip-so400m-patch14-384", "siglip"), ("/models/siglip/checkpoint", "siglip"),
        ("facebook/dinov2-large", "dinov2"),
        ("facebook/dinov2-with-registers-large", "dinov2_with_registers"),
    ])
    func `an official config identifies the tower by the last part of its name`(
        _ name: String, _ family: String
    ) throws {
        let text = MiphaConfig.mipha3B.json(.mipha, dtype: "float32")
        var top = try #require(text.objectValue)
        var parts = try #require(top["vision_config"]?.objectValue)
        var tower = try #require(parts["vision_tower"]?.objectValue)
        tower["vision_model_name_or_path"] = .string(name)
        if family == "clip" {
            tower["hidden_act"] = "quick_gelu"
            tower["vision_use_head"] = nil
        }
        parts["vision_tower"] = .object(tower)
        top["vision_config"] = .object(parts)
        let config = try MiphaConfig(ConfigReader(file: "f", value: .object(top)))
        #expect(config.vision.towers.map { type(of: $0).family.id } == [family])
    }

    @Test func `an image that lacks the block of a tower is refused with the sizes of all`() throws
    {
        let family = FamilyCase.siglipClipPhi
        var prompt = try family.prompts()[0].prompt
        let whole = try #require(prompt.images.first)
        prompt.images = [PreparedImage(whole.pixels[0])]
        let model = try family.model()
        let error = #expect(throws: InferenceError.self) {
            try DecodingSession(model, prompts: [prompt])
        }
        #expect(
            error?.message.contains(
                "expected 3 x 17 x 17 and 3 x 14 x 14 values, found 3 x 17 x 17")
                == true)
        prompt.images = [PreparedImage(PixelBlocks(whole.pixels[1], [whole.pixels[0]]))]
        #expect(throws: InferenceError.self) { try DecodingSession(model, prompts: [prompt]) }
        prompt.images = [whole]
        _ = try DecodingSession(model, prompts: [prompt])
    }

    @Test(arguments: [FamilyCase.clipLlama, .siglipPhi])
    func `buffers that older files hold are passed over in every dialect`(
        _ family: FamilyCase
    ) throws {
        let buffers = [
            "model.vision_tower.vision_model.embeddings.position_ids",
            "model.layers.1.self_attn.rotary_emb.inv_freq",
        ]
        for layout in CheckpointLayout.allCases {
            let config = try MiphaConfig(folder: family.folder)
            for map in try config.dialects(layout) {
                let kept = try #require(
                    map.external("model.layers.1.self_attn.q_proj.weight"))
                let tower = try #require(
                    map.external(
                        "model.vision_tower.vision_model.embeddings.patch_embedding.weight"))
                let stored = [
                    tower.replacing("patch_embedding.weight", with: "position_ids"),
                    kept.replacing("q_proj.weight", with: "rotary_emb.inv_freq"),
                ]
                for name in stored { #expect(map.canonical(name) == .dropped, "\(name)") }
            }
        }
        #expect(try family.model().store.names.allSatisfy { !buffers.contains($0) })
        let second = "model.vision_tower_2.vision_model.embeddings.position_ids"
        #expect(try CheckpointLayout.mipha.dialects()[0].canonical(second) == .dropped)
    }
}
