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
        let present = Set(tensors.keys.compactMap { store.fact($0)?.part })
        let parts = Set(
            ModelPart.allCases.filter {
                $0 == .language || $0 == .head || trained.hasPictures || present.contains($0)
            })
        var missing: [String] = []
        for layer in store.layers where parts.contains(layer.part) {
            guard let module = trained.trained("\(layer.path).weight")?.dropLast(7),
                targets.selects(
                    String(module), isLinear: !layer.isTable && layer.part != .head)
            else { continue }
            let part: AdapterPlan.Part = layer.isTable ? .tableDown : .down
            if tensors[layer.path + part.suffix] == nil {
                missing.append(String(module) + part.suffix)
            }
        }
        for fact in store.facts where parts.contains(fact.part) && fact.adapter == nil {
            guard let inner = trained.trained(fact.name), tensors[fact.name] == nil else {
                continue
            }
            let isBias =
                fact.role == .bias
                && (config.biases == .all
                    || config.biases == .adapted
                        && tensors[fact.layer + AdapterPlan.Part.down.suffix] != nil)
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
