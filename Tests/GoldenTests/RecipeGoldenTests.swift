import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Ten steps with groups, two unequal micro-batches, clipping, a `wsd` schedule and averaged weights
/// against a PyTorch loop (Tools/goldens/recipe.py).
@Suite struct RecipeGoldenTests {
    private let expected: GoldenFile
    private let model: MiphaModel
    private let plan: TrainingPlan
    private let trainable: [String]
    private let optimizer: AdamW
    private let average: WeightAverage
    private let schedule = LearningRateSchedule(
        shape: .wsd, base: 1, warmupSteps: 2, totalSteps: 10, decaySteps: 4)

    init() throws {
        expected = try GoldenCase.tiny.file("recipe.safetensors")
        let model = try GoldenCase.tiny.model(use: .training)
        self.model = model
        var run = RunConfiguration()
        run.tune = [.language: .last(1), .head: .frozen]
        run.learningRate = 1e-3
        run.learningRates = [.tower: 3e-4, .projector: 2e-3]
        run.weightDecays = [.tower: 0.1, .language: 0.05]
        let plan = try TrainingPlan(run)
        self.plan = plan
        let names = try plan.trainable(in: model)
        let chosen = Set(names)
        trainable = try model.store.train(where: chosen.contains)
        optimizer = try AdamW(
            parameters: model.store.parameters.filter { chosen.contains($0.name) },
            groups: { name in
                let part = plan[model.store.fact(name)?.part ?? .language]
                let isExempt =
                    name.hasSuffix(".bias") || name.contains("layernorm")
                    || name.contains("layer_norm")
                return AdamW.Group(
                    learningRate: part.learningRate, weightDecay: isExempt ? 0 : part.weightDecay)
            })
        average = try WeightAverage(decay: 0.9, weights: optimizer.weights())
    }

    private func microBatches() throws -> [MiphaBatch] {
        let whole = try GoldenInputs(GoldenCase.tiny.file("inputs.safetensors")).batch
        var picture = 0
        return try [0..<2, 2..<4].map { rows in
            let ids = Array(whole.ids[rows])
            let count = ids.joined().count { $0 == MarkerID.image }
            defer { picture += count }
            return MiphaBatch(
                ids: ids, labels: whole.labels.map { Array($0[rows]) },
                pixels: try whole.pixels?.narrowed(0, from: picture, length: count))
        }
    }

    @Test func `ten steps of the whole recipe equal the reference`() throws {
        let batches = try microBatches()
        let pass = SegmentedBackward()
        let groups = try expected.floats("group")
        let rates = try expected.floats("lr")
        let width = groups.count / 2
        let bases = (0..<width).map { Double(groups[2 * $0]) }
        var (losses, norms): ([Float], [Float]) = ([], [])
        for step in 0..<10 {
            for (place, base) in bases.enumerated() {
                let found = Float(base * schedule.factor(step))
                #expect(abs(found - rates[step * width + place]) < 1e-9)
            }
            let chains = try batches.map { try model.lossChain($0, dropout: nil) }
            #expect(Set(chains.map(\.supervisedCount)).count == 2)
            let scale = 1 / Double(chains.reduce(0) { $0 + $1.supervisedCount })
            let loss = try chains.reduce(0.0) {
                $0 + (try pass($1, scale: scale)) * scale
            }
            losses.append(Float(loss))
            let gradients = try optimizer.gradients()
            let norm = try Tensor.norm(of: gradients)
            norms.append(Float(norm))
            if norm > 5 { for gradient in gradients { try gradient.scale(by: 5 / (norm + 1e-6)) } }
            try optimizer.step(learningRate: schedule.factor(step))
            try average.update(optimizer.weights())
        }
        let curve = Tolerance.of(.trainingCurve)
        for comparison in [
            Comparison("losses", losses, try expected.floats("loss"), curve),
            Comparison("norms", norms, try expected.floats("norm"), curve),
        ] { #expect(comparison.passes, "\(comparison)") }
        for (what, found) in [("loss", losses), ("norm", norms)] {
            let apart = relativeDistance([what: found], [what: try expected.floats(what)])
            #expect(apart <= 1e-6, "\(what): relative distance \(apart)")
        }
        try compare("param", optimizer.weights())
        try compare("ema", average.state)
    }

    private func compare(_ kind: String, _ tensors: [(name: String, tensor: Tensor)]) throws {
        for (name, tensor) in tensors { try compare(kind, name, tensor) }
        let apart = try relativeDistance(tensors, in: expected, kind)
        #expect(apart <= 1e-6, "\(kind): relative distance \(apart)")
    }

    private func compare(_ kind: String, _ name: String, _ tensor: Tensor) throws {
        let values = try tensor.values(as: Float.self)
        let isNoise = name.hasSuffix("k_proj.bias")
        let tolerance = Tolerance.of(isNoise ? .trainedOnNoise : .trained)
        if expected.has("\(kind).\(name)") {
            let comparison = Comparison(
                name, values, try expected.floats("\(kind).\(name)"), tolerance)
            #expect(comparison.passes, "\(kind) \(comparison)")
        }
        let sums = [
            values.reduce(0.0) { $0 + Double($1) }, values.reduce(0.0) { $0 + abs(Double($1)) },
        ]
        let check = Comparison(
            "sums of \(kind) \(name)", sums.map(Float.init),
            try expected.floats("check.\(kind).\(name)"),
            Tolerance(
                relative: 1e-6,
                absolute: tolerance.absolute * Float(isNoise ? values.count : 1)))
        #expect(check.passes, "\(check)")
    }
}
