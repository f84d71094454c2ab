import MiphaCheckpoints
import MiphaNN

/// The names of an adapter's tensors in PEFT's files, to canonical names and back.
///
/// PEFT puts `base_model.model.` before the name that a parameter has inside the model it wraps, and
/// parts of its own into the names of what it wraps.
struct AdapterNames {
    static let prefix = "base_model.model."
    private let maps: [KeyMap]
    private let own: KeyMap
    /// Whether the names are those of a class with tower and projector in it.
    ///
    /// Names of Mipha's own class may be those of a plain Phi model too.
    let hasPictures: Bool

    /// Finds the layout that knows most of the names.
    init(_ stored: [String]) throws(CheckpointError) {
        let official = try CheckpointLayout.mipha.dialects()
        let llava = try CheckpointLayout.llava.readDialects()
        let inner = stored.map(Self.inner)
        func known(_ map: KeyMap) -> Int {
            inner.count { if case .name = map.canonical($0) { true } else { false } }
        }
        /// Official names keep everything below `model.`; a layout that renames some of it says more.
        func renames(_ map: KeyMap) -> Bool {
            inner.contains { stored in
                if case .name(let name) = map.canonical(stored) { name != stored } else { false }
            }
        }
        var (best, hasPictures) = (official[0], false)
        for map in llava {
            let (here, before) = (known(map), known(best))
            guard here > before || here == before && !hasPictures && renames(map) else { continue }
            (best, hasPictures) = (map, true)
        }
        own = best
        // Names of embeddings may be those of towers of another family too.
        maps = [best] + llava + official
        self.hasPictures = hasPictures
    }

    /// The canonical name of a stored tensor, or `nil` when no layout has it.
    func canonical(_ stored: String) -> String? {
        let inner = Self.inner(stored)
        for map in maps {
            if case .name(let name) = map.canonical(inner) { return name }
        }
        return nil
    }

    /// The name, inside the class that was trained, of a parameter.
    func trained(_ name: String) -> String? { own.external(name) }

    /// A stored name without what PEFT put into it.
    ///
    /// Names that still hold that of the adapter (`default`) come from training scripts which save by
    /// themselves; those that begin with `model.model.` from LLaVA's.
    static func inner(_ stored: String) -> String {
        var name = stored
        if name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        if name.hasPrefix("model.model.") { name.removeFirst("model.".count) }
        for (wrapper, plain) in [
            (".base_layer.", "."), (".modules_to_save.default.", "."), (".modules_to_save.", "."),
            (".lora_A.default.", ".lora_A."), (".lora_B.default.", ".lora_B."),
        ] { name = name.replacing(wrapper, with: plain) }
        for part in ["lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector"] {
            for end in [".default.weight", ".default", ".weight"] where name.hasSuffix(part + end) {
                name.removeLast(end.count)
            }
        }
        return name
    }

    /// The name of a parameter inside the model class of a layout: official Mipha and plain Phi, or
    /// `LlavaForConditionalGeneration` of transformers 5.
    static func external(_ name: String, _ layout: CheckpointLayout) throws -> String {
        let maps = try layout.dialects()
        guard let external = maps.reversed().lazy.compactMap({ $0.external(name) }).first else {
            throw ParameterError("layout \(layout.rawValue) has no place for \(name)")
        }
        return external
    }
}
