package import MiphaCheckpoints
import MiphaNN
package import MiphaTorch

/// The element types that a model's weights are stored in.
///
/// Libraries leave towers in another type than the rest; transformers computes all in one, the one
/// that `config.json` names.
package struct StoredTypes: Sendable {
    /// The type to compute in; nil keeps the only one there is.
    package let common: DType?
    /// Notes for the user.
    package let notes: [String]

    /// Looks at the tensors of a checkpoint that the dialect knows.
    ///
    /// - Parameters:
    ///   - stated: `torch_dtype` of the config.
    ///   - table: canonical name of the language model's embedding table.
    init(_ checkpoint: Checkpoint, keys: KeyMap, stated: String?, table: String?) {
        var counts: [DType: Int] = [:]
        var embedding: DType?
        for entry in checkpoint.entries {
            guard case .name(let name) = keys.canonical(entry.name), entry.scalarType.isFloat else {
                continue
            }
            let type = DType(entry.scalarType)
            counts[type, default: 0] += 1
            if name == table { embedding = type }
        }
        let wanted = stated.flatMap { DType(rawValue: $0) }.flatMap {
            Self.isComputed($0) ? $0 : nil
        }
        let found = counts.sorted { ($0.value, $0.key.rawValue) > ($1.value, $1.key.rawValue) }
        let place = checkpoint.files.first?.path ?? "the weights"
        guard let first = found.first?.key else {
            (common, notes) = (nil, [])
            return
        }
        let choice = "--dtype chooses another"
        if found.count == 1, Self.isComputed(first) {
            common = nil
            notes =
                wanted ?? first == first
                ? []
                : [
                    "\(place): the weights are \(first) and computed in it, though config.json says "
                        + "\(stated ?? ""); \(choice)"
                ]
            return
        }
        let chosen = wanted ?? embedding.flatMap { Self.isComputed($0) ? $0 : nil } ?? .float32
        common = chosen
        let parts = found.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
        let reason = wanted == nil ? "" : ", which config.json says"
        notes = [
            "\(place): tensors \(parts); all are computed in \(chosen)\(reason), \(choice)"
        ]
    }

    /// Whether a model is computed in this type.
    private static func isComputed(_ type: DType) -> Bool {
        [.float32, .bfloat16, .float16].contains(type)
    }
}

extension MiphaModel {
    /// The element types of a folder's weights.
    package static func storedTypes(
        folder: String, _ config: MiphaConfig
    ) throws(CheckpointError) -> StoredTypes {
        let checkpoint = try Checkpoint(folder: folder)
        return StoredTypes(
            checkpoint, keys: try config.dialect(of: checkpoint),
            stated: config.statedType, table: tableName(config))
    }

    /// Name of the language model's embedding table.
    private static func tableName(_ config: MiphaConfig) -> String? {
        let facts = (try? MiphaModel(config, source: DryRunSource()))?.store.facts
        return facts?.first { $0.part == .language && $0.role == .embedding }?.name
    }

    /// The weights of a folder, all in one element type.
    ///
    /// - Parameter dtype: wanted type; `nil`: the stored one or, of several, the one that the config
    ///   names.
    static func source(
        folder: String, _ config: MiphaConfig, dtype: DType?, device: Device,
        use: CheckpointSource.Use
    ) throws(CheckpointError) -> CheckpointSource {
        let checkpoint = try Checkpoint(folder: folder)
        let keys = try config.dialect(of: checkpoint)
        let type =
            dtype
            ?? StoredTypes(
                checkpoint, keys: keys, stated: config.statedType, table: tableName(config)
            ).common
        return CheckpointSource(checkpoint, keys: keys, dtype: type, device: device, use: use)
    }
}
