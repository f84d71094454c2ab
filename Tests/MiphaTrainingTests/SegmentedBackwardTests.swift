import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

@Suite struct SegmentedBackwardTests {
    /// Sets of trainable parts.
    enum Plan: String, CaseIterable {
        case everything, frozenTower, frozenLanguageModel, languageModelBlocks

        func trains(_ name: String) -> Bool {
            let isTower = name.hasPrefix("model.vision_tower.")
            let isProjector = name.hasPrefix("model.mm_projector.")
            return switch self {
            case .everything: true
            case .frozenTower: !isTower
            case .frozenLanguageModel: isTower || isProjector
            case .languageModelBlocks: name.hasPrefix("model.layers.1.")
            }
        }
    }

    private let scale = 0.37

    /// Loss and gradients of one autograd graph over the whole chain.
    private func inOnePiece(
        _ tiny: TinyModel, _ batch: MiphaBatch
    ) throws -> (loss: Double, gradients: [String: [Float]]) {
        let chain = try tiny.model.lossChain(
            batch, dropout: RandomGenerator(seed: 7, device: .underTest))
        let loss = try withGradients { () throws(TensorError) in
            try chain.segments.run(chain.input)
        }
        try (loss * scale).backward()
        return (try loss.item(), try tiny.takeGradients())
    }

    private func inSegments(
        _ tiny: TinyModel, _ batch: MiphaBatch, trainable: [String], checkpointing: Bool
    ) throws -> (loss: Double, gradients: [String: [Float]], generator: [UInt8]) {
        let generator = try RandomGenerator(seed: 7, device: .underTest)
        let chain = try tiny.model.lossChain(batch, dropout: generator)
        let backward = SegmentedBackward(checkpointing: checkpointing)
        let loss = try backward(chain, scale: scale, dropout: generator)
        return (loss, try tiny.takeGradients(), try generator.state().values(as: UInt8.self))
    }

    @Test(arguments: Plan.allCases, [true, false])
    func `gradients by segments equal those of one graph to the bit`(
        plan: Plan, pictures: Bool
    ) throws {
        if plan == .frozenLanguageModel && !pictures { return }
        let tiny = try TinyModel()
        let batch = try tiny.batch(answers: [1, 4, 2], pictures: pictures)
        let trainable = try tiny.model.store.train(where: plan.trains)
        let whole = try inOnePiece(tiny, batch)
        let kept = try inSegments(tiny, batch, trainable: trainable, checkpointing: false)
        let again = try inSegments(tiny, batch, trainable: trainable, checkpointing: true)
        #expect(kept.loss == whole.loss)
        #expect(again.loss == whole.loss)
        #expect(!whole.gradients.isEmpty)
        for found in [kept.gradients, again.gradients] {
            #expect(Set(found.keys) == Set(whole.gradients.keys))
            for (name, expected) in whole.gradients {
                #expect(haveSameBits(found[name] ?? [], expected), "\(name)")
            }
        }
        #expect(kept.generator == again.generator, "checkpointing must not disturb the masks")
        #expect(whole.gradients.keys.allSatisfy(plan.trains))
    }

    @Test func `dropout is drawn and differs from none`() throws {
        let tiny = try TinyModel()
        let batch = try tiny.batch(answers: [2, 2], pictures: true)
        let trainable = try tiny.model.store.train { _ in true }
        let dropped = try inSegments(tiny, batch, trainable: trainable, checkpointing: true)
        let chain = try tiny.model.lossChain(batch, dropout: nil)
        let plain = try SegmentedBackward()(chain, scale: scale)
        #expect(dropped.loss != plain)
    }

    @Test(arguments: [false, true])
    func `a batch without images leaves a lone projector without gradient`(
        checkpointing: Bool
    ) throws {
        let tiny = try TinyModel()
        let trainable = try tiny.model.store.train(where: Plan.frozenLanguageModel.trains)
        let found = try inSegments(
            tiny, tiny.batch(answers: [3, 1], pictures: false), trainable: trainable,
            checkpointing: checkpointing)
        #expect(found.loss > 0)
        #expect(found.gradients.isEmpty)
    }

    @Test func `a batch without supervised tokens has no loss and no gradient`() throws {
        let tiny = try TinyModel()
        let trainable = try tiny.model.store.train { _ in true }
        let found = try inSegments(
            tiny, tiny.batch(answers: [0, 0], pictures: true), trainable: trainable,
            checkpointing: false)
        #expect(found.loss == 0)
        #expect(found.gradients.isEmpty)
    }

    @Test func `eight samples at once equal four times two by tokens`() throws {
        let tiny = try TinyModel(dropout: 0)
        let batch = try tiny.batch(answers: [1, 7, 2, 2, 5, 1, 3, 9], pictures: true)
        try tiny.model.store.train { _ in true }
        let total = batch.supervisedCount
        func add(_ part: MiphaBatch, _ scale: Double) throws -> Double {
            let chain = try tiny.model.lossChain(part, dropout: nil)
            return try SegmentedBackward()(chain, scale: scale) * scale
        }
        let loss = try add(batch, 1 / Double(total))
        let whole = try tiny.takeGradients()
        var losses = 0.0
        for start in [0, 2, 4, 6] {
            losses += try add(batch.rows(start..<start + 2), 1 / Double(total))
        }
        let parts = try tiny.takeGradients()
        #expect(total == 30)
        #expect(abs(loss - losses) < 1e-6 * loss)
        #expect(relativeDistance(parts, whole) < 1e-6)
    }
}
