import MiphaModels
package import MiphaNN
import MiphaTorch

extension TrainingPlan {
    /// Groups whose layers get adapters.
    package var adapted: [ParameterGroup] { parts.filter { $0.mode == .lora }.map(\.group) }

    /// Which linear layers get an adapter; `nil` when no group is in the mode `lora`.
    package func adapters(_ run: RunConfiguration) -> AdapterPlan? {
        let settings = run.adapters
        var places = adapted.compactMap(Self.blocks)
        if adapted.contains(.language), settings.targets.contains(where: Self.isTable) {
            places.append(Self.table)
        }
        if adapted.contains(.head) { places.append(Self.head) }
        guard !places.isEmpty else { return nil }
        return AdapterPlan(
            rank: settings.rank, alpha: settings.alpha, dropout: settings.dropout,
            targets: AdapterPlan.Targets(settings.targets), within: places,
            usesRankStabilization: settings.usesRankStabilization,
            usesMagnitudes: settings.usesMagnitudes, seed: run.seed &+ Self.adapterSeed)
    }

    /// Which linear layers are held in few bits: those of the decoder's blocks, which learn by adapters
    /// or not at all, and those of a tower with adapters.
    package func quantization(_ run: RunConfiguration) -> QuantizationPlan? {
        let format: QuantizationFormat
        switch (run.base.isEightBit, run.base.isFourBit) {
        case (false, false): return nil
        case (true, _): format = .int8
        case (false, true): format = run.base.quantizesScales ? .nf4 : .plainNF4
        }
        let groups = Set(adapted + [.language])
        return QuantizationPlan(
            format: format,
            within: ParameterGroup.allCases.filter(groups.contains).compactMap(Self.blocks))
    }

    /// Keeps the start values of adapters apart from the dropout masks of the same run.
    private static let adapterSeed: UInt64 = 0x4C4F_5241

    /// Where the blocks of a group are.
    private static func blocks(_ group: ParameterGroup) -> String? {
        switch group {
        case .language: AdaptedPart.language.path
        case .tower: AdaptedPart.tower.path
        case .projector, .head: nil
        }
    }

    private static let table = "model.embed_tokens"
    private static let head = "lm_head"

    /// Whether a target is the embedding table, which no other name selects.
    private static func isTable(_ name: String) -> Bool {
        name == table || table.hasSuffix(".\(name)")
    }

    /// Refuses targets that no group in the mode `lora` has.
    private func checkTargets(_ targets: [String]) throws(TrainingError) {
        func refuse(_ what: String) -> TrainingError {
            TrainingError(.invalidRun, "lora_targets: \(what)")
        }
        if targets.contains(AdapterSettings.allLinear), targets.count > 1 {
            throw refuse(
                "expected \(AdapterSettings.allLinear) alone or names, found both; it stands for all "
                    + "linear layers")
        }
        if targets.contains(Self.head), self[.head].mode != .lora {
            throw refuse(
                "\(Self.head) is of the group head, which is \(self[.head].mode) in this plan; set "
                    + "tune.head to lora, or drop the name (tune.head: full trains the head itself)"
            )
        }
        if let name = targets.first(where: Self.isTable), self[.language].mode != .lora {
            throw refuse(
                "\(name) is of the group language, which is \(self[.language].mode) in this plan; set "
                    + "tune.language to lora, or drop the name")
        }
    }

    /// Refuses settings of adapters and of the base's precision that contradict the plan.
    func checkAdapters(_ run: RunConfiguration) throws(TrainingError) {
        if adapted.isEmpty {
            guard let key = run.keysOfAdapters.first else { return }
            throw TrainingError(
                .invalidRun,
                "\(key): needs a group with adapters; set tune.language or tune.tower to lora, or "
                    + "drop the key")
        }
        try checkTargets(run.adapters.targets)
        if run.base.isEightBit && run.base.isFourBit {
            throw TrainingError(
                .invalidRun, "load_in_8bit and load_in_4bit: expected one of them, found both")
        }
        guard run.base.isEightBit || run.base.isFourBit else {
            if run.base != BasePrecision() {
                throw TrainingError(
                    .invalidRun, "bnb_4bit_use_double_quant: needs load_in_4bit: true")
            }
            return
        }
        let key = run.base.isEightBit ? "load_in_8bit" : "load_in_4bit"
        if !run.base.isFourBit && !run.base.quantizesScales {
            throw TrainingError(
                .invalidRun, "bnb_4bit_use_double_quant: needs load_in_4bit, found \(key)")
        }
        let mode = self[.language].mode
        guard mode == .lora || mode == .frozen else {
            throw TrainingError(
                .invalidRun,
                "\(key): tune.language: expected lora or frozen, found \(mode): matrices in few bits "
                    + "cannot be trained")
        }
    }

    /// What the adapters and matrices in few bits of a model are, one line each.
    func adapterLines(_ model: MiphaModel) -> [String] {
        var lines: [String] = []
        if let plan = model.store.adapterPlan, !model.store.adapters.isEmpty {
            let kind =
                (plan.usesRankStabilization ? "rs" : "") + "LoRA"
                + (plan.usesMagnitudes ? " with magnitudes (DoRA)" : "")
            let strengths = Set(model.store.adapters.keys.compactMap { plan.strength(at: $0) })
            let ranks = Set(strengths.map(\.rank)).sorted().map(String.init)
            let alphas = Set(strengths.map(\.alpha)).sorted().map { "\($0)" }
            let parameters = model.store.adapterNames.compactMap { model.store[$0] }
                .reduce(0) { $0 + $1.elementCount }
            lines.append(
                "  adapters: \(kind) on \(model.store.adapters.count) layers, rank "
                    + "\(ranks.joined(separator: ", ")), alpha \(alphas.joined(separator: ", ")), "
                    + "dropout \(plan.dropout): \(Self.grouped(parameters)) parameters")
        }
        if let plan = model.store.quantizationPlan {
            let held = model.store.quantized.values
            let (elements, bytes) = held.reduce((0, 0)) {
                ($0.0 + $1.elementCount, $0.1 + $1.byteCount)
            }
            lines.append(
                "  frozen in \(plan.format.rawValue): \(held.count) matrices, "
                    + "\(Self.grouped(elements)) elements in \(Self.grouped(bytes)) bytes")
        }
        return lines
    }
}
