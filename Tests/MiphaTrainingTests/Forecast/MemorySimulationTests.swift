import MiphaModels
import MiphaNN
import MiphaTorch
import MiphaTraining
import Testing

/// Predictions against sums done by hand.
struct MemorySimulationTests {
    private static let (rows, columns, width, heads) = (4, 100, 64, 4)
    /// What blocks take beside their elements, for the few dozen of a layer.
    private static let blocks = 32 * 112

    private func config(layers: Int, towerLayers: Int = 2, dropout: Double = 0) -> MiphaConfig {
        MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 48, intermediateSize: 192, layerCount: towerLayers + 1, headCount: 4,
                imageSize: 56, patchSize: 14),
            language: PhiConfig(
                vocabularySize: 500, hiddenSize: Self.width, intermediateSize: 4 * Self.width,
                layerCount: layers, headCount: Self.heads, partialRotaryFactor: 0.5,
                residualDropout: dropout))
    }

    private func facts(
        _ config: MiphaConfig, dtype: DType = .float32, learns: (String) -> Bool = { _ in true }
    ) throws -> MemoryFacts {
        let model = try MiphaModel(config, source: DryRunSource(dtype: dtype))
        var facts = MemoryFacts(
            config,
            parameters: model.store.facts.map { fact in
                MemoryFacts.Parameter(
                    fact, count: model.store.elementCount(of: fact.name),
                    learns: fact.isRun && learns(fact.name), width: dtype.byteCount)
            }, dtype: dtype)
        facts.updates = [[batch()]]
        return facts
    }

    private func batch() -> PlannedBatch {
        let sample = SampleShapes.Shape(
            words: Self.columns - 16, pictures: 1, supervised: 20, patches: 16)
        return PlannedBatch(Array(repeating: sample, count: Self.rows))
    }

    private func plan(_ facts: MemoryFacts) throws -> MemoryPlan {
        try MemorySimulation(facts).run()
    }

    private func part(_ name: String, _ facts: MemoryFacts) throws -> Int {
        try plan(facts).parts.first { $0.name == name }?.bytes ?? 0
    }

    private func isNear(_ found: Int, _ expected: Int) -> Bool {
        (expected...expected + Self.blocks).contains(found)
    }

    /// Bytes of one hidden state of the batch in float32.
    private var state: Int { Self.rows * Self.columns * Self.width * 4 }
    /// Bytes of the numbers that a norm and attention keep for each row.
    private var sums: Int { Self.rows * Self.columns * (2 + Self.heads) * 4 }

    // MARK: What stays

    @Test func `weights, moments and gradients are counted element by element`() throws {
        let config = config(layers: 2)
        let model = try MiphaModel(config, source: DryRunSource())
        let facts = try facts(config) { $0.hasPrefix("lm_head.") || $0.hasPrefix("model.mm") }
        let learning = 500 * 64 + 500 + 48 * 64 + 64 + 64 * 64 + 64
        #expect(try part("weights", facts) == model.store.byteCount)
        #expect(try part("moments", facts) == 8 * learning)
        #expect(try part("gradients", facts) == 4 * learning)
        #expect(try part("master weights", facts) == 0)
        #expect(try part("moving average", facts) == 0)
    }

    @Test func `bfloat16 halves weights and gradients and adds remainders`() throws {
        let config = config(layers: 2)
        let full = try facts(config), half = try facts(config, dtype: .bfloat16)
        #expect(try 2 * part("weights", half) == part("weights", full))
        #expect(try 2 * part("gradients", half) == part("gradients", full))
        #expect(try part("moments", half) == part("moments", full))
        #expect(try 4 * part("master weights", half) == part("moments", full))
        var averaged = half
        averaged.keepsAverage = true
        #expect(try 2 * part("master weights", averaged) == part("moments", full))
        #expect(try 2 * part("moving average", averaged) == part("moments", full))
    }

    @Test func `moments in 8 bits take two bytes and two scales of a block`() throws {
        let config = config(layers: 2)
        var facts = try facts(config) { $0.hasPrefix("lm_head.") || $0.hasPrefix("model.mm") }
        facts.updates = []
        facts.copiesCheckpoint = true
        let whole = try peak(.checkpoint, facts)
        facts.moments = .eightBit
        // The projector's first matrix and the biases are too small for codes.
        let (coded, blocks) = (500 * 64 + 64 * 64, 125 + 16)
        let expected = 2 * coded + 2 * 4 * blocks + 8 * (500 + 48 * 64 + 64 + 64)
        #expect(try part("moments", facts) == expected)
        // Once to train with, once for the checkpoint.
        let less = 2 * (6 * coded - 8 * blocks)
        let found = try whole - peak(.checkpoint, facts)
        #expect(abs(found - less) <= less / 25, "\(found) \(less)")
    }

    // MARK: Activations

    @Test func `a decoder block keeps ten states`() throws {
        // Norm, values, rotated queries and keys, attention, four of the inner layer, output.
        let more = try part("activations", facts(config(layers: 3)))
        let less = try part("activations", facts(config(layers: 2)))
        #expect(isNear(more - less, 10 * state + sums), "\(more - less) \(10 * state + sums)")
    }

    @Test func `dropout adds two masks to a block`() throws {
        let more = try part("activations", facts(config(layers: 3, dropout: 0.1)))
        let less = try part("activations", facts(config(layers: 2, dropout: 0.1)))
        #expect(isNear(more - less, 12 * state + sums))
    }

    @Test
    func `in bfloat16 a frozen block keeps neither its norm's output nor what learns from it`()
        throws
    {
        func kept(_ layers: Int) throws -> Int {
            try part(
                "activations",
                facts(config(layers: layers), dtype: .bfloat16) { $0.hasPrefix("model.mm") })
        }
        // The norm's two numbers of a row are bfloat16 too.
        let sums = Self.rows * Self.columns * (2 * 2 + Self.heads * 4)
        let (found, expected) = (try kept(3) - kept(2), 9 * state / 2 + sums)
        #expect(isNear(found, expected), "\(found) \(expected)")
    }

    @Test func `a tower block keeps twelve states`() throws {
        let more = try part("activations", facts(config(layers: 1, towerLayers: 3)))
        let less = try part("activations", facts(config(layers: 1, towerLayers: 2)))
        let own = 4 * 16 * 48 * 4
        #expect(isNear(more - less, 12 * own + 4 * 16 * (2 + 2 + 4) * 4))
    }

    @Test func `with checkpointing a block keeps its output alone`() throws {
        func kept(_ layers: Int) throws -> Int {
            var facts = try facts(config(layers: layers))
            facts.checkpointing = true
            return try part("activations", facts)
        }
        #expect(isNear(try kept(3) - kept(2), state))
    }

    @Test func `a mask is kept by every block`() throws {
        func kept(_ layers: Int) throws -> Int {
            var facts = try facts(config(layers: layers))
            facts.masksKeys = true
            return try part("activations", facts)
        }
        let mask = Self.rows * Self.columns * Self.columns * 4
        #expect(isNear(try kept(3) - kept(2), 10 * state + sums + mask))
    }

    // MARK: Phases

    private func peak(_ phase: MemoryPlan.Phase, _ facts: MemoryFacts) throws -> Int {
        try plan(facts).phases.first { $0.phase == phase }?.bytes ?? 0
    }

    @Test func `a copy for a checkpoint takes weights, moments and averages once more`() throws {
        var facts = try facts(config(layers: 4)) { !$0.contains("vision_tower") }
        facts.updates = []
        #expect(try peak(.checkpoint, facts) == 0)
        facts.copiesCheckpoint = true
        let before = try peak(.finish, facts)
        let learning = try part("moments", facts) / 8
        let copied = try peak(.checkpoint, facts) - before
        #expect(copied >= 0)
        facts.keepsAverage = true
        let more =
            try peak(.checkpoint, facts)
            - peak(
                .checkpoint,
                {
                    facts.keepsAverage = false; return facts
                }())
        #expect(more >= 8 * learning)
    }

    @Test func `updates within the backward pass never hold all gradients`() throws {
        var facts = try facts(config(layers: 24))
        facts.checkpointing = true
        facts.updates = [
            [PlannedBatch([.init(words: 20, pictures: 0, supervised: 4, patches: 16)])]
        ]
        let all = try peak(.backward, facts)
        facts.updatesInBackward = true
        let some = try peak(.backward, facts)
        #expect(try all - some > part("gradients", facts) / 2)
        #expect(try peak(.optimizer, facts) == 0)
    }

    @Test func `what the loader holds and the program take comes on top`() throws {
        var facts = try facts(config(layers: 2))
        let before = try peak(.backward, facts)
        facts.prefetched = 5_000_000
        facts.base = 70_000_000
        #expect(try peak(.backward, facts) == before + 75_000_000)
        #expect(try peak(.start, facts) < peak(.backward, facts) - 5_000_000)
    }

    @Test func `gradients of several micro-batches are summed in float32`() throws {
        var facts = try facts(config(layers: 12), dtype: .bfloat16)
        facts.updates = [[batch(), batch()]]
        let one = try peak(.optimizer, facts)
        facts.accumulation = 2
        #expect(try peak(.optimizer, facts) - one > part("gradients", facts) / 2)
    }
}
