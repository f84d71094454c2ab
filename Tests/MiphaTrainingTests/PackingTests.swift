import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Samples that stand in one row one after another.
@Suite struct PackingTests {
    private let tiny: TinyModel

    init() throws {
        tiny = try TinyModel(dropout: 0)
    }

    private func learn(_ batch: MiphaBatch) throws -> (loss: Double, gradients: [String: [Float]]) {
        try tiny.model.store.train { _ in true }
        let chain = try tiny.model.lossChain(batch, dropout: nil)
        let loss = try SegmentedBackward()(chain, scale: 1)
        return (loss, try tiny.takeGradients())
    }

    @Test(
        arguments: [[[0, 1, 2, 3, 4]], [[3, 0], [4, 1, 2]], [[2], [0, 1, 3, 4]]], [true, false])
    func `loss and gradients of packed rows are those of a row each`(
        rows: [[Int]], pictures: Bool
    ) throws {
        let batch = try tiny.batch(answers: [3, 7, 1, 5, 2], pictures: pictures)
        let plain = try learn(batch)
        var packed = batch
        packed.packing = rows
        let result = try learn(packed)
        #expect(abs(result.loss - plain.loss) <= 1e-6 * plain.loss)
        #expect(Set(result.gradients.keys) == Set(plain.gradients.keys))
        // The tower's key biases have no influence: their gradients are rounding, measured by all.
        let overall = plain.gradients.values.joined().map(abs).max() ?? 0
        for (name, expected) in plain.gradients {
            let found = try #require(result.gradients[name])
            let largest = expected.map(abs).max() ?? 0
            let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
            #expect(error <= 1e-6 * max(largest, 1e-4 * overall), "\(name): \(error) of \(largest)")
        }
    }

    @Test func `a word of one sample changes nothing in another`() throws {
        var batch = try tiny.batch(answers: [3, 4], pictures: false)
        batch.packing = [[0, 1]]
        let first = batch.ids[0].count
        let before = try tiny.model.logits(batch).values(as: Float.self)
        batch.ids[0][0] = (batch.ids[0][0] + 1) % 97
        let after = try tiny.model.logits(batch).values(as: Float.self)
        #expect(before[..<(first * 97)] != after[..<(first * 97)])
        #expect(before[(first * 97)...] == after[(first * 97)...])
    }

    @Test func `the first word of a sample is never learned from the sample before`() throws {
        let plan = try SplicePlan(
            ids: [[5, 6], [7, 8, 9]], labels: [[5, 6], [7, 8, 9]], tokensPerImage: 1, imageCount: 0,
            packing: [[1, 0]])
        #expect(plan.supervised.targets == [8, 9, 6])
        #expect(plan.supervised.positions == [0, 1, 3])
        #expect(plan.layout.positions == [[0, 1, 2, 0, 1]])
    }

    @Test(arguments: [[[0]], [[0, 0], [1]], [[0, 2]], [[0, 1], []]])
    func `rows that do not hold every sample once are refused`(rows: [[Int]]) throws {
        let isWhole = rows.joined().sorted() == [0, 1]
        func plan() throws -> SplicePlan {
            try SplicePlan(
                ids: [[5, 6], [7, 8]], tokensPerImage: 1, imageCount: 0, packing: rows)
        }
        if isWhole {
            #expect(try plan().rows == rows.count)
        } else {
            #expect(throws: SpliceError.self) { try plan() }
        }
    }
}
