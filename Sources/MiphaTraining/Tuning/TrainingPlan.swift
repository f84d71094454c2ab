public import MiphaModels
public import MiphaNN

/// The trainable parts of a run, group by group, each with its learning rate and weight decay.
public struct TrainingPlan: Sendable, Equatable {
    /// The plan of one group.
    public struct Part: Sendable, Equatable {
        /// The group.
        public let group: ModelPart
        /// Its tuning mode.
        public let mode: TuningMode
        /// Highest learning rate.
        public let learningRate: Double
        /// Decoupled weight decay.
        public let weightDecay: Double
    }

    /// One part per group, in the order of `ModelPart.allCases`.
    public let parts: [Part]

    /// Makes the plan of a run: its stage, changed by what the run sets for single groups.
    ///
    /// - Throws: `TrainingError` for settings of a group that does not learn, and for plans that
    ///   cannot be.
    public init(_ run: RunConfiguration) throws(TrainingError) {
        parts = ModelPart.allCases.map { group in
            Part(
                group: group, mode: run.tune[group] ?? run.stage.mode(of: group),
                learningRate: run.learningRates[group] ?? run.learningRate,
                weightDecay: run.weightDecays[group] ?? run.optimizer.weightDecay)
        }
        for part in parts {
            try Self.check(part, run)
        }
        try checkAdapters(run)
        if parts.allSatisfy({ $0.mode == .frozen }) {
            throw TrainingError(
                .invalidRun, "tune: every group is frozen, nothing would learn")
        }
    }

    /// The part of a group.
    public subscript(group: ModelPart) -> Part {
        parts.first { $0.group == group }
            ?? Part(group: group, mode: .frozen, learningRate: 0, weightDecay: 0)
    }

    /// Learning rate and weight decay of a parameter; biases and norms are not decayed.
    package func optimizerGroup(of fact: ParameterFact) -> AdamW.Group {
        let part = self[fact.part]
        return AdamW.Group(
            learningRate: part.learningRate,
            weightDecay: fact.role.isDecayed ? part.weightDecay : 0)
    }

    private static func check(_ part: Part, _ run: RunConfiguration) throws(TrainingError) {
        let group = part.group.rawValue
        switch part.mode {
        case .frozen:
            let keys = [
                ("learning_rates", run.learningRates[part.group]),
                ("weight_decays", run.weightDecays[part.group]),
            ]
            if let key = keys.first(where: { $0.1 != nil })?.0 {
                throw TrainingError(
                    .invalidRun,
                    "\(key).\(group): the group is frozen in this plan; set tune.\(group) to let it "
                        + "learn, or drop the key")
            }
            return
        case .last where part.group == .projector || part.group == .head:
            throw TrainingError(
                .invalidRun,
                "tune.\(group): expected full or frozen, found \(part.mode): the group has no blocks"
            )
        case .lora where part.group == .projector:
            throw TrainingError(
                .invalidRun,
                "tune.\(group): expected full or frozen, found lora: adapters go on tower, "
                    + "language and head")
        case .full, .last, .lora: break
        }
        if !run.stage.takesPictures, part.group == .tower || part.group == .projector {
            throw TrainingError(
                .invalidRun,
                "tune.\(group): expected frozen in the stage \(run.stage.rawValue), which has no "
                    + "images, found \(part.mode)")
        }
    }

    /// Names of the parameters of a model that learn, in the model's order.
    ///
    /// The tower's parameters that no image feature depends on (blocks above the chosen layer, the
    /// pooling head) are never among them.
    ///
    /// - Throws: `TrainingError` when a group that should learn has nothing that can.
    public func trainable(in model: MiphaModel) throws(TrainingError) -> [String] {
        let facts = model.store.facts.filter(\.isRun)
        var chosen: Set<String> = []
        for part in parts where part.mode != .frozen {
            let own = facts.filter { $0.part == part.group }
            let learning = try Self.choose(part, of: own)
            // A head that shares the embeddings' table has no parameters of its own.
            if learning.isEmpty && (part.group != .head || part.mode == .lora) {
                let reason =
                    part.mode == .lora
                    ? "no adapter was attached to it" : "it has no parameters"
                throw TrainingError(
                    .invalidRun, "tune.\(part.group.rawValue): \(part.mode), but \(reason)")
            }
            chosen.formUnion(learning.map(\.name))
            if part.group == .head, learning.isEmpty {
                try Self.requireTable(of: model, in: chosen)
            }
        }
        guard !chosen.isEmpty else {
            throw TrainingError(.invalidRun, "tune: no parameter of this model would learn")
        }
        return facts.map(\.name).filter(chosen.contains)
    }

    /// Refuses a head that should learn and is a table that would not.
    private static func requireTable(
        of model: MiphaModel, in chosen: Set<String>
    ) throws(TrainingError) {
        let place = model.language.head.mapPlace
        let tables = model.store.facts.filter { $0.place == place && $0.role == .embedding }
        guard tables.allSatisfy({ chosen.contains($0.name) }) else {
            throw TrainingError(
                .invalidRun,
                "tune.head: full, but the head of this model is the table of embeddings, which does "
                    + "not learn; set tune.head to frozen, or tune.language to full")
        }
    }

    private static func choose(
        _ part: Part, of facts: [ParameterFact]
    ) throws(TrainingError) -> [ParameterFact] {
        switch part.mode {
        case .frozen: return []
        case .full: return facts
        case .lora: return facts.filter { $0.adapter != nil }
        case .last(let count):
            let blocks = Set(facts.compactMap(\.block)).sorted()
            guard count <= blocks.count else {
                throw TrainingError(
                    .invalidRun,
                    "tune.\(part.group.rawValue): expected at most last:\(blocks.count), the number "
                        + "of blocks, found last:\(count)")
            }
            let last = Set(blocks.suffix(count))
            return facts.filter { fact in
                fact.block.map(last.contains) ?? (fact.place.depth == .output)
            }
        }
    }
}
