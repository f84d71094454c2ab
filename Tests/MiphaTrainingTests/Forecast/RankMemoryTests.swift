import MiphaModels
import MiphaNN
import MiphaTorch
import MiphaTraining
import Testing

/// Predictions for one of several processes against sums done by hand.
struct RankMemoryTests {
    private static let world = 2
    private let config = MiphaConfig(
        vision: SigLIPConfig(
            hiddenSize: 48, intermediateSize: 192, layerCount: 3, headCount: 4, imageSize: 56,
            patchSize: 14),
        language: PhiConfig(
            vocabularySize: 500, hiddenSize: 64, intermediateSize: 256, layerCount: 24,
            headCount: 4, partialRotaryFactor: 0.5))

    private func plan(
        _ mode: ShardingMode, dtype: DType = .float32, accumulation: Int = 2,
        learns: @escaping (String) -> Bool = { _ in true }
    ) throws -> MemoryPlan {
        let model = try MiphaModel(config, source: DryRunSource(dtype: dtype))
        // Parts of the tower that features are not taken from never run.
        let learns = { (fact: ParameterFact) in fact.isRun && learns(fact.name) }
        func described(_ isWanted: (ParameterFact) -> Bool) -> [ShardLayout.Parameter] {
            model.store.facts.filter(isWanted).map {
                .init(
                    name: $0.name, shape: model.store[$0.name]?.shape ?? [], dtype: dtype,
                    place: $0.place)
            }
        }
        var facts = MemoryFacts(
            config,
            parameters: model.store.facts.map { fact in
                MemoryFacts.Parameter(
                    fact, count: model.store.elementCount(of: fact.name), learns: learns(fact),
                    width: dtype.byteCount)
            }, dtype: dtype)
        let batch = PlannedBatch([
            SampleShapes.Shape(words: 5, pictures: 1, supervised: 4, patches: 16)
        ])
        facts.updates = [Array(repeating: batch, count: accumulation)]
        facts.accumulation = accumulation
        facts.checkpointing = true
        facts.job = try MemoryFacts.Job(
            mode: mode, worldSize: Self.world, segments: model.segmentPlaces(),
            parameters: described(learns), frozen: described { !learns($0) })
        return try MemorySimulation(facts).run()
    }

    private func part(_ name: String, _ plan: MemoryPlan) -> Int {
        plan.parts.first { $0.name == name }?.bytes ?? 0
    }

    private func peak(_ plan: MemoryPlan) -> Int {
        plan.phases.filter { [.forward, .backward, .optimizer].contains($0.phase) }
            .map(\.bytes).max() ?? 0
    }

    private func isNear(_ found: Int, _ expected: Int, within share: Double = 0.01) -> Bool {
        abs(Double(found - expected)) <= share * Double(expected)
    }

    /// Elements of a decoder block, the largest segment.
    private let block = 12 * 64 * 64 + 5 * 64 + 256 + 2 * 64

    @Test func `each mode shares out one part more`() throws {
        let whole = try plan(.none)
        for (mode, shared) in [
            (ShardingMode.none, [] as Set), (.zero1, ["moments"]),
            (.zero2, ["moments", "gradients"]), (.zero3, ["moments", "gradients", "weights"]),
        ] {
            let plan = try plan(mode)
            for name in ["weights", "moments", "gradients", "activations"] {
                let expected = part(name, whole) / (shared.contains(name) ? Self.world : 1)
                #expect(isNear(part(name, plan), expected), "\(mode) \(name)")
            }
        }
    }

    @Test func `two segments are gathered and a unit of gradients is on its way`() throws {
        let largest = 4 * block
        let zero3 = try plan(.zero3)
        #expect(isNear(part("gathered weights", zero3), 2 * largest))
        #expect(isNear(part("gradients on their way", zero3), 2 * largest))
        let none = try plan(.none)
        #expect(part("gathered weights", none) == 0)
        #expect(isNear(part("gradients on their way", none), 3 * largest))
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `the peak falls from mode to mode by what is shared out`(dtype: DType) throws {
        let peaks = try ShardingMode.allCases.map { try peak(plan($0, dtype: dtype)) }
        let parts = try ShardingMode.allCases.map { mode in
            let plan = try plan(mode, dtype: dtype)
            return ["weights", "gathered weights", "master weights", "moments"]
                .reduce(0) { $0 + part($1, plan) }
        }
        for (more, less) in [(0, 1), (1, 2), (2, 3)] {
            #expect(peaks[less] < peaks[more], "\(peaks)")
        }
        // Beside parts that stay, the modes differ by gradients.
        let saved = try part("moments", plan(.none)) / 2 / Self.world
        #expect(isNear(peaks[0] - peaks[1], parts[0] - parts[1], within: 0.15), "\(peaks)")
        #expect(isNear(peaks[1] - peaks[2], saved, within: 0.2), "\(peaks)")
        #expect(isNear(peaks[2] - peaks[3], parts[2] - parts[3], within: 0.2), "\(peaks)")
    }

    @Test func `frozen weights are shared out where weights are`() throws {
        let isProjector = { (name: String) in name.contains("mm_projector") }
        let none = try plan(.none, learns: isProjector)
        let zero2 = try plan(.zero2, learns: isProjector)
        let zero3 = try plan(.zero3, learns: isProjector)
        #expect(part("weights", zero2) == part("weights", none))
        #expect(isNear(part("weights", zero3), part("weights", none) / Self.world))
        #expect(peak(zero3) < peak(zero2))
    }

    @Test func `the first process collects the whole model at the end`() throws {
        let plan = try plan(.zero3)
        let last = plan.phases.first { $0.phase == .finish }?.bytes ?? 0
        let model = try MiphaModel(config, source: DryRunSource()).store.byteCount
        let parts = ["program", "weights", "moments"].reduce(model) { $0 + part($1, plan) }
        #expect((parts...parts + parts / 4).contains(last), "\(last) \(parts)")
    }
}
