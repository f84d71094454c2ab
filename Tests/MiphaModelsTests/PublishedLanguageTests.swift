import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Published language models by their configs, without weights.
@Suite struct PublishedLanguageTests {
    private static func config(
        _ model: PublishedLanguageModel
    ) throws -> any LanguageConfiguration {
        let reader = try ConfigReader(file: model.name, value: model.config)
        let type = try reader.string("model_type")
        let family = try #require(LanguageCatalogue.all.first { $0.family.modelType == type })
        // The class of the official layout has Phi's biased head.
        return try family.init(reader, in: .mipha)
    }

    private static func config(named name: String) throws -> any LanguageConfiguration {
        try config(#require(PublishedLanguageModel.all.first { $0.name == name }))
    }

    private static func decoder(_ name: String) throws -> GatedDecoder {
        try #require(config(named: name) as? any GatedDecoderConfiguration).decoder
    }

    @Test(arguments: PublishedLanguageModel.all.indices)
    func `a published config has the parameters of its checkpoint`(_ index: Int) throws {
        let model = PublishedLanguageModel.all[index]
        let config = try Self.config(model)
        let store = ParameterStore(source: DryRunSource())
        let language = try config.model(store.scope(.language))
        try store.finish()
        #expect(store.elementCount == model.count, "\(model.name)")
        #expect(store.parameters.count == model.keys, "\(model.name)")
        #expect(language.shape.width == config.hiddenSize)
        #expect(language.shape.keyValueHeads == config.keyValueHeadCount)
        #expect(language.shape.vocabulary == config.vocabularySize)
    }

    @Test(arguments: PublishedLanguageModel.all.indices)
    func `no field of a published config is unknown or refused, and it comes back`(
        _ index: Int
    ) throws {
        let model = PublishedLanguageModel.all[index]
        let config = try Self.config(model)
        let findings = MiphaConfig.fields(.llava, language: type(of: config))
            .examine(["text_config": model.config], file: model.name)
        #expect(findings == FileFields.Findings(), "\(model.name)")
        let again = try type(of: config).init(
            ConfigReader(file: "f", value: .object(config.json)), in: .mipha)
        #expect(again.isEqual(config), "\(model.name)")
    }

    @Test func `what distinguishes the families is read`() throws {
        let mistral = try Self.decoder("Mistral-7B v0.1")
        #expect(mistral.window == AttentionWindow(width: 4096))
        #expect(try Self.decoder("Mistral-7B v0.2").window == nil)
        #expect(try Self.decoder("Qwen2.5-0.5B").window == nil)
        #expect(try Self.decoder("Qwen2.5-0.5B").biases == .projections)
        let stable = try Self.decoder("StableLM-2-1.6B")
        #expect(stable.norm == .layerNorm && stable.biases == .projections)
        #expect(try Self.config(named: "StableLM-2-1.6B").rotaryWidth == 16)
        let phi = try Self.decoder("Phi-3-mini-4k")
        #expect(phi.isFused && phi.window == AttentionWindow(width: 2047))
        let gemma = try Self.decoder("Gemma-2B")
        #expect(gemma.activation == .gelu && gemma.norm == .rmsAddingOne && gemma.scalesFeatures)
        #expect(gemma.tiesHead && abs((gemma.embeddingScale ?? 0) - 45.254834) < 1e-6)
        let second = try Self.decoder("Gemma-2-2B")
        #expect(second.activation == .geluTanh && second.normalizesBranches)
        #expect(second.scoreCap == 50 && second.logitCap == 30 && second.scoreDivisor == 256)
        #expect(second.window == AttentionWindow(width: 4096, layers: .even))
    }

    /// LLaVA-1.5 as transformers' layout states it, with the rows of the original or of Hugging Face's
    /// files.
    private static func llava(_ name: String, rows: Int) throws -> MiphaConfig {
        let model = try #require(PublishedLanguageModel.all.first { $0.name == name })
        var text = try #require(model.config.objectValue)
        text["vocab_size"] = .integer(rows)
        let value: JSONValue = [
            "model_type": "llava", "image_token_index": 32000, "projector_hidden_act": "gelu",
            "text_config": .object(text), "vision_feature_layer": -2,
            "vision_feature_select_strategy": "default",
            "vision_config": [
                "model_type": "clip_vision_model", "hidden_size": 1024, "image_size": 336,
                "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24,
                "patch_size": 14, "projection_dim": 768, "vocab_size": 32000,
            ],
        ]
        return try MiphaConfig(ConfigReader(file: "f", value: value))
    }

    @Test(arguments: [
        ("Llama-2-7B", 32000, 7_062_902_784, 291), ("Llama-2-7B", 32064, 7_063_427_072, 291),
        ("Vicuna-13B-v1.5", 32000, 13_350_839_296, 363),
        ("Vicuna-13B-v1.5", 32064, 13_351_494_656, 363),
    ])
    func `LLaVA-1.5 has the parameters of its checkpoints`(
        _ name: String, _ rows: Int, _ count: Int, _ keys: Int
    ) throws {
        let store = try MiphaModel(Self.llava(name, rows: rows), source: DryRunSource()).store
        #expect(store.elementCount == count)
        #expect(store.parameters.count == keys + 391 + 4)
    }
}
