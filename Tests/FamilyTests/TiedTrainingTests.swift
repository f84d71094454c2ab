import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// What training and planning make of a head that is the table of embeddings.
@Suite struct TiedTrainingTests {
    private static let (table, head) = ("model.embed_tokens.weight", "lm_head.weight")

    private func model(isTied: Bool = true) throws -> MiphaModel {
        try TiedFolder(isTied ? .absent : .equal, isTied: isTied).model(use: .training)
    }

    /// Gradients of all parameters that have one.
    private func gradients(
        _ model: MiphaModel, checkpointing: Bool
    ) throws -> [String: [Float]] {
        try model.store.train { _ in true }
        for (_, tensor) in model.store.parameters { try tensor.setGradient(nil) }
        let chain = try model.lossChain(FamilyCase.clipLlama.batch(), dropout: nil)
        _ = try SegmentedBackward(checkpointing: checkpointing)(chain, scale: 1)
        var found: [String: [Float]] = [:]
        for (name, tensor) in model.store.parameters {
            found[name] = try tensor.gradient()?.values()
        }
        return found
    }

    @Test(arguments: [false, true])
    func `the table's gradient is the sum of both uses`(_ checkpointing: Bool) throws {
        let tied = try gradients(model(), checkpointing: checkpointing)
        let untied = try gradients(model(isTied: false), checkpointing: checkpointing)
        let embedding = try #require(untied[Self.table])
        let head = try #require(untied[Self.head])
        let found = try #require(tied[Self.table])
        let sum = zip(embedding, head).map { $0 + $1 }
        let both = Comparison("table", found, sum, .of(.gradient))
        #expect(both.passes, "\(both)")
        for use in [embedding, head] {
            #expect(!Comparison("one use", found, use, .of(.gradient)).passes)
        }
        #expect(Set(tied.keys).union([Self.head]) == Set(untied.keys))
        for (name, values) in untied where ![Self.table, Self.head].contains(name) {
            let same = try Comparison(name, #require(tied[name]), values, .of(.gradient))
            #expect(same.passes, "\(same)")
        }
    }

    @Test func `each segment gives gradients to the parameters at its places and to no others`()
        throws
    {
        let model = try model()
        try model.store.train { _ in true }
        let chain = try model.lossChain(FamilyCase.clipLlama.batch(), dropout: nil)
        var (state, uses) = (chain.input, 0)
        for segment in chain.segments {
            for (_, tensor) in model.store.parameters { try tensor.setGradient(nil) }
            let input = try state.detached()
            let output = try withGradients { () throws(TensorError) in try segment(input) }
            try output.sum().backward()
            let found = try model.store.parameters.filter { try $0.tensor.gradient() != nil }
            let expected = model.store.facts.filter { segment.reads($0) }
            #expect(Set(found.map(\.name)) == Set(expected.map(\.name)), "\(segment.name)")
            if found.contains(where: { $0.name == Self.table }) { uses += 1 }
            state = try output.detached()
        }
        #expect(uses == 2)
    }

    @Test func `the table is one parameter with one role, one group and one share`() throws {
        let model = try model()
        let facts = model.store.facts
        #expect(!facts.contains { $0.part == .head })
        let table = try #require(model.store.fact(Self.table))
        #expect(table.role == .embedding && table.role.isDecayed && table.part == .language)
        #expect(model.language.head.mapPlace == table.place)

        let segments = try model.segmentPlaces()
        let layout = ShardLayout(
            parameters: facts.filter(\.isRun).map {
                ShardLayout.Parameter(
                    name: $0.name, shape: model.store[$0.name]?.shape ?? [], dtype: .float32,
                    place: $0.place)
            }, segments: segments, shardCount: 2)
        let units = layout.units.indices.filter { unit in
            layout.units[unit].entries.contains { $0.name == Self.table }
        }
        let unit = try #require(units.first)
        #expect(units.count == 1)
        let readers = segments.indices.filter { layout.unitsRead[$0].contains(unit) }
        #expect(readers.count == 2 && readers.last == segments.count - 1)
        #expect(layout.units[unit].segment == readers[0])
    }

    @Test func `training moves the table, lowers the loss, and the folder holds what was learned`()
        throws
    {
        let model = try model()
        let names = try TrainingPlan(RunConfiguration()).trainable(in: model)
        #expect(names.contains(Self.table) && !names.contains(Self.head))
        try model.store.train(where: Set(names).contains)
        let before = try #require(model.store[Self.table]).detached().cloned()
        let optimizer = try AdamW(
            parameters: names.compactMap { name in model.store[name].map { (name, $0) } })
        let batch = try FamilyCase.clipLlama.batch()
        var losses: [Double] = []
        for _ in 0..<4 {
            losses.append(
                try SegmentedBackward()(model.lossChain(batch, dropout: nil), scale: 0.1))
            try optimizer.step(learningRate: 1e-3)
            for (_, tensor) in model.store.parameters { try tensor.setGradient(nil) }
        }
        #expect(try #require(losses.last) < losses[0])
        #expect(try (#require(model.store[Self.table]).detached() - before).absoluteMaximum() > 0)
        let temporary = try TemporaryFolder()
        try model.save(to: temporary.path, options: MiphaModel.SaveOptions(layout: .llava))
        let again = try MiphaModel(folder: temporary.path)
        let logits = try withoutGradients { try model.logits(batch) }.values(as: Float.self)
        let found = try withoutGradients { try again.logits(batch) }.values(as: Float.self)
        #expect(haveSameBits(found, logits))
    }

    @Test func `a head that should learn without its table is refused`() throws {
        let model = try model()
        var run = RunConfiguration()
        run.tune[.language] = .frozen
        run.tune[.head] = .full
        let error = try #require(
            #expect(throws: TrainingError.self) { try TrainingPlan(run).trainable(in: model) })
        #expect(error.description.contains("tune.head"), "\(error)")
        run.tune[.head] = .frozen
        #expect(try !TrainingPlan(run).trainable(in: model).contains(Self.table))
        run.tune[.language] = .full
        #expect(try TrainingPlan(run).trainable(in: model).contains(Self.table))
    }

    /// The forecast of an update, and the model without elements.
    private func plan(
        _ config: MiphaConfig, _ dtype: DType
    ) throws -> (plan: MemoryPlan, store: ParameterStore) {
        let store = try MiphaModel(config, source: DryRunSource(dtype: dtype)).store
        var facts = MemoryFacts(
            config,
            parameters: store.facts.map {
                MemoryFacts.Parameter(
                    $0, count: store.elementCount(of: $0.name), learns: $0.isRun,
                    width: dtype.byteCount)
            }, dtype: dtype)
        let sample = SampleShapes.Shape(
            words: 20, pictures: 1, supervised: 10, patches: config.tokensPerImage)
        facts.updates = [[PlannedBatch([sample, sample])]]
        return (try MemorySimulation(facts).run(), store)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `a run is planned with the table counted once`(_ dtype: DType) throws {
        let (tied, store) = try plan(TiedFolder(.absent).config(), dtype)
        let (untied, _) = try plan(TiedFolder(.equal, isTied: false).config(), dtype)
        func part(_ name: String, _ plan: MemoryPlan) -> Int {
            plan.parts.first { $0.name == name }?.bytes ?? 0
        }
        let learning = store.facts.filter(\.isRun).reduce(0) {
            $0 + store.elementCount(of: $1.name)
        }
        #expect(part("weights", tied) == store.byteCount)
        #expect(part("gradients", tied) == learning * dtype.byteCount)
        #expect(part("moments", tied) == 8 * learning)
        #expect(tied.peak.bytes < untied.peak.bytes)
        // The gradient that the loss makes of the head's matrix is no activation, tied or not.
        #expect(part("activations", tied) == part("activations", untied))
    }
}
