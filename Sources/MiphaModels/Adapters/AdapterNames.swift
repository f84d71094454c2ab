import MiphaCheckpoints
import MiphaNN

/// The names of an adapter's tensors in PEFT's files, to canonical names and back.
///
/// PEFT puts `base_model.model.` before the name that a parameter has inside the model it wraps.
struct AdapterNames {
    static let prefix = "base_model.model."
    private let maps: [KeyMap]

    /// Knows the names of all supported layouts.
    init() throws(CheckpointError) {
        maps = try CheckpointLayout.llava.dialects() + CheckpointLayout.mipha.dialects()
    }

    /// The canonical name of a stored tensor, or `nil` when no layout has it.
    func canonical(_ stored: String) -> String? {
        let inner = Self.inner(stored)
        for map in maps {
            if case .name(let name) = map.canonical(inner) { return name }
        }
        return nil
    }

    /// A stored name without PEFT's prefix.
    static func inner(_ stored: String) -> String {
        stored.hasPrefix(prefix) ? String(stored.dropFirst(prefix.count)) : stored
    }

    /// The name of a parameter inside the model class of a layout: official Mipha and plain Phi, or
    /// `LlavaForConditionalGeneration` of transformers 5.
    static func external(_ name: String, _ layout: CheckpointLayout) throws -> String {
        let map = try layout.dialects()
        guard let external = map[map.count - 1].external(name) else {
            throw ParameterError("layout \(layout.rawValue) has no place for \(name)")
        }
        return external
    }
}
