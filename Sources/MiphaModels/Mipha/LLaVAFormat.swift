import MiphaCheckpoints
import MiphaFiles

/// The layout of transformers' `LlavaForConditionalGeneration`.
enum LLaVAFormat: CheckpointFormat {
    static let modelTypes = ["llava"]

    private static let strategyKey = "vision_feature_select_strategy"

    static func read(_ reader: ConfigReader) throws(CheckpointError) -> MiphaConfig {
        let tower = try reader.object("vision_config")
        let text = try reader.object("text_config")
        let visionFamily = try family(tower, TowerCatalogue.all) { $0.family }
        let languageFamily = try family(text, LanguageCatalogue.all) { $0.family }
        // An absent key is transformers' default, which drops the first token.
        let strategy = try reader.string(strategyKey, default: "default")
        if !visionFamily.hasClassToken, strategy != "full" {
            throw reader.failure(
                strategyKey,
                expected: "full, as \(visionFamily.family.title) has no class token")
        }
        guard ["full", "default"].contains(strategy) else {
            throw reader.failure(strategyKey, expected: "full or default")
        }
        guard try reader.string("projector_hidden_act", default: "gelu") == "gelu" else {
            throw reader.failure("projector_hidden_act", expected: "gelu")
        }
        guard try reader.bool("multimodal_projector_bias", default: true) else {
            throw reader.failure("multimodal_projector_bias", expected: "true")
        }
        let selection = FeatureSelection(
            reader, key: "vision_feature_layer", tokens: strategy == "full" ? .all : .patch)
        let vision = try visionFamily.init(tower, selection: selection)
        let language = try languageFamily.init(text, in: .llava)
        return MiphaConfig(
            vision: vision,
            projector: ProjectorConfig(
                inputSize: vision.grid.width, outputSize: language.hiddenSize),
            language: language, layout: .llava,
            imageTokenID: try reader.optionalInt(
                reader.spelling("image_token_index", "image_token_id")),
            source: reader.object,
            // Keys of Mipha's and LLaVA's own configs, which transformers' has not.
            imageAspectRatio: try reader.optionalString("image_aspect_ratio"),
            maximumLength: try MiphaConfig.maximumLength(reader))
    }

    /// The family whose `model_type` the config of a part has.
    private static func family<Family>(
        _ reader: ConfigReader, _ all: [Family], _ names: (Family) -> PartFamily
    ) throws(CheckpointError) -> Family {
        let type = try reader.string("model_type")
        guard let found = all.first(where: { names($0).modelType == type }) else {
            throw reader.failure(
                "model_type", expected: all.map { names($0).modelType }.joined(separator: " or "))
        }
        return found
    }

    static func json(_ config: MiphaConfig, _ kept: JSONObject, dtype: String) -> JSONObject {
        precondition(
            config.vision.towers.count == 1,
            "MiphaConfig.requirePlace(in:for:) refuses a model of two towers before")
        let (vision, language) = (config.vision.towers[0], config.language)
        let kept = typed(kept, dtype)
        let oldText = typed(kept["text_config"]?.objectValue ?? JSONObject(), dtype)
        let oldTower = typed(kept["vision_config"]?.objectValue ?? JSONObject(), dtype)
        let text = oldText.merging(language.json).merging([
            "model_type": .string(type(of: language).family.modelType),
            "rope_parameters": .object(language.rotaryParameters),
        ])
        let tower = oldTower.merging(vision.json)
            .merging(["model_type": .string(type(of: vision).family.modelType)])
        let ratio: JSONObject =
            config.imageAspectRatio.map { ["image_aspect_ratio": .string($0)] } ?? [:]
        let dropsClassToken = type(of: vision).hasClassToken && vision.selectedTokens == .patch
        return kept.merging(ratio).merging([
            "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava",
            "tokenizer_model_max_length": .integer(config.maximumLength),
            "image_seq_length": .integer(config.tokensPerImage),
            "image_token_index": .integer(config.imageTokenID ?? language.vocabularySize - 1),
            "multimodal_projector_bias": true, "projector_hidden_act": "gelu",
            "tie_word_embeddings": language.json["tie_word_embeddings"] ?? false,
            "torch_dtype": .string(dtype),
            "text_config": .object(text), "vision_config": .object(tower),
            "vision_feature_layer": .integer(vision.selectedLayer),
            strategyKey: dropsClassToken ? "default" : "full",
        ])
    }

    /// An object in which the element type, where it is stated, is that of the tensors; version 5 of
    /// transformers has another key for it.
    private static func typed(_ object: JSONObject, _ dtype: String) -> JSONObject {
        var typed = object
        for key in ["dtype", "torch_dtype"] where typed[key] != nil {
            typed[key] = .string(dtype)
        }
        return typed
    }

    static func dialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap] {
        try dialects(towers, isRenamed: false)
    }

    static func renamedDialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap] {
        try dialects(towers, isRenamed: true)
    }

    private static func dialects(
        _ towers: [PartFamily], isRenamed: Bool
    ) throws(CheckpointError) -> [KeyMap] {
        let modules = towers.modules(isRenamed: isRenamed)
        return [
            try map(
                "transformers 4", towers, modules, language: "language_model.model",
                tower: "vision_tower".path(towers.first?.root),
                projector: "multi_modal_projector", head: "language_model.lm_head"),
            try map(
                "transformers 5", towers, modules, language: "language_model.model",
                tower: "vision_tower", projector: "multi_modal_projector",
                head: "language_model.lm_head"),
            try map(
                "transformers 5 modules", towers, modules, language: "model.language_model",
                tower: "model.vision_tower", projector: "model.multi_modal_projector",
                head: "lm_head"),
        ]
    }

    /// - Parameter modules: those of the towers, as they are called and as they are canonically.
    private static func map(
        _ name: String, _ towers: [PartFamily], _ modules: [(name: String, canonical: String)],
        language: String, tower: String, projector: String, head: String
    ) throws(CheckpointError) -> KeyMap {
        func renames(_ modules: [String], _ root: String, to canonical: String) -> [KeyRule] {
            modules.map { .rename("\(root).\($0).{*}", to: "\(canonical).\($0).{*}") }
        }
        let dropped =
            CanonicalRoot.droppedOfLanguages.map { KeyRule.drop("\(language).\($0)") }
            + towers.flatMap(\.dropped).unique.map { KeyRule.drop("\(tower).\($0)") }
        return try KeyMap(
            dialect: "LLaVA of \(name)",
            rules: dropped
                + renames(CanonicalRoot.languageModules, language, to: CanonicalRoot.language)
                + modules.map { module in
                    let root = CanonicalRoot.tower.path(towers.first?.officialRoot)
                    return .rename(
                        "\(tower).\(module.name).{*}", to: "\(root).\(module.canonical).{*}")
                }
                + [
                    .rename("\(head).{*}", to: "lm_head.{*}"),
                    .rename("\(projector).linear_1.{*}", to: "model.mm_projector.0.{*}"),
                    .rename("\(projector).linear_2.{*}", to: "model.mm_projector.2.{*}"),
                ])
    }

    static func fields(
        _ towers: [any TowerFamily.Type], _ language: any LanguageConfiguration.Type
    ) -> FileFields {
        FileFields(
            "config.json, hf-llava layout",
            [
                .init("model_type image_token_index image_token_id", .used),
                .init(
                    "image_aspect_ratio", .used,
                    "not of transformers: pad or square where the image preprocessing cannot say"),
                .init(
                    "tokenizer_model_max_length", .used,
                    "not of transformers; from 1000000000 there is no limit"),
                .init("vision_feature_layer", .used, "one number"),
                .init(
                    strategyKey, .used,
                    "full, or default (absent too), which drops the first token and is refused "
                        + "for a tower without a class token"),
                .init("projector_hidden_act", .used, "must be gelu"),
                .init("multimodal_projector_bias", .used, "must be true"),
                .init(
                    "text_config",
                    .object(
                        FileFields(
                            "text_config",
                            language.fields.fields + LibraryFields.generation + LibraryFields.all))
                ),
                .init(
                    "vision_config",
                    .object(
                        FileFields("vision_config", towers[0].fields.fields + LibraryFields.ofParts)
                    )),
                .init(
                    "tie_word_embeddings", .harmless,
                    "that of text_config says whether the head is the table of embeddings"),
                .init("image_seq_length vocab_size ignore_index", .harmless, "follow from others"),
            ] + LibraryFields.generation + LibraryFields.all)
    }
}
