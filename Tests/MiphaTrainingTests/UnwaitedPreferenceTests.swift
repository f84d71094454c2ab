import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Losses of pairs that are computed where the model is, against those of the CPU in float64.
@Suite struct UnwaitedPreferenceTests {
    private static let losses: [PreferenceLoss] = [
        .dpo(beta: 0.1), .dpo(beta: 0.5, smoothing: 0.2), .ipo(beta: 0.4),
        .simpo(beta: 2, gamma: 1), .simpo(beta: 2, gamma: 1, smoothing: 0.1),
    ]

    private func kind(_ loss: PreferenceLoss) -> PairLosses.Kind {
        switch loss {
        case .dpo(let beta, let smoothing): .dpo(beta: beta, smoothing: smoothing)
        case .ipo(let beta): .ipo(beta: beta)
        case .simpo(let beta, let gamma, let smoothing):
            .simpo(beta: beta, gamma: gamma, smoothing: smoothing)
        }
    }

    private func isNear(_ a: Double, _ b: Double, _ tolerance: Double = 2e-6) -> Bool {
        abs(a - b) <= tolerance * (1 + abs(b))
    }

    @Test(arguments: losses)
    func `losses, slopes and figures are those of float64`(_ loss: PreferenceLoss) throws {
        var random = SplitMix64(seed: 5)
        let rows = 40
        let answers = (0..<rows).map { _ in
            AnswerLikelihood(
                logProbability: Double(Float.random(in: -90...0, using: &random)),
                tokens: .random(in: 1...30, using: &random))
        }
        // As far from what float32 holds as can be.
        let reference = answers.map {
            $0.logProbability + Double.random(in: -2...2, using: &random)
        }
        let sums = try Tensor(answers.map { Float(-$0.logProbability) }).uploaded(to: .underTest)
        let facts = try Tensor(
            PairLosses.facts(reference: reference, counts: answers.map(\.tokens))
        ).uploaded(to: .underTest)
        let found = try Functions.pairLosses(sums, facts: facts, kind(loss))
        #expect(found.loss.device == .underTest && found.loss.rank == 0)
        var slopes: [Double] = []
        var totals = [Double](repeating: 0, count: 6)
        for pair in stride(from: 0, to: rows, by: 2) {
            let (chosen, rejected) = (answers[pair], answers[pair + 1])
            let value = loss(
                chosen: chosen, rejected: rejected,
                reference: (reference[pair], reference[pair + 1]))
            slopes += [value.chosenSlope, value.rejectedSlope]
            func shown(_ answer: AnswerLikelihood) -> Double {
                loss.needsReference
                    ? answer.logProbability : answer.logProbability / Double(answer.tokens)
            }
            let own = [
                value.loss, value.chosenReward, value.rejectedReward, value.margin > 0 ? 1 : 0,
                shown(chosen), shown(rejected),
            ]
            totals = zip(totals, own).map { $0 + $1 }
        }
        for (one, other) in zip(try found.slopes.values(as: Double.self), slopes) {
            #expect(isNear(one, other), "\(one) \(other)")
        }
        let numbers = try Tensors.items(of: [found.loss] + found.figures)
        #expect(numbers.count == totals.count)
        for (one, other) in zip(numbers, totals) {
            #expect(isNear(one, other, 1e-5), "\(numbers) \(totals)")
        }
    }

    @Test(arguments: losses)
    func `the gradients of a pass are those of the pass that waits`(_ loss: PreferenceLoss) throws {
        let tiny = try TinyModel(dropout: 0)
        try tiny.model.store.train { _ in true }
        let pairs = PreferenceBatch(
            rows: try tiny.batch(answers: [2, 5, 3, 1], pictures: true),
            reference: loss.needsReference ? [-9.1, -20.25, -13.4, -4.7] : [])
        var outcome = PreferenceOutcome()
        let expected = try SegmentedBackward()(
            tiny.model.preferenceChain(pairs, loss: loss, dropout: nil) { outcome = $0 },
            scale: 0.5)
        let gradients = try tiny.takeGradients()
        var figures: [Tensor] = []
        let value = try SegmentedBackward()(
            tiny.model.preferenceChain(unwaited: pairs, loss: loss) { figures = $0 }, scale: 0.5)
        #expect(isNear(value, expected), "\(value) \(expected)")
        let found = try tiny.takeGradients()
        #expect(found.count == gradients.count)
        for (name, expected) in gradients {
            let own = try #require(found[name])
            let largest = expected.reduce(0) { max($0, abs($1)) }
            for (one, other) in zip(own, expected) {
                #expect(abs(one - other) <= 1e-5 * largest + 1e-9, "\(name)")
            }
        }
        let numbers = try Tensors.items(of: figures)
        #expect(isNear(numbers[0], outcome.chosenRewards))
        #expect(isNear(numbers[1], outcome.rejectedRewards))
        #expect(numbers[2] == Double(outcome.preferred))
    }

    @Test func `rows that are not pairs are refused`() throws {
        let tiny = try TinyModel()
        let odd = try tiny.batch(answers: [2, 3, 4], pictures: false)
        #expect(throws: TrainingError.self) {
            try tiny.model.preferenceChain(
                unwaited: PreferenceBatch(rows: odd), loss: .simpo(beta: 1, gamma: 0)
            ) { _ in }
        }
        let sums = try Tensor.zeros([3], device: .underTest)
        let facts = try Tensor.zeros([6], dtype: .int64, device: .underTest)
        #expect(throws: TensorError.self) {
            try Functions.pairLosses(sums, facts: facts, .ipo(beta: 1))
        }
    }
}
