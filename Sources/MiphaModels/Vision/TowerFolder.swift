public import MiphaCheckpoints
public import MiphaNN
public import MiphaTorch

/// The folder of a published vision tower, alone or as one of the two towers of a model: what a new model
/// is put together from.
public struct TowerFolder: Sendable {
    /// The path.
    public let path: String
    /// The tower as the folder's config has it.
    public let tower: any TowerFamily

    /// Reads `config.json`.
    ///
    /// - Parameter tokens: which of the tower's tokens are to be features.
    /// - Throws: `CheckpointError` for a config that is not of a family of the catalogue, as those of
    ///   SigLIP 2 for any aspect ratio (`siglip2`).
    public init(_ path: String, tokens: FeatureTokens = .patch) throws(CheckpointError) {
        self.path = path
        tower = try TowerCatalogue.read(
            ConfigReader(contentsOf: "\(path)/config.json"), tokens: tokens)
    }

    /// The parameters of a model's vision tower in the folder's files; the source has no others.
    ///
    /// - Parameters:
    ///   - number: the place of the tower in the model, 0 for the first or only one.
    ///   - built: the tower of the model, this one or this one at another image size, whose table of
    ///     positions is interpolated as it is read.
    /// - Throws: `CheckpointError` when the files cannot be read.
    public func source(
        of number: Int = 0, for built: any TowerFamily, dtype: DType? = nil, device: Device,
        use: CheckpointSource.Use = .inference
    ) throws(CheckpointError) -> any ParameterSource {
        let checkpoint = try Checkpoint(folder: path)
        let names = checkpoint.names
        let maps = try Self.dialects(of: tower, at: number)
        let known = maps.map { map in
            names.count { if case .name = map.canonical($0) { true } else { false } }
        }
        let best = known.indices.max { known[$0] < known[$1] } ?? 0
        let source = CheckpointSource(
            checkpoint, keys: maps[best], dtype: dtype, device: device, use: use)
        let resizing = PositionResizing(from: tower, to: built, at: number)
        return resizing.isEmpty ? source : ResizedSource(base: source, resizing: resizing)
    }

    /// The names that a tower's tensors have in a folder of its own.
    ///
    /// They are those of transformers 4 and 5, with old and new names of modules. What belongs to a text
    /// tower beside it is dropped.
    private static func dialects(
        of tower: any TowerFamily, at number: Int
    ) throws(CheckpointError) -> [KeyMap] {
        let family = type(of: tower).family
        let place = TowerRoot.path(number, of: tower)
        let others = [
            "text_model.{*}", "visual_projection.{*}", "text_projection.{*}", "logit_scale",
            "logit_bias",
        ]
        var maps: [KeyMap] = []
        for isRenamed in family.renamed.isEmpty ? [false] : [false, true] {
            for root in family.root == nil ? [nil] : [family.root, nil] {
                func name(_ rest: String) -> String { root.map { "\($0).\(rest)" } ?? rest }
                maps.append(
                    try KeyMap(
                        dialect: "\(family.title) alone",
                        rules: [family].modules(isRenamed: isRenamed).map {
                            .rename(name("\($0.name).{*}"), to: "\(place).\($0.canonical).{*}")
                        } + (family.dropped.map(name) + others).map { .drop($0) }))
            }
        }
        return maps
    }
}

extension TowerCatalogue {
    /// Reads the config of a vision tower, or of a model of which it is one of two towers.
    ///
    /// - Parameter tokens: which of the tower's tokens are to be features.
    /// - Throws: `CheckpointError` naming the `model_type` of another architecture, or a wrong field.
    public static func read(
        _ reader: ConfigReader, tokens: FeatureTokens = .patch
    ) throws(CheckpointError) -> any TowerFamily {
        let type = try reader.string("model_type")
        guard let family = all.first(where: { $0.family.types.contains(type) }) else {
            let known = all.flatMap { $0.family.types }
            throw reader.failure(
                "model_type",
                expected: known.dropLast().joined(separator: ", ") + " or \(known.last ?? "")")
        }
        let own = type == family.family.modelType ? reader : try reader.object("vision_config")
        return try family.init(
            own,
            selection: FeatureSelection(own, key: "mm_vision_select_layer", tokens: tokens))
    }
}
