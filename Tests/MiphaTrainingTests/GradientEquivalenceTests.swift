import MiphaData
import MiphaTestSupport
import MiphaTraining
import Testing

/// One update's gradients, however its samples are cut into batches.
@Suite struct GradientEquivalenceTests {
    /// A way to go over eight samples in one update.
    struct Way: CustomTestStringConvertible {
        var batch = 8
        var packs = false
        /// Positions of a row; rows then make the update together.
        var budget: Int?

        var testDescription: String {
            let rows = budget.map { "rows of \($0)" } ?? "\(8 / batch) x \(batch)"
            return rows + (packs ? ", packed" : "")
        }
    }

    static let ways = [
        Way(), Way(batch: 4), Way(batch: 2), Way(batch: 1), Way(packs: true),
        Way(batch: 4, packs: true), Way(batch: 2, packs: true), Way(packs: true, budget: 300),
        Way(packs: true, budget: 440),
    ]

    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
    }

    /// Eight conversations, answers of unequal lengths or of one.
    private func conversations(pictures: Bool, isEven: Bool) -> [Conversation] {
        let counts = isEven ? Array(repeating: 3, count: 8) : [1, 9, 2, 5, 1, 12, 3, 7]
        let files = ["0.png", "1.png", nil, "2.png", "4.png", nil, "5.png", "6.png"]
        return zip(counts, files).enumerated().map { index, pair in
            let answer = Array(repeating: "word", count: pair.0).joined(separator: " ")
            guard pictures, let file = pair.1 else {
                return Conversation("Question \(index)?", answer)
            }
            return Conversation("<image>\nQuestion \(index)?", answer, pictures: [file])
        }
    }

    private func run(
        _ way: Way, _ data: [Conversation], _ reduction: LossReduction, _ name: String
    ) throws -> RunConfiguration {
        var run = try tiny.on("\(name)-\(way.testDescription)-\(reduction.rawValue)", data) {
            $0.batchSize = way.budget == nil ? way.batch : 1
            $0.accumulation = 8 / way.batch
            $0.packing = way.packs
            $0.packingBudget = way.budget
            $0.lossReduction = reduction
        }
        if way.budget != nil {
            run.accumulation = try #require(try Trainer(run).plan.packs?.count)
            #expect((2...7).contains(run.accumulation))
        }
        return run
    }

    /// The largest error of a tensor as a share of its norm; of hardly any gradient as one of all.
    private func worst(_ found: [String: [Float]], _ expected: [String: [Float]]) -> Double {
        let overall = norm(expected)
        return expected.map { name, values in
            let difference = zip(found[name] ?? [], values).map { $0 - $1 }
            return norm(["": difference]) / max(norm(["": values]), 1e-3 * overall)
        }.max() ?? .infinity
    }

    @Test(arguments: [true, false], [true, false])
    func `token-weighted gradients are one and the same`(pictures: Bool, isEven: Bool) throws {
        let data = conversations(pictures: pictures, isEven: isEven)
        let whole = try appliedGradients(run(Way(), data, .token, "whole"))
        #expect(norm(whole.gradients) > 0.1)
        for way in Self.ways {
            let found = try appliedGradients(run(way, data, .token, "cut"))
            #expect(found.progress?.supervisedTokens == whole.progress?.supervisedTokens)
            #expect(found.progress?.tokens == whole.progress?.tokens)
            let distance = relativeDistance(found.gradients, whole.gradients)
            #expect(distance <= 1e-6, "\(way.testDescription): \(distance)")
            let worst = worst(found.gradients, whole.gradients)
            #expect(worst <= 1e-6, "\(way.testDescription): \(worst)")
        }
    }

    @Test(arguments: [true, false])
    func `micro-batches weighed alike depend on the cut, not on packing`(pictures: Bool) throws {
        let data = conversations(pictures: pictures, isEven: false)
        let whole = try appliedGradients(run(Way(), data, .microBatch, "whole"))
        for batch in [8, 4, 2] {
            let padded = try appliedGradients(
                run(Way(batch: batch), data, .microBatch, "padded"))
            let packed = try appliedGradients(
                run(Way(batch: batch, packs: true), data, .microBatch, "packed"))
            #expect(worst(packed.gradients, padded.gradients) <= 1e-6)
            let distance = relativeDistance(padded.gradients, whole.gradients)
            #expect(batch == 8 ? distance == 0 : distance > 1e-2, "\(batch): \(distance)")
        }
        let even = conversations(pictures: pictures, isEven: true)
        let one = try appliedGradients(run(Way(), even, .token, "even"))
        for way in [Way(), Way(batch: 4), Way(batch: 2, packs: true)] {
            let found = try appliedGradients(run(way, even, .microBatch, "even"))
            #expect(relativeDistance(found.gradients, one.gradients) <= 1e-6)
        }
    }

    @Test(arguments: [false, true])
    func `checkpointing changes no bit`(packs: Bool) throws {
        let tiny = try TinyRun(dropout: 0.2)
        let runs = [false, true].map { checkpointing in
            tiny.with {
                $0.packing = packs
                $0.checkpointing = checkpointing
                $0.maximumSteps = 3
                $0.outputFolder += "-\(checkpointing)"
            }
        }
        let reports = try runs.map { try progress($0) }
        #expect(reports[0].map(\.loss) == reports[1].map(\.loss))
        #expect(try weights(of: runs[0].outputFolder) == weights(of: runs[1].outputFolder))
    }
}
