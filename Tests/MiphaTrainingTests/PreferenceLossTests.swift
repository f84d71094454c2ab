import MiphaFiles
import MiphaModels
import MiphaTraining
import Testing

@Suite struct PreferenceLossTests {
    private static let losses: [PreferenceLoss] = [
        .dpo(beta: 0.1), .dpo(beta: 0.5, smoothing: 0.2), .ipo(beta: 0.4),
        .simpo(beta: 2, gamma: 1),
    ]

    @Test(arguments: losses)
    func `slopes are the derivatives of the loss`(loss: PreferenceLoss) {
        var random = SplitMix64(seed: 3)
        for _ in 0..<200 {
            let chosen = likelihood(&random)
            let rejected = likelihood(&random)
            let reference = (
                chosen: Double.random(in: -40...0, using: &random),
                rejected: Double.random(in: -40...0, using: &random)
            )
            func value(_ a: Double, _ b: Double) -> Double {
                var (x, y) = (chosen, rejected)
                x.logProbability += a
                y.logProbability += b
                return loss(chosen: x, rejected: y, reference: reference).loss
            }
            let found = loss(chosen: chosen, rejected: rejected, reference: reference)
            let step = 1e-5
            let slopes = (
                (value(step, 0) - value(-step, 0)) / (2 * step),
                (value(0, step) - value(0, -step)) / (2 * step)
            )
            #expect(abs(found.chosenSlope - slopes.0) < 1e-6 * (1 + abs(slopes.0)))
            #expect(abs(found.rejectedSlope - slopes.1) < 1e-6 * (1 + abs(slopes.1)))
        }
    }

    private func likelihood(_ random: inout SplitMix64) -> AnswerLikelihood {
        AnswerLikelihood(
            logProbability: .random(in: -40...0, using: &random),
            tokens: .random(in: 1...12, using: &random))
    }

    @Test func `a policy that equals its reference starts at log 2`() {
        let value = PreferenceLoss.dpo(beta: 0.1)(
            chosen: AnswerLikelihood(logProbability: -7, tokens: 3),
            rejected: AnswerLikelihood(logProbability: -2, tokens: 9), reference: (-7, -2))
        #expect(abs(value.loss - 0.693147180559945) < 1e-14 && value.margin == 0)
    }

    @Test func `huge differences stay finite`() {
        for loss in Self.losses {
            for sum in [-1e6, 1e6] {
                let value = loss(
                    chosen: AnswerLikelihood(logProbability: sum, tokens: 1),
                    rejected: AnswerLikelihood(logProbability: -3, tokens: 2))
                #expect(value.loss.isFinite && value.chosenSlope.isFinite)
            }
        }
    }

    @Test func `rows that are not pairs are refused`() throws {
        let tiny = try TinyModel()
        let odd = try tiny.batch(answers: [2, 3, 4], pictures: false)
        #expect(throws: TrainingError.self) {
            try tiny.model.preferenceChain(
                PreferenceBatch(rows: odd), loss: .simpo(beta: 1, gamma: 0), dropout: nil)
        }
        let even = try tiny.batch(answers: [2, 3], pictures: false)
        #expect(throws: TrainingError.self) {
            try tiny.model.preferenceChain(
                PreferenceBatch(rows: even, reference: [0]), loss: .dpo(beta: 1), dropout: nil)
        }
    }
}
