import MiphaCheckpoints
import MiphaNN

extension AdapterContents {
    /// Names of the adapted modules inside the class that was trained.
    var modules: [String] {
        tensors.values.compactMap { stored in
            let inner = AdapterNames.inner(stored.name)
            guard let part = AdapterPlan.Part(of: inner), part.isDown else { return nil }
            return part.path(of: inner)
        }
    }

    /// Rank and alpha of every adapted layer, by canonical path.
    ///
    /// - Throws: `CheckpointError` listing all halves that are missing, or naming the first tensor that
    ///   contradicts the config.
    func layers(
        _ config: AdapterConfig, _ targets: AdapterTargets
    ) throws(CheckpointError) -> [String: AdapterPlan.Strength] {
        var layers: [String: AdapterPlan.Strength] = [:]
        var missing: [String] = []
        for name in names {
            guard let stored = tensors[name], let part = AdapterPlan.Part(of: name) else {
                continue
            }
            let path = part.path(of: name)
            let lacking = part.companions(withMagnitude: config.usesMagnitudes)
                .filter { tensors[path + $0.suffix] == nil }
            missing += lacking.map { stored.name.replacingPart(part, with: $0) }
            guard part.isDown else {
                if part == .magnitude, !config.usesMagnitudes {
                    throw config.failure(
                        "use_dora", expected: "true, since there is a tensor \"\(stored.name)\"")
                }
                continue
            }
            layers[path] = try strength(stored, part, path, config, targets)
        }
        guard missing.isEmpty else {
            throw CheckpointError(
                .missing,
                "\(config.file): the adapter lacks \(Self.listing(Set(missing).sorted())); expected "
                    + "both matrices of every layer"
                    + (config.usesMagnitudes ? ", and its lengths under use_dora" : ""))
        }
        guard !layers.isEmpty else {
            throw CheckpointError(
                .missing, "\(config.file): expected at least one layer with an adapter, found none")
        }
        return layers
    }

    private func strength(
        _ stored: StoredTensor, _ part: AdapterPlan.Part, _ path: String, _ config: AdapterConfig,
        _ targets: AdapterTargets
    ) throws(CheckpointError) -> AdapterPlan.Strength {
        let shape = stored.shape
        guard shape.count == 2 else {
            throw Self.failure(
                stored,
                "expected a matrix, as of a linear layer or a table, found shape \(shape)")
        }
        if part == .tableDown, config.usesMagnitudes {
            throw config.failure(
                "use_dora",
                expected: "false for an adapter of the embedding table (\"\(stored.name)\"); "
                    + "merge it with PEFT")
        }
        let module = part.path(of: AdapterNames.inner(stored.name))
        guard !targets.isKnown || targets.selects(module, isLinear: Self.isLinear(path, part))
        else {
            throw Self.failure(
                stored,
                "target_modules, exclude_modules or layers_to_transform of adapter_config.json leave "
                    + "\(module) out, so PEFT would pass the tensor over; correct the file that is "
                    + "wrong")
        }
        let (rank, alpha) = targets.strength(of: module)
        guard shape[0] == rank else {
            throw Self.failure(
                stored,
                "expected the rank \(rank) (r, rank_pattern of adapter_config.json), found "
                    + "shape \(shape), as PEFT would refuse it too")
        }
        return AdapterPlan.Strength(rank: rank, alpha: alpha)
    }

    private static func isLinear(_ path: String, _ part: AdapterPlan.Part) -> Bool {
        part != .tableDown && path != "lm_head"
    }

    /// Names of at most twenty, and how many more there are.
    static func listing(_ names: [String]) -> String {
        let more = names.count > 20 ? " and \(names.count - 20) more" : ""
        return names.prefix(20).joined(separator: ", ") + more
    }
}

extension String {
    /// The name of another tensor of the same layer's adapter.
    fileprivate func replacingPart(_ part: AdapterPlan.Part, with other: AdapterPlan.Part) -> String
    {
        guard let range = ranges(of: part.marker).last else { return self }
        return self[..<range.lowerBound] + other.suffix
    }
}
