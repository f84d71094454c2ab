import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTraining
import Testing

/// Ten updates of whole runs on pairs of answers against a loop after TRL
/// (Tools/goldens/preference_run.py): files, template, tokens, pixels, order, objective, clipping,
/// schedule and optimiser.
@Suite struct PreferenceReferenceTests {
    private let folder: TemporaryFolder
    private let base: RunConfiguration

    init() throws {
        folder = try TemporaryFolder()
        let model = try folder.copy(of: PackagePaths.fixture("tokenizers/small"), named: "base")
        let fixture = PackagePaths.fixture("preference-run")
        for name in ["config.json", "model.safetensors", "preprocessor_config.json"] {
            try FileManager.default.copyItem(
                atPath: "\(fixture)/\(name)", toPath: "\(model)/\(name)")
        }
        var run = RunConfiguration()
        run.model = model
        run.stage = .preference
        run.dataFiles = ["\(fixture)/pairs.json"]
        run.imageFolder = "\(fixture)/images"
        run.batchSize = 2
        run.accumulation = 2
        run.maximumSteps = 10
        run.learningRate = 1e-3
        run.optimizer.epsilon = 1e-5
        run.warmupRatio = 0.2
        run.optimizer.weightDecay = 0.05
        run.maximumGradientNorm = 1
        run.tensorBoard = false
        base = run
    }

    private static let objectives: [PreferenceOptions.Objective] = [.dpo, .ipo, .simpo]

    private func run(
        _ objective: PreferenceOptions.Objective, checkpointing: Bool
    ) -> RunConfiguration {
        var run = base
        run.outputFolder = folder.file(objective.rawValue)
        run.checkpointing = checkpointing
        run.preference.objective = objective
        switch objective {
        case .dpo:
            run.preference.beta = 0.1
            run.preference.smoothing = 0.1
        case .ipo: run.preference.beta = 0.2
        case .simpo:
            run.preference.beta = 2
            run.preference.gamma = 0.7
            run.preference.smoothing = 0.05
            run.learningRate = 2e-4
            run.tune = [.tower: .full, .projector: .full]
        }
        return run
    }

    private func expected(_ objective: PreferenceOptions.Objective) throws -> SafetensorsFile {
        try SafetensorsFile(
            path: PackagePaths.fixture("preference-run/\(objective.rawValue).safetensors"))
    }

    /// Norm of the difference over the norm of what is expected.
    private func distance(_ found: [Float], _ expected: [Float]) -> Double {
        relativeDistance(["": found], ["": expected])
    }

    @Test(arguments: objectives, [false, true])
    func `ten updates equal the reference`(
        _ objective: PreferenceOptions.Objective, _ checkpointing: Bool
    ) throws {
        let run = run(objective, checkpointing: checkpointing)
        let expected = try expected(objective)
        let reports = try progress(run)
        func compare(_ name: String, _ limit: Double, _ value: (TrainingProgress) -> [Double])
            throws
        {
            let found = reports.flatMap(value).map(Float.init)
            let distance = try distance(found, expected.floats(name))
            #expect(distance <= limit, "\(name): \(distance)")
        }
        try compare("loss", 1e-6) { [$0.loss] }
        try compare("lr", 1e-7) { [$0.learningRate] }
        // PyTorch's own norms in float32 are up to 1.6e-6 from these, which are of float64.
        try compare("norm", 2e-6) { [$0.gradientNorm] }
        try compareFigures(reports, expected, beta: run.preference.beta)
        if objective != .simpo {
            let file = try SafetensorsFile(path: "\(run.outputFolder)/reference.safetensors")
            let found = try file.floats("log_probabilities")
            let distance = try distance(found, expected.floats("reference"))
            #expect(distance <= 1e-6, "reference: \(distance)")
        }
        try compareWeights(run, expected)
    }

    /// Means of rewards and log-probabilities, and which answers are preferred where they differ: before
    /// the first update that learns they do so by rounding alone.
    ///
    /// A reward is `beta` times a difference of log-probabilities, and as exact as those.
    private func compareFigures(
        _ reports: [TrainingProgress], _ expected: SafetensorsFile, beta: Double
    ) throws {
        let names = try #require(reports.first).figures.map(\.name)
        let accuracies = try #require(names.firstIndex(of: "rewards/accuracies"))
        let wanted = try expected.floats("figures")
        let scale = norm(["": reports.indices.map { wanted[($0 + 1) * names.count - 1] }])
        for (place, name) in names.enumerated() where place != accuracies {
            let errors = reports.enumerated().map { step, report in
                Float(report.figures[place].value) - wanted[step * names.count + place]
            }
            let limit = 1e-6 * scale * (name.hasPrefix("rewards/") ? beta : 1)
            #expect(norm(["": errors]) <= limit, "\(name): \(errors)")
        }
        for step in 2..<reports.count {
            #expect(
                Float(reports[step].figures[accuracies].value)
                    == wanted[step * names.count + accuracies])
        }
    }

    /// All weights by sum and norm, some by every value; biases of keys have no gradient but rounding.
    private func compareWeights(_ run: RunConfiguration, _ expected: SafetensorsFile) throws {
        let found = try SafetensorsFile(path: "\(run.outputFolder)/model.safetensors")
        let base = try SafetensorsFile(path: "\(run.model)/model.safetensors")
        var (values, wanted): ([String: [Float]], [String: [Float]]) = ([:], [:])
        var checked = 0
        for name in found.entries.map(\.name) where !name.hasSuffix("k_proj.bias") {
            let own = try found.floats(name)
            guard expected.entry("check.\(name)") != nil else {
                #expect(try own == base.floats(name), "\(name)")
                continue
            }
            checked += 1
            let check = try expected.floats("check.\(name)")
            let norm = norm([name: own])
            let sum = own.reduce(0.0) { $0 + Double($1) }
            let size = Double(check[1])
            #expect(abs(norm - size) <= 1e-6 * size, "\(name): norm \(norm), not \(size)")
            let slack = 1e-6 * size * Double(own.count).squareRoot()
            #expect(abs(sum - Double(check[0])) <= slack, "\(name): sum \(sum), not \(check[0])")
            if expected.entry("param.\(name)") != nil {
                values[name] = own
                wanted[name] = try expected.floats("param.\(name)")
            }
        }
        #expect(checked > 20 && values.count >= 3)
        let distance = relativeDistance(values, wanted)
        #expect(distance <= 1e-6, "weights: \(distance)")
    }
}
