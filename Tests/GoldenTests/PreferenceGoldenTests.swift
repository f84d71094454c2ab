import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Three optimiser steps on pairs of answers against PyTorch with TRL's formulas.
@Suite struct PreferenceGoldenTests {
    private let expected: GoldenFile
    private let rows: MiphaBatch

    init() throws {
        expected = try GoldenFile("../preference/preference.safetensors")
        let all = try Tensor(expected.floats("pixel_values"), shape: expected.shape("pixel_values"))
        // The blocks of the text-only pair stand for no image.
        rows = MiphaBatch(
            ids: try expected.rows("ids"), labels: try expected.rows("labels"),
            pixels: try all.narrowed(0, from: 0, length: 2))
    }

    @Test(
        arguments: [
            ("dpo", PreferenceLoss.dpo(beta: 0.3, smoothing: 0.1)), ("ipo", .ipo(beta: 0.3)),
            ("simpo", .simpo(beta: 2, gamma: 0.7)),
        ], [false, true])
    func `three steps equal the reference`(
        _ objective: (name: String, loss: PreferenceLoss), _ checkpointing: Bool
    ) throws {
        let (name, loss) = objective
        let model = try GoldenCase.square.model(use: .training)
        let reference = try model.answerLikelihoods(rows).map(\.logProbability)
        let known = Comparison(
            "reference", reference.map(Float.init), try expected.floats("reference"),
            .of(.activation))
        #expect(known.passes, "\(known)")
        try model.store.train { _ in true }
        let optimizer = try AdamW(parameters: model.store.parameters)
        let pass = SegmentedBackward(checkpointing: checkpointing)
        var losses: [Float] = []
        var margins: [Float] = []
        for step in 0..<3 {
            var outcome = PreferenceOutcome()
            let chain = try model.preferenceChain(
                PreferenceBatch(rows: rows, reference: reference), loss: loss, dropout: nil
            ) { outcome = $0 }
            let value = try pass(chain, scale: 0.5)
            #expect(abs(value - outcome.loss) <= 1e-6 * abs(value))
            losses.append(Float(value / 2))
            let sums = outcome.logProbabilities
            margins += [Float(sums[0] - sums[1]), Float(sums[2] - sums[3])]
            if step == 0 { try compare("grad", name, model) { try $0.gradient() } }
            try optimizer.step(learningRate: 1e-3)
        }
        for comparison in [
            Comparison("losses", losses, try expected.floats("\(name).loss"), .of(.trainingCurve)),
            Comparison(
                "margins", margins, try expected.floats("\(name).margins"), .of(.trainingCurve)),
        ] { #expect(comparison.passes, "\(comparison)") }
        try compare("param", name, model) { $0 }
    }

    private func compare(
        _ what: String, _ objective: String, _ model: MiphaModel,
        _ find: (Tensor) throws -> Tensor?
    ) throws {
        let prefix = "\(objective).\(what)."
        let names = expected.names.filter { $0.hasPrefix(prefix) }
        #expect(names.count == 3)
        for name in names {
            let parameter = try #require(model.store[String(name.dropFirst(prefix.count))])
            let found = try #require(try find(parameter))
            let comparison = Comparison(
                name, try found.values(as: Float.self), try expected.floats(name),
                what == "grad" ? .of(.gradient) : .of(.trained))
            #expect(comparison.passes, "\(comparison)")
        }
    }
}
