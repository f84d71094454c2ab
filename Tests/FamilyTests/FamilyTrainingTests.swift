import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// What training reads of a family: facts, groups, adapters and files.
@Suite struct FamilyTrainingTests {
    @Test(arguments: FamilyCase.allCases)
    func `roles are those that the shapes and transformers' names say`(
        _ family: FamilyCase
    ) throws {
        let store = try family.model().store
        for fact in store.facts {
            let shape = try #require(store[fact.name]).shape
            let isNorm = fact.name.contains("norm")
            let isBias = fact.name.hasSuffix(".bias") || fact.name.hasSuffix("in_proj_bias")
            #expect((fact.role == .bias) == isBias, "\(fact.name)")
            #expect((fact.role == .norm) == (isNorm && !isBias), "\(fact.name)")
            #expect(fact.role.isDecayed == (!isNorm && !isBias), "\(fact.name)")
            if fact.role.isDecayed, shape.count < 2 {
                #expect(
                    fact.role == .embedding || fact.role == .scale,
                    "\(fact.name): a vector that is decayed")
            }
        }
    }

    @Test(arguments: FamilyCase.allCases)
    func `each segment gives gradients to the parameters at its places and to no others`(
        _ family: FamilyCase
    ) throws {
        let model = try family.model(use: .training)
        try model.store.train { _ in true }
        let chain = try model.lossChain(family.batch(), dropout: nil)
        var state = chain.input
        for segment in chain.segments {
            for (_, tensor) in model.store.parameters { try tensor.setGradient(nil) }
            let input = try state.detached()
            let output = try withGradients { () throws(TensorError) in try segment(input) }
            try output.sum().backward()
            let found = try model.store.parameters.filter { try $0.tensor.gradient() != nil }
            let expected = model.store.facts.filter { $0.isRun && segment.reads($0) }
            #expect(Set(found.map(\.name)) == Set(expected.map(\.name)), "\(segment.name)")
            state = try output.detached()
        }
    }

    @Test(arguments: FamilyCase.allCases)
    func `last:1 trains the last block that is run and what comes after it`(
        _ family: FamilyCase
    ) throws {
        var run = RunConfiguration()
        run.tune[.tower] = .last(1)
        run.tune[.language] = .last(1)
        let model = try family.model()
        if model.language.head.mapPlace.part == .language { run.tune[.head] = .frozen }
        let names = try TrainingPlan(run).trainable(in: model)
        let config = model.config
        let chosen = model.store.facts(of: names)
        #expect(
            Set(chosen.filter { $0.part == .tower }.map(\.block))
                == [config.vision.usedLayerCount - 1])
        let language = chosen.filter { $0.part == .language }
        #expect(Set(language.map(\.block)) == [config.language.layerCount - 1, nil])
        let after = language.filter { $0.block == nil }
        #expect(!after.isEmpty && after.allSatisfy { $0.name.contains("norm") })
        let all = model.store.facts.filter { $0.part == .language && $0.place.depth == .output }
        #expect(Set(all.map(\.name)) == Set(after.map(\.name)))
    }

    @Test(arguments: FamilyCase.allCases)
    func `an adapter on every linear layer starts as nothing, learns, and merges to the same`(
        _ family: FamilyCase
    ) throws {
        let base = try family.model()
        let plan = AdapterPlan(
            rank: 2, alpha: 4, dropout: 0, targets: .allLinear, parts: [.tower, .language])
        let model = try MiphaModel(folder: family.folder, use: .training, adapters: plan)
        let batch = try family.batch()
        let plain = try withoutGradients { try base.logits(batch) }.values(as: Float.self)
        let fresh = try withoutGradients { try model.logits(batch) }.values(as: Float.self)
        #expect(Comparison("fresh", fresh, plain, .of(.sameModel)).passes)

        let linear = Set(
            base.store.facts.filter {
                $0.role == .matrix && $0.isRun && [.tower, .language].contains($0.part)
            }.map(\.layer))
        #expect(Set(model.store.adapters.keys) == linear)

        let adapted = model.store.facts.filter { $0.adapter != nil }.map(\.name)
        let generator = try RandomGenerator(seed: 4)
        for name in adapted {
            let tensor = try #require(model.store[name])
            try tensor.assign(.normal(tensor.shape, deviation: 0.1, generator: generator))
        }
        try model.store.train(where: Set(adapted).contains)
        _ = try SegmentedBackward(checkpointing: false)(
            model.lossChain(batch, dropout: nil), scale: 1)
        for name in adapted {
            let gradient = try #require(try model.store[name]?.gradient(), "\(name)")
            #expect(try gradient.absoluteMaximum() > 0, "\(name)")
        }
        let temporary = try TemporaryFolder()
        try model.save(
            to: temporary.path, options: MiphaModel.SaveOptions(layout: model.config.layout))
        let merged = try MiphaModel(folder: temporary.path)
        let separate = try withoutGradients { try model.logits(batch) }.values(as: Float.self)
        let together = try withoutGradients { try merged.logits(batch) }.values(as: Float.self)
        #expect(Comparison("merged", together, separate, .of(.activation)).passes)
        #expect(!Comparison("learned", together, plain, .of(.activation)).passes)
    }

    @Test(arguments: FamilyCase.allCases)
    func `a model survives both layouts to the last bit`(_ family: FamilyCase) throws {
        let model = try family.model()
        let batch = try family.batch()
        let logits = try withoutGradients { try model.logits(batch) }.values(as: Float.self)
        for layout in CheckpointLayout.allCases where family.fits(layout) {
            let temporary = try TemporaryFolder()
            try model.save(
                to: temporary.path, options: MiphaModel.SaveOptions(layout: layout))
            let again = try MiphaModel(folder: temporary.path)
            #expect(again.config.layout == layout)
            #expect(again.config.vision.isEqual(model.config.vision))
            let found = try withoutGradients { try again.logits(batch) }.values(as: Float.self)
            #expect(haveSameBits(found, logits), "\(layout)")
            let text = try again.config.json(layout, dtype: "float32").text()
            let config = try MiphaConfig(
                ConfigReader(file: "f", value: JSONValue(parsing: text)))
            #expect(config == again.config, "\(layout)")
        }
    }

    @Test(arguments: FamilyCase.allCases)
    func `fields of the config are all known, and the file comes back with all of them`(
        _ family: FamilyCase
    ) throws {
        let config = try MiphaConfig(folder: family.folder)
        #expect(config.findings("config.json") == FileFields.Findings())
        let written = config.json(config.layout, dtype: "float32")
        let original = try JSONValue(contentsOf: "\(family.folder)/config.json", limit: 1 << 20)
        guard config.layout == .llava else {
            requireKept(original, in: written, "config.json")
            return
        }
        for key in ["text_config", "vision_config"] {
            let before = try #require(original[key]?.objectValue)
            // Beside rope_parameters, which count, Phi's config has a stale factor.
            for member in before.members where member.key != "partial_rotary_factor" {
                #expect(
                    written[key]?[member.key] == member.value, "\(key).\(member.key)")
            }
        }
    }

    /// Checks that every field of an object is in another, objects in it likewise.
    private func requireKept(_ before: JSONValue, in after: JSONValue?, _ name: String) {
        guard let object = before.objectValue else {
            #expect(after == before, "\(name)")
            return
        }
        for member in object.members {
            requireKept(member.value, in: after?[member.key], "\(name).\(member.key)")
        }
    }

    @Test(arguments: FamilyCase.allCases, [DType.float32, .bfloat16])
    func `a run is planned by the family's own code on the meta device`(
        _ family: FamilyCase, _ dtype: DType
    ) throws {
        let config = try MiphaConfig(folder: family.folder)
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
        let plan = try MemorySimulation(facts).run()
        func part(_ name: String) -> Int { plan.parts.first { $0.name == name }?.bytes ?? 0 }
        let learning = store.facts.filter(\.isRun).reduce(0) {
            $0 + store.elementCount(of: $1.name)
        }
        #expect(part("weights") == store.byteCount)
        #expect(part("gradients") == learning * dtype.byteCount)
        #expect(part("moments") == 8 * learning)
        let state = 2 * (20 + config.tokensPerImage) * config.language.hiddenSize * dtype.byteCount
        #expect(part("activations") > 8 * config.language.layerCount * state)
        #expect(plan.peak.bytes > part("weights") + part("gradients") + part("moments"))
    }

    @Test(arguments: FamilyCase.allCases)
    func `a small copy for measurements has the same layers`(_ family: FamilyCase) throws {
        var config = try MiphaConfig(folder: family.folder)
        config.vision = config.vision.shrunk(blocks: 2)
        config.language = config.language.shrunk(blocks: 1, vocabulary: 50)
        let small = try MiphaModel(config, source: DryRunSource()).store
        let whole = try family.model().store
        #expect(Set(small.names).isSubset(of: whole.names))
        #expect(small.facts.compactMap { $0.part == .language ? $0.block : nil }.max() == 0)
        #expect(small.facts.compactMap { $0.part == .tower ? $0.block : nil }.max() == 1)
    }
}
