import MiphaModels
package import MiphaNN
import MiphaTorch

extension TrainingPlan {
    /// Groups whose layers get adapters.
    package var adapted: [ModelPart] { parts.filter { $0.mode == .lora }.map(\.group) }

    /// The linear layers that get an adapter; `nil` when no group is in the mode `lora`.
    package func adapters(_ run: RunConfiguration) -> AdapterPlan? {
        let settings = run.adapters
        guard !adapted.isEmpty else { return nil }
        return AdapterPlan(
            rank: settings.rank, alpha: settings.alpha, dropout: settings.dropout,
            targets: AdapterPlan.Targets(settings.targets), parts: Set(adapted),
            usesRankStabilization: settings.usesRankStabilization,
            usesMagnitudes: settings.usesMagnitudes, seed: run.seed &+ Self.adapterSeed)
    }

    /// The linear layers that are quantised: those of the decoder's blocks, which learn by adapters
    /// or not at all, and those of a tower with adapters.
    package func quantization(_ run: RunConfiguration) -> QuantizationPlan? {
        let format: QuantizationFormat
        switch (run.base.isEightBit, run.base.isFourBit) {
        case (false, false): return nil
        case (true, _): format = .int8
        case (false, true): format = run.base.quantizesScales ? .nf4 : .plainNF4
        }
        return QuantizationPlan(
            format: format, parts: Set(adapted).union([.language]).subtracting([.head]))
    }

    /// Keeps the start values of adapters apart from the dropout masks of the same run.
    private static let adapterSeed: UInt64 = 0x4C4F_5241

    /// Refuses targets of which only other groups than those in the mode `lora` have layers.
    ///
    /// - Parameter config: the model's.
    func requireTargets(_ run: RunConfiguration, in config: MiphaConfig) throws {
        guard !adapted.isEmpty else { return }
        let layers = try MiphaModel.layers(config)
        for target in run.adapters.targets {
            let owners = layers.filter { $0.isCalled(target) }.map(\.part)
            guard let owner = owners.first, !owners.contains(where: adapted.contains) else {
                continue
            }
            let remedy =
                switch owner {
                case .projector: "adapters go on tower, language and head; drop the name"
                case .head:
                    "set tune.head to lora, or drop the name (tune.head: full trains the head itself)"
                case .tower, .language: "set tune.\(owner.rawValue) to lora, or drop the name"
                }
            throw TrainingError(
                .invalidRun,
                "lora_targets: \(target) is of the group \(owner.rawValue), which is "
                    + "\(self[owner].mode) in this plan; \(remedy)")
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
        if run.imageSize != nil {
            throw TrainingError(
                .invalidRun,
                "image_size: an adapter says nothing of the size that its model sees; write the model "
                    + "at that size with mipha convert --image-size, and start from the result")
        }
        let targets = run.adapters.targets
        if targets.contains(AdapterSettings.allLinear), targets.count > 1 {
            throw TrainingError(
                .invalidRun,
                "lora_targets: expected \(AdapterSettings.allLinear) alone or names, found both; it "
                    + "stands for all linear layers")
        }
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
                "\(key): tune.language: expected lora or frozen, found \(mode): quantised matrices "
                    + "cannot be trained")
        }
    }

    /// A description of the adapters and quantised matrices of a model, one line each.
    func adapterLines(_ model: MiphaModel) -> [String] {
        var lines: [String] = []
        if let plan = model.store.adapterPlan, !model.store.adapters.isEmpty {
            let kind =
                (plan.usesRankStabilization ? "rs" : "") + "LoRA"
                + (plan.usesMagnitudes ? " with magnitudes (DoRA)" : "")
            let strengths = Set(model.store.adapters.values.map(\.strength))
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
