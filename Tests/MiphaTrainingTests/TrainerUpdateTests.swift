import MiphaCheckpoints
import MiphaData
import MiphaNN
import MiphaTestSupport
import MiphaTraining
import Testing

/// What an update does to gradients and weights.
@Suite struct TrainerUpdateTests {
    private let conversations = [
        Conversation("<image>\nOne?", "yes", pictures: ["0.png"]),
        Conversation("Two?", "no it is rather a long answer"),
        Conversation("<image>\nThree?", "perhaps it is", pictures: ["1.png"]),
        Conversation("Four?", "a"),
    ]

    private func average(
        _ a: [String: [Float]], _ b: [String: [Float]], _ share: Double
    ) -> [String: [Float]] {
        a.merging(b) { x, y in
            zip(x, y).map { Float(share * Double($0) + (1 - share) * Double($1)) }
        }
    }

    @Test func `tokens weigh the same by token, micro-batches by micro-batch`() throws {
        let tiny = try TinyRun()
        func run(_ name: String, _ reduction: LossReduction) throws -> RunConfiguration {
            try tiny.on(name, conversations) { $0.lossReduction = reduction }
        }
        let order = try Trainer(run("token", .token)).plan.order(epoch: 0)
        let halves = try [0, 2].map { start in
            try appliedGradients(
                tiny.on("half-\(start)", order[start..<start + 2].map { conversations[$0] }) {
                    $0.accumulation = 1
                })
        }
        let progress = halves.compactMap(\.progress)
        let counts = progress.map { Double($0.supervisedTokens) }
        let tokenShare = counts[0] / (counts[0] + counts[1])
        #expect(abs(tokenShare - 0.5) > 0.05)
        for (reduction, share) in [(LossReduction.token, tokenShare), (.microBatch, 0.5)] {
            let found = try appliedGradients(run(reduction.rawValue, reduction))
            let expected = average(halves[0].gradients, halves[1].gradients, share)
            #expect(relativeDistance(found.gradients, expected) < 1e-6)
            let loss = share * progress[0].loss + (1 - share) * progress[1].loss
            #expect(abs((found.progress?.loss ?? 0) - loss) < 1e-6 * loss)
            #expect(abs((found.progress?.gradientNorm ?? 0) - norm(found.gradients)) < 1e-5)
        }
    }

    @Test func `four micro-batches of two equal one batch of eight`() throws {
        let tiny = try TinyRun()
        let eight = try appliedGradients(
            tiny.with {
                $0.batchSize = 8; $0.accumulation = 1; $0.outputFolder += "8"
            })
        let parts = try appliedGradients(
            tiny.with {
                $0.batchSize = 2; $0.accumulation = 4; $0.outputFolder += "2"
            })
        #expect(eight.progress?.supervisedTokens == parts.progress?.supervisedTokens)
        #expect(relativeDistance(parts.gradients, eight.gradients) < 1e-6)
        #expect(norm(eight.gradients) > 0.1)
    }

    @Test func `clipping shortens gradients to the bound and keeps their direction`() throws {
        let tiny = try TinyRun()
        let free = try appliedGradients(tiny.with { $0.outputFolder += "-free" })
        let length = norm(free.gradients)
        for bound in [length / 10, length * 2] {
            let clipped = try appliedGradients(
                tiny.with {
                    $0.maximumGradientNorm = bound
                    $0.outputFolder += "-\(bound)"
                })
            #expect(clipped.progress?.gradientNorm == free.progress?.gradientNorm)
            let expected = min(bound, length)
            #expect(abs(norm(clipped.gradients) - expected) < 1e-5 * expected)
            let scaled = free.gradients.mapValues { $0.map { $0 * Float(expected / length) } }
            #expect(relativeDistance(clipped.gradients, scaled) < 1e-5)
        }
    }

    @Test func `the z-loss adds its share to the gradients`() throws {
        let tiny = try TinyRun()
        func gradients(_ weight: Double) throws -> [String: [Float]] {
            try appliedGradients(
                tiny.with {
                    $0.zLoss = weight
                    $0.outputFolder += "-\(weight)"
                }
            ).gradients
        }
        func difference(
            _ a: [String: [Float]], _ b: [String: [Float]]
        ) -> [String: [Float]] {
            a.merging(b) { x, y in zip(x, y).map { $0 - $1 } }
        }
        let none = try gradients(0)
        let half = difference(try gradients(0.5), none)
        let whole = difference(try gradients(1), none)
        #expect(norm(half) > 0.1 * norm(none))
        #expect(relativeDistance(half.mapValues { $0.map { 2 * $0 } }, whole) < 1e-4)
    }

    @Test func `decay spares biases and norms`() throws {
        let tiny = try TinyRun()
        func trained(_ decay: Double) throws -> [String: [Float]] {
            let run = tiny.with {
                $0.optimizer.weightDecay = decay
                $0.outputFolder += "-\(decay)"
                $0.warmupRatio = 0
                $0.learningRate = 0.01
                $0.maximumSteps = 1
            }
            try progress(run)
            return try values(of: run.outputFolder)
        }
        let (plain, decayed) = try (trained(0), trained(0.5))
        let before = try values(of: tiny.run.model)
        let first = try appliedGradients(tiny.run).gradients
        for (name, start) in before {
            let (a, b) = (plain[name] ?? [], decayed[name] ?? [])
            let isExempt = name.hasSuffix(".bias") || name.contains("norm")
            let learns = first[name].map { $0.contains { $0 != 0 } } ?? false
            if isExempt || !learns {
                #expect(haveSameBits(a, b), "\(name)")
            } else {
                let worst = start.indices.reduce(Float(0)) {
                    max($0, abs(a[$1] - 0.005 * start[$1] - b[$1]))
                }
                #expect(worst < 1e-6, "\(name)")
                #expect(!haveSameBits(a, b), "\(name)")
            }
        }
    }

    private func values(of folder: String) throws -> [String: [Float]] {
        let checkpoint = try Checkpoint(folder: folder)
        var values: [String: [Float]] = [:]
        for name in checkpoint.names {
            if let (file, _) = checkpoint.find(name) { values[name] = try file.floats(name) }
        }
        return values
    }

    @Test(arguments: [
        ("align with head", TrainingStage.alignParity, true, false, false),
        ("frozen tower", .instruct, false, true, false),
        ("frozen backbone", .instruct, false, false, true),
        ("frozen tower and backbone", .instruct, false, true, true),
    ])
    func `the plan chooses what learns`(
        name: String, stage: TrainingStage, head: Bool, tower: Bool, backbone: Bool
    ) throws {
        let tiny = try TinyRun(samples: 3)
        let run = tiny.with {
            $0.stage = stage
            if tower { $0.tune[.tower] = .frozen }
            if backbone { $0.tune.merge([.language: .frozen, .head: .frozen]) { $1 } }
            $0.maximumSteps = 2
            $0.warmupRatio = 0
        }
        let trainer = try Trainer(run)
        _ = try trainer.train()
        let (before, after) = try (weights(of: run.model), weights(of: run.outputFolder))
        let changed = Set(before.keys.filter { before[$0] != after[$0] })
        func group(_ name: String) -> String {
            name.hasPrefix("model.vision_tower.")
                ? "tower"
                : name.hasPrefix("model.mm_projector.")
                    ? "projector"
                    : name.hasPrefix("lm_head.") ? "head" : "decoder"
        }
        var expected: Set = ["projector"]
        if head { expected.insert("head") }
        if stage == .instruct && !tower { expected.insert("tower") }
        if stage == .instruct && !backbone { expected.formUnion(["head", "decoder"]) }
        #expect(Set(changed.map(group)) == expected)
        #expect(Set(trainer.trainable.map(group)) == expected)
        #expect(changed.isSubset(of: trainer.trainable))
        for name in ["lm_head.weight", "lm_head.bias"] {
            #expect(changed.contains(name) == expected.contains("head"))
        }
    }

    @Test func `a text run of a frozen language model is refused`() throws {
        let tiny = try TinyRun()
        let run = try tiny.on("text", [Conversation("Hi", "Yes")]) {
            $0.stage = .sft
            $0.tune = [.language: .frozen, .head: .frozen]
        }
        let error = #expect(throws: (any Error).self) { try Trainer(run) }
        #expect(error.map { "\($0)".contains("nothing would learn") } == true)
    }
}
