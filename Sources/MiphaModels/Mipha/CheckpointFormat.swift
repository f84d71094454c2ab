public import MiphaCheckpoints
import MiphaFiles

/// The config fields and tensor names of a layout: one conforming type for each layout.
protocol CheckpointFormat {
    /// Values of `model_type` that identify the layout.
    static var modelTypes: [String] { get }

    /// Reads a config whose `model_type` is one of ``modelTypes``.
    static func read(_ reader: ConfigReader) throws(CheckpointError) -> MiphaConfig

    /// The config file.
    ///
    /// - Parameters:
    ///   - kept: fields of the file that was read, which survive.
    ///   - dtype: transformers' name of the stored element type.
    static func json(_ config: MiphaConfig, _ kept: JSONObject, dtype: String) -> JSONObject

    /// The treatment of the fields of a config with these families.
    static func fields(
        _ towers: [any TowerFamily.Type], _ language: any LanguageConfiguration.Type
    ) -> FileFields

    /// The dialects that tensors of a folder of this layout may be named in, most usual first.
    static func dialects() throws(CheckpointError) -> [KeyMap]
}

extension CheckpointLayout {
    /// The layout's config and names.
    var format: any CheckpointFormat.Type {
        switch self {
        case .mipha: OfficialFormat.self
        case .llava: LLaVAFormat.self
        }
    }

    /// The dialects a folder of this layout may be written in, most usual first.
    ///
    /// Canonical names are those of the official Mipha checkpoints. The rules know the modules of
    /// all families; which of them a model needs its layers say.
    public func dialects() throws(CheckpointError) -> [KeyMap] { try format.dialects() }

    /// The dialect whose rules know most of a checkpoint's names.
    public func dialect(of checkpoint: Checkpoint) throws(CheckpointError) -> KeyMap {
        let names = checkpoint.names
        let candidates = try dialects()
        let known = candidates.map { map in
            names.count { map.canonical($0) != .unknown }
        }
        let best = known.indices.max { known[$0] < known[$1] } ?? 0
        return candidates[best]
    }
}

/// The roots of a model's parts in canonical names.
enum CanonicalRoot {
    /// The tower's modules.
    static let tower = towers[0]
    /// The same of each tower that a model may have.
    static let towers = TowerRoot.names.map { "model.\($0).vision_model" }
    /// The language model's modules.
    static let language = "model"

    /// Names of modules that a tower of some family has, each once.
    static var towerModules: [String] { TowerCatalogue.all.flatMap { $0.family.modules }.unique }
    /// Names of modules that a language model of some family has, each once.
    static var languageModules: [String] {
        LanguageCatalogue.all.flatMap { $0.family.modules }.unique
    }
    /// Patterns, below the tower's root, of what is stored but is not a parameter of any family.
    static var droppedOfTowers: [String] { TowerCatalogue.all.flatMap { $0.family.dropped }.unique }
    /// The same below the language model's root.
    static var droppedOfLanguages: [String] {
        LanguageCatalogue.all.flatMap { $0.family.dropped }.unique
    }
}

extension [String] {
    /// Each element once, in order.
    fileprivate var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
