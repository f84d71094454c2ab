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
    ///
    /// - Parameter towers: the families that towers may be of, all with the same roots where a layout
    ///   has no place for a second tower.
    static func dialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap]

    /// The same with the new names of modules that transformers has renamed; nothing writes them.
    static func renamedDialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap]
}

extension CheckpointLayout {
    /// The layout's config and names.
    var format: any CheckpointFormat.Type {
        switch self {
        case .mipha: OfficialFormat.self
        case .llava: LLaVAFormat.self
        }
    }

    /// The dialects a folder of this layout may be written in, most usual first for each root of
    /// towers.
    ///
    /// Canonical names are those of the official Mipha checkpoints. The rules know the modules of
    /// all families; which of them a model needs its layers say.
    public func dialects() throws(CheckpointError) -> [KeyMap] {
        try dialects(towers: TowerCatalogue.all.map { $0.family })
    }

    /// The dialects for towers of these families, those with the same roots together: one name of a
    /// module may belong to two families only where it has one canonical name.
    package func dialects(towers: [PartFamily]) throws(CheckpointError) -> [KeyMap] {
        try Self.groups(towers).map { group throws(CheckpointError) in
            try format.dialects(towers: group)
        }.flatMap(\.self)
    }

    /// The dialects of ``dialects()``, and after them those in new names of modules, which are read only.
    package func readDialects() throws(CheckpointError) -> [KeyMap] {
        let groups = Self.groups(TowerCatalogue.all.map { $0.family })
        return try dialects()
            + groups.filter { $0.contains { !$0.renamed.isEmpty } }
            .map { group throws(CheckpointError) in
                try format.renamedDialects(towers: group)
            }.flatMap(\.self)
    }

    private static func groups(_ towers: [PartFamily]) -> [[PartFamily]] {
        var groups: [[PartFamily]] = []
        for tower in towers {
            if let group = groups.firstIndex(where: { $0[0].hasRoots(of: tower) }) {
                groups[group].append(tower)
            } else {
                groups.append([tower])
            }
        }
        return groups
    }
}

extension MiphaConfig {
    /// The dialects that a layout may name this model's tensors in, most usual first.
    package func dialects(_ layout: CheckpointLayout) throws(CheckpointError) -> [KeyMap] {
        try layout.format.dialects(towers: families)
    }

    /// The families of the towers, first, and those that have their modules at the same places.
    private var families: [PartFamily] {
        let own = vision.towers.map { type(of: $0).family }
        let others = TowerCatalogue.all.map { $0.family }
        return own + others.filter { !own.contains($0) && $0.hasRoots(of: own[0]) }
    }

    /// The dialect whose rules know most of a checkpoint's names.
    public func dialect(of checkpoint: Checkpoint) throws(CheckpointError) -> KeyMap {
        let names = checkpoint.names
        let written = try dialects(layout)
        let renamed =
            families.allSatisfy(\.renamed.isEmpty)
            ? [] : try layout.format.renamedDialects(towers: families)
        func known(_ map: KeyMap) -> Int { names.count { map.canonical($0) != .unknown } }
        var (best, most) = (written[0], known(written[0]))
        for map in written.dropFirst() {
            let count = known(map)
            if count > most { (best, most) = (map, count) }
        }
        // Official names keep everything below `model.`; one that knows the new names says more.
        for map in renamed {
            let count = known(map)
            if count >= most { (best, most) = (map, count) }
        }
        return best
    }
}

/// The roots of a model's parts in canonical names.
enum CanonicalRoot {
    /// The first tower, whose root is below.
    static let tower = towers[0]
    /// The same of each tower that a model may have.
    static let towers = TowerRoot.names.map { "model.\($0)" }
    /// The language model's modules.
    static let language = "model"

    /// Names of modules that a language model of some family has, each once.
    static var languageModules: [String] {
        LanguageCatalogue.all.flatMap { $0.family.modules }.unique
    }
    /// Patterns, below the language model's root, of what is stored but is not a parameter of any
    /// family.
    static var droppedOfLanguages: [String] {
        LanguageCatalogue.all.flatMap { $0.family.dropped }.unique
    }
}

extension PartFamily {
    /// Values of `model_type` of configs with such a part.
    var types: [String] { [modelType] + [wholeType].compactMap(\.self) }

    /// Whether the towers of another family have their modules at the same places.
    func hasRoots(of other: PartFamily) -> Bool {
        officialRoot == other.officialRoot && root == other.root
    }
}

extension [PartFamily] {
    /// Modules of all families, each once, as they are called and as they are canonically.
    ///
    /// - Parameter isRenamed: whether they are called by new names where there are some.
    func modules(isRenamed: Bool) -> [(name: String, canonical: String)] {
        let renamed = isRenamed ? reduce(into: [:]) { $0.merge($1.renamed) { old, _ in old } } : [:]
        return flatMap(\.modules).unique.map { (renamed[$0] ?? $0, $0) }
    }
}

extension String {
    /// The path of a part; `nil`: the same path.
    func path(_ part: String?) -> String { part.map { "\(self).\($0)" } ?? self }
}

extension [String] {
    /// Each element once, in order.
    var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
