import MiphaCheckpoints
import MiphaFiles

/// The official Mipha layout.
enum OfficialFormat: CheckpointFormat {
    static var modelTypes: [String] { LanguageCatalogue.all.flatMap { $0.officialTypes } }

    private static let featureKey = "mm_vision_select_feature"

    static func read(_ reader: ConfigReader) throws(CheckpointError) -> MiphaConfig {
        let type = try reader.string("model_type")
        guard
            let language = LanguageCatalogue.all.first(where: { $0.officialTypes.contains(type) })
        else { throw reader.failure("model_type", expected: "a model of Mipha") }
        let parts = try reader.object("vision_config")
        let config = MiphaConfig(
            vision: try vision(parts),
            projector: try ProjectorConfig(parts.object("mm_projector")),
            language: try language.init(reader, in: .mipha),
            layout: .mipha, imageTokenID: nil, source: reader.object,
            imageAspectRatio: try reader.optionalString("image_aspect_ratio"),
            maximumLength: try MiphaConfig.maximumLength(reader))
        try requireMatchingWidths(config, parts.object("mm_projector"))
        return config
    }

    /// The tower, or two side by side.
    private static func vision(
        _ parts: ConfigReader
    ) throws(CheckpointError) -> any TowerConfiguration {
        let keys = TowerRoot.names
        let first = try tower(parts.object(keys[0]))
        guard parts.has(keys[1]) else { return first }
        let second = try tower(parts.object(keys[1]))
        return try TowerPair(
            first, second, place: "\(parts.file): \(parts.path(of: keys[1]))")
    }

    private static func tower(
        _ reader: ConfigReader
    ) throws(CheckpointError) -> any TowerFamily {
        let selection = FeatureSelection(
            reader, key: "mm_vision_select_layer",
            tokens: try reader.enumValue(featureKey, default: .patch))
        return try towerFamily(reader).init(reader, selection: selection)
    }

    /// The tower's family: of its `model_type`, or else the one that its name contains, or the path to
    /// it, as in the reference; without a name the first, which all released models have.
    private static func towerFamily(
        _ tower: ConfigReader
    ) throws(CheckpointError) -> any TowerFamily.Type {
        let own = "mipha_vision_model"
        let type = try tower.string("model_type", default: own)
        let known = [own] + TowerCatalogue.all.flatMap { $0.family.types }
        guard known.contains(type) else {
            throw tower.failure("model_type", expected: known.joined(separator: ", "))
        }
        let first = TowerCatalogue.all[0].family.id
        let path = try tower.string("vision_model_name_or_path", default: first).lowercased()
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let found =
            TowerCatalogue.all.first { $0.family.types.contains(type) }
            ?? TowerCatalogue.all.first { $0.family.names.contains(where: name.contains) }
            ?? TowerCatalogue.all.first { $0.family.names.contains(where: path.contains) }
        guard let found else {
            throw tower.failure(
                "vision_model_name_or_path", expected: "a tower of \(TowerCatalogue.titles)")
        }
        return found
    }

    private static func requireMatchingWidths(
        _ config: MiphaConfig, _ reader: ConfigReader
    ) throws(CheckpointError) {
        let (tower, language) = (config.vision.grid.width, config.language.hiddenSize)
        let projector = config.projector
        guard projector.inputSize == tower else {
            throw reader.failure(
                "mm_hidden_size", expected: "\(tower), the tower's hidden_size")
        }
        guard projector.outputSize == language else {
            throw reader.failure(
                "hidden_size", expected: "\(language), the language model's hidden_size")
        }
        if let problem = projector.problem(with: config.vision.grid) {
            throw reader.failure(
                "mm_projector_type", expected: "a projector for the tower's features: \(problem)")
        }
        guard projector.kind != .identity || projector.inputSize == projector.outputSize else {
            throw reader.failure(
                "mm_projector_type", expected: "a map, because the widths differ")
        }
    }

    static func json(_ config: MiphaConfig, _ kept: JSONObject, dtype: String) -> JSONObject {
        let language = config.language
        var oldParts = kept["vision_config"]?.objectValue ?? JSONObject()
        for name in TowerRoot.names.dropFirst(config.vision.towers.count) { oldParts[name] = nil }
        let towers = zip(TowerRoot.names, config.vision.towers).map { name, tower in
            JSONObject.Member(
                key: name, value: .object(json(tower, oldParts[name]?.objectValue ?? JSONObject())))
        }
        let oldProjector = oldParts["mm_projector"]?.objectValue ?? JSONObject()
        let parts = oldParts.merging(JSONObject(towers)).merging([
            "mm_projector": .object(oldProjector.merging(config.projector.json))
        ])
        let defaults: JSONObject = [
            "mm_use_im_start_end": false, "mm_use_im_patch_token": false,
            "tokenizer_padding_side": "right",
        ]
        let type = type(of: language)
        return defaults.merging(type.tokenDefaults).merging(kept).merging(language.json).merging([
            "architectures": [.string(language.architecture)],
            "model_type": .string(type.officialTypes[0]),
            "image_aspect_ratio": .string(config.imageAspectRatio ?? "square"),
            "tokenizer_model_max_length": .integer(config.maximumLength),
            "torch_dtype": .string(dtype), "vision_config": .object(parts),
        ])
    }

    /// The object of a tower; keys that its family does not know survive.
    private static func json(_ tower: any TowerFamily, _ kept: JSONObject) -> JSONObject {
        let family = type(of: tower)
        let fresh: JSONObject = [
            "mm_vision_select_layer": .integer(tower.selectedLayer),
            featureKey: "patch", "model_type": "mipha_vision_model",
            "vision_model_name_or_path": .string(family.family.id),
        ]
        var object = fresh.merging(kept).merging(tower.json)
        object["mm_vision_select_layer"] = .integer(tower.selectedLayer)
        if family.hasClassToken { object[featureKey] = .string(tower.selectedTokens.rawValue) }
        return object
    }

    static func dialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap] {
        [
            try KeyMap(
                dialect: "official Mipha",
                rules: [.keep("model.{*}"), .keep("lm_head.{*}")] + drops(towers))
        ]
    }

    static func renamedDialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap] {
        let root = CanonicalRoot.language
        let kept =
            (CanonicalRoot.languageModules + ["mm_projector"]).map { "\(root).\($0).{*}" }
            + ["lm_head.{*}"]
        let places = CanonicalRoot.towers.flatMap { place in
            towers.flatMap { family in
                [family].modules(isRenamed: true).map { module in
                    let root = place.path(family.officialRoot)
                    return ("\(root).\(module.name).{*}", "\(root).\(module.canonical).{*}")
                }
            }
        }
        let names = Dictionary(places) { first, _ in first }
        return [
            try KeyMap(
                dialect: "official Mipha in new names",
                rules: kept.map { .keep($0) }
                    + names.sorted { $0.key < $1.key }.map { .rename($0.key, to: $0.value) }
                    + drops(towers))
        ]
    }

    private static func drops(_ towers: [PartFamily]) -> [KeyRule] {
        let dropped = CanonicalRoot.towers.flatMap { place in
            towers.flatMap { family in
                family.dropped.map { "\(place.path(family.officialRoot)).\($0)" }
            }
        }
        return CanonicalRoot.droppedOfLanguages.map { .drop("\(CanonicalRoot.language).\($0)") }
            + dropped.unique.map { .drop($0) }
    }

    static func fields(
        _ towers: [any TowerFamily.Type], _ language: any LanguageConfiguration.Type
    ) -> FileFields {
        FileFields(
            "config.json, official layout",
            [
                .init("model_type architectures", .used),
                .init(
                    "image_aspect_ratio", .used,
                    "pad or square; absent: what the image preprocessing says"),
                .init(
                    "tokenizer_model_max_length", .used,
                    "longest text of a training sample; from 1000000000 there is no limit"),
                .init("vision_config", .object(parts(towers))),
                .init(
                    "mm_use_im_start_end", .only([false]),
                    "tokens around images are not written into prompts"),
                .init("mm_patch_merge_type", .only(["flat"]), "images are never cut into tiles"),
                .init("use_s2", .only([false]), "images are seen at one scale"),
                .init("image_grid_pinpoints", .only([]), "images are never cut into tiles"),
                .init(
                    "mm_use_im_patch_token tokenizer_padding_side tune_mm_mlp_adapter "
                        + "tune_mm_vision_resampler freeze_vision_tower freeze_backbone "
                        + "freeze_mm_mlp_adapter unfreeze_mm_vision_tower non_lora_lr "
                        + "mm_projector_lr mm_vision_tower_lr use_mm_proj",
                    .harmless, "settings of the run that trained the model"),
            ] + language.fields.fields + LibraryFields.generation + LibraryFields.all)
    }

    private static func parts(_ towers: [any TowerFamily.Type]) -> FileFields {
        var fields = zip(TowerRoot.names, towers).map { name, tower in
            FileFields.Field(name, .object(self.fields(of: tower, name)))
        }
        if towers.count < TowerRoot.names.count {
            fields.append(
                .init(
                    TowerRoot.names[1], .used,
                    "a second tower beside the first, in the same fields; no official model has one"
                ))
        }
        return FileFields(
            "vision_config",
            fields + [
                .init(
                    "mm_projector",
                    .object(
                        FileFields(
                            "mm_projector",
                            [.init("mm_projector_type mm_hidden_size hidden_size", .used)]
                                + LibraryFields.ofParts)))
            ])
    }

    private static func fields(of tower: any TowerFamily.Type, _ name: String) -> FileFields {
        FileFields(
            name,
            [
                .init(
                    "vision_model_name_or_path", .used, "must name \(TowerCatalogue.titles)"),
                .init("mm_vision_select_layer", .used),
                .init(
                    featureKey, .only(["patch", "cls_patch", "patch_only"]),
                    "the same without a class token; patch keeps registers, patch_only does not"),
            ] + tower.fields.fields + LibraryFields.ofParts)
    }
}
