import Foundation
import MiphaCheckpoints
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Whole runs with adapters, from run file and images to the optimiser's state, against a PyTorch loop
/// around PEFT (Tools/goldens/adapter_training.py).
@Suite struct AdapterTrainingGoldenTests {
    /// A run file of the fixture.
    enum Case: String, CaseIterable, CustomTestStringConvertible {
        case lora, rslora, dora, qlora, int8
        case plainNF4 = "plain-nf4"
        case towerDoRA = "tower-dora"

        var testDescription: String { rawValue }

        var updates: Int { 10 }
    }

    private let temporary: TemporaryFolder
    private let base: String
    private static let source = PackagePaths.fixture("adapters/training")

    init() throws {
        temporary = try TemporaryFolder()
        base = try temporary.copy(of: PackagePaths.fixture("tokenizers/small"), named: "base")
        for name in ["config.json", "preprocessor_config.json", "model.safetensors"] {
            try FileManager.default.copyItem(
                atPath: "\(Self.source)/base/\(name)", toPath: "\(base)/\(name)")
        }
    }

    @Test func `ten updates of DPO over an NF4 base equal a loop around PEFT`() throws {
        let fixture = PackagePaths.fixture("preference-run")
        for name in ["config.json", "preprocessor_config.json", "model.safetensors"] {
            try FileManager.default.removeItem(atPath: "\(base)/\(name)")
            try FileManager.default.copyItem(
                atPath: "\(fixture)/\(name)", toPath: "\(base)/\(name)")
        }
        let output = temporary.file("out")
        let run = try RunConfiguration(
            contentsOf: "\(Self.source)/dpo-qlora.yaml",
            overrides: [
                "model=\(base)", "output_dir=\(output)", "data_path=\(fixture)/pairs.json",
                "image_folder=\(fixture)/images", "tensorboard=false",
            ])
        let expected = try AdapterGolden("training/dpo-qlora")
        let trainer = try Trainer(run, on: .underTest)
        #expect(trainer.model.store.quantized.count == 33)
        var reports: [TrainingProgress] = []
        #expect(try trainer.train(report: { reports.append($0) }) == .completed)
        #expect(reports.count == 10)
        var values: [String: [Float]] = [:]
        for name in trainer.trainable { values[name] = try trainer.model.store[name]?.values() }
        let reference = try SafetensorsFile(path: "\(output)/reference.safetensors")
            .floats("log_probabilities")
        func apart(_ name: String, _ found: [Float]) throws -> Double {
            relativeDistance([name: found], [name: try expected.floats(name)])
        }
        let distances = try [
            ("loss", apart("loss", reports.map { Float($0.loss) })),
            ("norm", apart("norm", reports.map { Float($0.gradientNorm) })),
            ("rate", apart("lr", reports.map { Float($0.learningRate) })),
            ("reference", apart("reference", reference)),
            ("values", relativeDistance(values, expected.all("value."))),
        ]
        for (what, distance) in distances {
            #expect(distance <= 1e-6, "\(what): relative distance \(distance)")
        }
    }

    private func run(_ golden: Case) throws -> RunConfiguration {
        try RunConfiguration(
            contentsOf: "\(Self.source)/\(golden.rawValue).yaml",
            overrides: [
                "model=\(base)", "output_dir=\(temporary.file("out"))",
                "data_path=\(Self.source)/data.json", "image_folder=\(Self.source)",
                "tensorboard=false",
            ])
    }

    private func state(_ step: Int, _ kind: String) throws -> [String: [Float]] {
        let path = "\(temporary.file("out"))/checkpoint-\(step)/optimizer.safetensors"
        let file = try SafetensorsFile(path: path)
        var found: [String: [Float]] = [:]
        for entry in file.entries where entry.name.hasPrefix(kind + ".") {
            found[String(entry.name.dropFirst(kind.count + 1))] = try file.floats(entry.name)
        }
        return found
    }

    @Test(arguments: Case.allCases)
    func `ten updates of a run equal a loop around PEFT`(_ golden: Case) throws {
        let run = try run(golden)
        let expected = try AdapterGolden("training/\(golden.rawValue)")
        let trainer = try Trainer(run, on: .underTest)
        var reports: [TrainingProgress] = []
        #expect(try trainer.train(report: { reports.append($0) }) == .completed)
        #expect(reports.count == golden.updates)
        let groups = ModelPart.allCases.filter { trainer.tuning[$0].mode != .frozen }
        let rates = reports.indices.flatMap { step in
            groups.map { Float(trainer.tuning[$0].learningRate * trainer.schedule.factor(step)) }
        }
        var values: [String: [Float]] = [:]
        for name in trainer.trainable { values[name] = try trainer.model.store[name]?.values() }
        func apart(_ name: String, _ found: [Float]) throws -> Double {
            relativeDistance([name: found], [name: try expected.floats(name)])
        }
        let first = try expected.all("moment.1.")
        let last = try expected.all("moment.").filter { !$0.key.hasPrefix("1.") }
        let distances = try [
            ("loss", apart("loss", reports.map { Float($0.loss) })),
            ("norm", apart("norm", reports.map { Float($0.gradientNorm) })),
            ("rate", apart("rate", rates)),
            ("first gradient", relativeDistance(state(1, "exp_avg"), first)),
            ("first moments", relativeDistance(state(golden.updates, "exp_avg"), last)),
            (
                "second moments",
                relativeDistance(state(golden.updates, "exp_avg_sq"), expected.all("square."))
            ),
            ("values", relativeDistance(values, expected.all("value."))),
        ]
        for (what, distance) in distances {
            // Gradients of float32, PyTorch's own too, are up to 1.2e-6 from those of float64;
            // losses, norms, rates and weights are nearer.
            let isNearer = ["loss", "norm", "rate", "values"].contains(what)
            let limit = isNearer ? 1e-6 : 2e-6
            #expect(distance <= limit, "\(what): relative distance \(distance)")
        }
    }
}
