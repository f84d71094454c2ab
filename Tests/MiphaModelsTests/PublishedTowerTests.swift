import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Published vision towers, from what their configs say beside the defaults of their classes, without any
/// weights.
@Suite struct PublishedTowerTests {
    /// A published tower with its numbers.
    struct Published: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let config: JSONValue
        let side, tokens, parameters, keys: Int

        init(
            _ name: String, _ config: JSONValue, side: Int, tokens: Int, parameters: Int,
            keys: Int
        ) {
            testDescription = name
            self.config = config
            (self.side, self.tokens) = (side, tokens)
            (self.parameters, self.keys) = (parameters, keys)
        }

        static let all = clip + siglip + siglip2 + dinov2

        private static func encoder(
            _ hidden: Int, _ inner: Int, _ blocks: Int, _ heads: Int
        ) -> JSONObject {
            [
                "hidden_size": .integer(hidden), "intermediate_size": .integer(inner),
                "num_hidden_layers": .integer(blocks), "num_attention_heads": .integer(heads),
            ]
        }

        private static let clip: [Published] = [
            ("base-patch32", ["model_type": "clip_vision_model"], 224, 49, 87_456_000, 199),
            (
                "base-patch16", ["model_type": "clip_vision_model", "patch_size": 16], 224, 196,
                85_799_424, 199
            ),
            (
                "large-patch14",
                encoder(1024, 4096, 24, 16).merging([
                    "model_type": "clip_vision_model", "patch_size": 14,
                ]), 224, 256, 303_179_776, 391
            ),
            (
                "large-patch14-336",
                encoder(1024, 4096, 24, 16).merging([
                    "model_type": "clip_vision_model", "patch_size": 14, "image_size": 336,
                ]), 336, 576, 303_507_456, 391
            ),
        ].map { (name: String, own: JSONObject, side: Int, tokens: Int, count: Int, keys: Int) in
            // Of the two-tower model, with its text part.
            Published(
                "clip-vit-\(name)",
                [
                    "model_type": "clip", "text_config": ["hidden_size": 1],
                    "vision_config": .object(own),
                ],
                side: side, tokens: tokens, parameters: count, keys: keys)
        }

        private static func siglip(
            _ name: String, _ shape: JSONObject, _ side: Int, _ patch: Int, _ parameters: Int,
            _ keys: Int
        ) -> Published {
            let own = shape.merging([
                "model_type": "siglip_vision_model", "image_size": .integer(side),
                "patch_size": .integer(patch),
            ])
            return Published(
                name,
                [
                    "model_type": "siglip", "vision_config": .object(own),
                    "text_config": ["vocab_size": 256000],
                ], side: side, tokens: side / patch * (side / patch), parameters: parameters,
                keys: keys)
        }

        private static let large = encoder(1024, 4096, 24, 16)
        private static let so400m = encoder(1152, 4304, 27, 16)

        private static let siglip: [Published] = [
            siglip("siglip-base-patch16-224", [:], 224, 16, 92_884_224, 208),
            siglip("siglip-base-patch16-256", [:], 256, 16, 92_930_304, 208),
            siglip("siglip-base-patch16-384", [:], 384, 16, 93_176_064, 208),
            siglip("siglip-base-patch16-512", [:], 512, 16, 93_520_128, 208),
            siglip("siglip-large-patch16-256", large, 256, 16, 315_956_224, 400),
            siglip("siglip-large-patch16-384", large, 384, 16, 316_283_904, 400),
            siglip("siglip-so400m-patch14-224", so400m, 224, 14, 427_680_704, 448),
            siglip("siglip-so400m-patch14-384", so400m, 384, 14, 428_225_600, 448),
        ]

        private static let siglip2: [Published] = [
            siglip("siglip2-base-patch32-256", [:], 256, 32, 94_552_320, 208),
            siglip("siglip2-large-patch16-512", large, 512, 16, 316_742_656, 400),
            siglip("siglip2-so400m-patch16-256", so400m, 256, 16, 427_888_064, 448),
            siglip("siglip2-so400m-patch16-384", so400m, 384, 16, 428_256_704, 448),
            siglip("siglip2-so400m-patch16-512", so400m, 512, 16, 428_772_800, 448),
            siglip(
                "siglip2-giant-opt-patch16-256", encoder(1536, 6144, 40, 16), 256, 16,
                1_163_168_256, 656),
        ]

        private static let dinov2: [Published] = [
            ("small", 384, 12, 6, 22_056_576, 223), ("base", 768, 12, 12, 86_580_480, 223),
            ("large", 1024, 24, 16, 304_368_640, 439),
        ].flatMap {
            (name: String, hidden: Int, blocks: Int, heads: Int, count: Int, keys: Int) in
            let shape: JSONObject = [
                "hidden_size": .integer(hidden), "num_hidden_layers": .integer(blocks),
                "num_attention_heads": .integer(heads), "image_size": 518, "patch_size": 14,
                "mm_vision_image_size": 224,
            ]
            return [
                Published(
                    "dinov2-\(name)", .object(shape.merging(["model_type": "dinov2"])), side: 224,
                    tokens: 256, parameters: count, keys: keys),
                Published(
                    "dinov2-with-registers-\(name)",
                    .object(shape.merging(["model_type": "dinov2_with_registers"])), side: 224,
                    tokens: 256, parameters: count + 4 * hidden, keys: keys + 1),
            ]
        }
    }

    private static func read(
        _ config: JSONValue, _ tokens: FeatureTokens = .patchOnly
    ) throws(CheckpointError) -> any TowerFamily {
        try TowerCatalogue.read(ConfigReader(file: "config.json", value: config), tokens: tokens)
    }

    @Test(arguments: Published.all)
    func `a published tower has its tokens, tensors and parameters`(_ item: Published) throws {
        let tower = try Self.read(item.config)
        #expect(tower.input.width == item.side && tower.grid.count == item.tokens)
        let store = ParameterStore(source: DryRunSource())
        _ = try tower.tower(store.scope(.tower))
        #expect(store.elementCount == item.parameters)
        #expect(store.names.count == item.keys)
    }

    @Test func `registers are features unless only patches are`() throws {
        let config = try #require(
            Published.all.first { $0.testDescription == "dinov2-with-registers-small" }?.config)
        #expect(try Self.read(config, .patch).grid.count == 260)
        #expect(try Self.read(config, .patch).grid.leading == 4)
        #expect(try Self.read(config, .all).grid.count == 261)
        #expect(try Self.read(config, .patchOnly).grid.leading == 0)
        // Without registers both readings are one.
        let plain = try Self.read(["model_type": "dinov2"], .patchOnly)
        #expect(plain.selectedTokens == .patch && plain.grid.count == 256)
    }

    @Test func `other architectures are refused by their model_type, and a gated MLP by its key`()
        throws
    {
        for type in ["siglip2", "siglip2_vision_model", "dinov3_vit", "vit"] {
            let error = #expect(throws: CheckpointError.self) {
                try Self.read([
                    "model_type": .string(type),
                    "vision_config": ["model_type": "siglip2_vision_model"],
                ])
            }
            #expect(error?.message.hasPrefix("config.json: model_type: expected") == true)
            #expect(error?.message.hasSuffix("\"\(type)\"") == true, "\(error?.message ?? "")")
        }
        let error = #expect(throws: CheckpointError.self) {
            try Self.read(["model_type": "dinov2", "use_swiglu_ffn": true])
        }
        #expect(error?.message.hasPrefix("config.json: use_swiglu_ffn: expected false") == true)
    }

    @Test(
        arguments: [
            ("mlp_ratio", 0), ("mlp_ratio", 1e9), ("num_register_tokens", -1),
            ("mm_vision_image_size", 13), ("mm_vision_image_size", 1_000_000),
            ("mm_vision_position_scale", "both"), ("hidden_act", "relu"), ("patch_size", 600),
            ("num_attention_heads", 5), ("layer_norm_eps", 0), ("hidden_size", .integer(.max)),
        ] as [(String, JSONValue)])
    func `a wrong value of DINOv2 is refused by its key`(
        _ key: String, _ value: JSONValue
    ) throws {
        let config: JSONObject = ["model_type": "dinov2_with_registers", "patch_size": 14]
        let error = #expect(throws: CheckpointError.self) {
            try Self.read(.object(config.merging([key: value])))
        }
        #expect(error?.message.hasPrefix("config.json: \(key): expected") == true)
    }

    @Test func `an official config of another architecture is refused by its model_type`() throws {
        let text = MiphaConfig.mipha3B.json(.mipha, dtype: "float32")
        var top = try #require(text.objectValue)
        var parts = try #require(top["vision_config"]?.objectValue)
        var tower = try #require(parts["vision_tower"]?.objectValue)
        tower["model_type"] = "siglip2_vision_model"
        tower["vision_model_name_or_path"] = "google/siglip2-so400m-patch16-naflex"
        parts["vision_tower"] = .object(tower)
        top["vision_config"] = .object(parts)
        let error = #expect(throws: CheckpointError.self) {
            try MiphaConfig(ConfigReader(file: "f", value: .object(top)))
        }
        #expect(error?.message.contains("vision_config.vision_tower.model_type") == true)
    }
}
