import MiphaModels
import MiphaNN
import MiphaTorch
import MiphaTraining
import Testing

/// Predictions of the planner that replayed a model of its own (docs/decisions/0014-forecast-on-meta.md).
struct FormerPlanTests {
    enum Kind: CaseIterable {
        case plain, checkpointing, packed

        /// The most bytes besides the program, and activations.
        var former: (peak: Int, activations: Int) {
            switch self {
            case .plain: (174_475_825, 21_860_576)
            case .checkpointing: (153_936_010, 2_310_656)
            case .packed: (176_108_795, 23_570_912)
            }
        }
    }

    private let config = MiphaConfig(
        vision: SigLIPConfig(
            hiddenSize: 48, intermediateSize: 192, layerCount: 3, headCount: 4, imageSize: 56,
            patchSize: 14),
        language: PhiConfig(
            vocabularySize: 51200, hiddenSize: 64, intermediateSize: 256, layerCount: 6,
            headCount: 4, partialRotaryFactor: 0.5, residualDropout: 0.1))

    @Test(arguments: Kind.allCases)
    func `the run's own code takes what the replayed model took`(kind: Kind) throws {
        let model = try MiphaModel(config, source: DryRunSource())
        #expect(model.store.byteCount == 28_214_144)
        var facts = MemoryFacts(
            config,
            parameters: model.store.facts.map {
                MemoryFacts.Parameter(
                    $0, count: model.store.elementCount(of: $0.name), learns: $0.isRun, width: 4)
            }, dtype: .float32)
        let sample = SampleShapes.Shape(words: 262, pictures: 1, supervised: 90, patches: 16)
        let batch = PlannedBatch(
            Array(repeating: sample, count: 4), packs: kind == .packed)
        facts.updates = [[batch]]
        facts.checkpointing = kind == .checkpointing
        facts.prefetched = 167_360
        let plan = try MemorySimulation(facts).run()
        func part(_ name: String) throws -> Int {
            try #require(plan.parts.first { $0.name == name }).bytes
        }
        let peak = try plan.peak.bytes - part("program")
        let activations = try part("activations")
        let former = kind.former
        #expect(abs(Double(peak) / Double(former.peak) - 1) < 0.01, "\(peak)")
        #expect(
            abs(Double(activations) / Double(former.activations) - 1) < 0.05, "\(activations)")
    }
}
