import MiphaCheckpoints
import MiphaNN

extension AdapterContents {
    /// Tensors that the config says were trained in a model, and that the folder lacks.
    ///
    /// Tower and projector count only where something of them is there, unless the names are those of
    /// a class that holds them: adapters of a decoder alone have the same names as those of a whole
    /// Mipha.
    func missing(
        from store: ParameterStore, _ config: AdapterConfig, _ targets: AdapterTargets
    ) throws(CheckpointError) -> [String] {
        let trained = try AdapterNames(tensors.values.map(\.name))
        let wholes = ["model.vision_tower.", "model.mm_projector."].filter { part in
            !trained.hasPictures && !tensors.keys.contains { $0.hasPrefix(part) }
        }
        func counts(_ name: String) -> Bool { !wholes.contains(where: name.hasPrefix) }
        var missing: [String] = []
        for path in store.linearPaths + store.tablePaths where counts(path) {
            let isTable = store.tablePaths.contains(path)
            guard let module = trained.trained("\(path).weight")?.dropLast(7),
                targets.selects(String(module), isLinear: !isTable && path != "lm_head")
            else { continue }
            let part: AdapterPlan.Part = isTable ? .tableDown : .down
            if tensors[path + part.suffix] == nil { missing.append(String(module) + part.suffix) }
        }
        for name in store.names where counts(name) && AdapterPlan.Part(of: name) == nil {
            guard let inner = trained.trained(name), tensors[name] == nil else { continue }
            let isBias =
                switch config.biases {
                case .none: false
                case .all: name.hasSuffix(".bias")
                case .adapted:
                    name.hasSuffix(".bias") && tensors["\(name.dropLast(5)).lora_A.weight"] != nil
                }
            let isSaved = targets.savedNames.contains {
                AdapterTargets.module(named: $0, holds: inner)
            }
            if isBias || isSaved { missing.append(inner) }
        }
        for saved in targets.savedNames {
            let isThere = store.names.contains { name in
                trained.trained(name).map { AdapterTargets.module(named: saved, holds: $0) }
                    ?? false
            }
            if !isThere { missing.append("\(saved) (modules_to_save)") }
        }
        return missing.map { AdapterNames.prefix + $0 }
    }
}
