import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Ten optimiser steps against PyTorch's AdamW under a warm-up and cosine schedule.
@Suite struct TrainingGoldenTests {
    @Test(arguments: [GoldenCase.tiny, .square], [false, true])
    func `ten steps of training equal the reference`(
        _ golden: GoldenCase, _ checkpointing: Bool
    ) throws {
        let expected = try golden.file("adamw.safetensors")
        let numbers = try expected.floats("schedule").map(Double.init)
        let schedule = LearningRateSchedule(
            base: 1e-3, warmupSteps: Int(numbers[1]), totalSteps: Int(numbers[2]))
        #expect(Float(numbers[0]) == Float(schedule.base))
        let rates = try expected.floats("lr")
        #expect(rates.indices.map { Float(schedule($0)) } == rates)

        let model = try golden.model(use: .training)
        try model.store.train { _ in true }
        let initial = try Dictionary(
            uniqueKeysWithValues: model.store.parameters.map {
                ($0.name, try $0.tensor.values(as: Float.self))
            })
        let optimizer = try AdamW(
            parameters: model.store.parameters,
            options: AdamW.Options(weightDecay: Double(expected.scalar("weight_decay"))))
        let batch = try GoldenInputs(golden.file("inputs.safetensors")).batch
        let pass = SegmentedBackward(checkpointing: checkpointing)
        var (losses, norms): ([Float], [Float]) = ([], [])
        var withGradient: Set<String> = []
        for step in rates.indices {
            let chain = try model.lossChain(batch, dropout: nil)
            let scale = 1 / Double(chain.supervisedCount)
            let sum = try pass(chain, scale: scale)
            losses.append(Float(sum * scale))
            norms.append(Float(try Tensor.norm(of: optimizer.gradients())))
            for (name, tensor) in model.store.parameters where try tensor.gradient() != nil {
                withGradient.insert(name)
            }
            try optimizer.step(learningRate: schedule(step))
            #expect(try optimizer.gradients().isEmpty)
        }
        try compare(losses, norms, expected)
        let chain = try model.lossChain(batch, dropout: nil)
        let sum = try withoutGradients { try chain.segments.run(chain.input) }.item()
        let final = Comparison(
            "final loss", [Float(sum / Double(chain.supervisedCount))],
            try expected.floats("final_loss"), Tolerance.of(.trainingCurve))
        #expect(final.passes, "\(final)")
        for (name, tensor) in model.store.parameters {
            let values = try tensor.values(as: Float.self)
            if !withGradient.contains(name) {
                #expect(haveSameBits(values, initial[name] ?? []), "\(name) was touched")
            }
            try compare(name, values, expected)
        }
        let apart = try relativeDistance(model.store.parameters, in: expected, "param")
        #expect(apart <= 1e-6, "weights: relative distance \(apart)")
    }

    /// Compares losses and norms of all steps.
    private func compare(_ losses: [Float], _ norms: [Float], _ expected: GoldenFile) throws {
        let curve = Tolerance.of(.trainingCurve)
        for comparison in [
            Comparison("losses", losses, try expected.floats("loss"), curve),
            Comparison("norms", norms, try expected.floats("norm"), curve),
        ] { #expect(comparison.passes, "\(comparison)") }
        for (what, found) in [("loss", losses), ("norm", norms)] {
            let apart = relativeDistance([what: found], [what: try expected.floats(what)])
            #expect(apart <= 1e-6, "\(what): relative distance \(apart)")
        }
    }

    /// Compares a parameter's values, or else their sum and sum of magnitudes.
    private func compare(_ name: String, _ values: [Float], _ expected: GoldenFile) throws {
        let isNoise = name.hasSuffix("k_proj.bias")
        let tolerance = Tolerance.of(isNoise ? .trainedOnNoise : .trained)
        if expected.has("param.\(name)") {
            let comparison = Comparison(
                name, values, try expected.floats("param.\(name)"), tolerance)
            #expect(comparison.passes, "\(comparison)")
        }
        let sums = [
            values.reduce(0.0) { $0 + Double($1) }, values.reduce(0.0) { $0 + abs(Double($1)) },
        ]
        let check = Comparison(
            "sums of \(name)", sums.map(Float.init), try expected.floats("check.\(name)"),
            Tolerance(
                relative: 1e-6,
                absolute: tolerance.absolute * Float(isNoise ? values.count : 1)))
        #expect(check.passes, "\(check)")
    }
}
