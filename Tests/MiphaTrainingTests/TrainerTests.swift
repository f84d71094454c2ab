import Foundation
import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

@Suite struct TrainerTests {
    private func train(
        _ run: RunConfiguration, resume: Trainer.Resume = .auto, stoppingAfter limit: Int? = nil
    ) throws -> TrainingOutcome {
        var last = 0
        return try Trainer(run, resume: resume).train(
            shouldStop: { limit.map { last >= $0 } ?? false }, report: { last = $0.step })
    }

    @Test(arguments: [DType.float32, .bfloat16], [0.0, 0.1])
    func `a run stopped twice and resumed ends with the weights of an uninterrupted one`(
        dtype: DType, dropout: Double
    ) throws {
        let tiny = try TinyRun(dropout: dropout)
        let whole = tiny.with {
            $0.outputFolder = tiny.folder.file("whole"); $0.dtype = dtype
        }
        let parts = tiny.with {
            $0.outputFolder = tiny.folder.file("parts"); $0.dtype = dtype
        }
        #expect(try train(whole) == .completed)
        #expect(try train(parts, stoppingAfter: 1) == .stopped(step: 1))
        #expect(try train(parts, stoppingAfter: 4) == .stopped(step: 4))
        #expect(try train(parts) == .completed)
        #expect(try weights(of: whole.outputFolder) == weights(of: parts.outputFolder))
        let metrics = try String(
            contentsOfFile: "\(parts.outputFolder)/metrics.jsonl", encoding: .utf8)
        let steps = try metrics.split(separator: "\n").map {
            try JSONValue(parsing: String($0))["step"]?.integerValue
        }
        #expect(steps == [1, 2, 3, 4, 5, 6])
    }

    @Test func `the loss of a few samples falls`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.maximumSteps = 60
            $0.learningRate = 5e-3
            $0.accumulation = 1
            $0.batchSize = 4
            $0.saveSteps = 0
        }
        var losses: [Double] = []
        _ = try Trainer(run).train(report: { losses.append($0.loss) })
        #expect(losses[0] > 5)
        #expect(losses[59] < 0.5)
    }

    @Test(arguments: TrainingStage.allCases.filter { $0 != .instructLoRA })
    func `a stage changes its own parameters only`(stage: TrainingStage) throws {
        let tiny = try TinyRun(samples: 4)
        let text = tiny.folder.file("text.json")
        try AtomicFile.write(
            #"[{"id": 1, "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yes"}]}]"#,
            to: text)
        let pairs = try tiny.preference()
        let run = tiny.with {
            $0.stage = stage
            $0.maximumSteps = 2
            $0.warmupRatio = 0
            $0.template = "phi"
            if stage == .sft { $0.dataFiles = [text] }
            if stage == .preference { $0.dataFiles = pairs.dataFiles }
        }
        _ = try train(run)
        let before = try weights(of: run.model)
        let after = try weights(of: run.outputFolder)
        let unused = [
            "model.vision_tower.vision_model.encoder.layers.2.",
            "model.vision_tower.vision_model.post_layernorm.",
            "model.vision_tower.vision_model.head.",
        ]
        for (name, bytes) in before {
            let isTower = name.hasPrefix("model.vision_tower.")
            let isProjector = name.hasPrefix("model.mm_projector.")
            let learns =
                switch stage {
                case .align: isProjector
                case .alignParity: isProjector || name.hasPrefix("lm_head.")
                case .sft, .preference: !isTower && !isProjector
                case .instruct, .instructLoRA: !unused.contains { name.hasPrefix($0) }
                }
            // Attention scores do not change when all keys move together: k_proj.bias has gradient 0
            // but for rounding, so it may or may not move.
            if learns && name.hasSuffix("k_proj.bias") { continue }
            #expect((after[name] != bytes) == learns, "\(name)")
        }
    }

    @Test func `a checkpoint of another run is refused with the setting that differs`() throws {
        let tiny = try TinyRun()
        _ = try train(tiny.run, stoppingAfter: 2)
        let changed = tiny.with { $0.learningRate = 2e-3 }
        let error = #expect(throws: TrainingError.self) { try train(changed) }
        #expect(error?.description.contains("learning_rate was 0.001 and is 0.002") == true)
        #expect(try train(changed, resume: .never) == .completed)
    }

    @Test func `a complete run is left alone`() throws {
        let tiny = try TinyRun(samples: 4)
        #expect(try train(tiny.run) == .completed)
        let before = try weights(of: tiny.run.outputFolder)
        #expect(try train(tiny.run) == .alreadyComplete)
        #expect(try weights(of: tiny.run.outputFolder) == before)
    }

    @Test func `a checkpoint that was cut off is ignored and replaced`() throws {
        let tiny = try TinyRun()
        let reference = tiny.with { $0.outputFolder = tiny.folder.file("reference") }
        _ = try train(reference)
        _ = try train(tiny.run, stoppingAfter: 3)
        let partial = "\(tiny.run.outputFolder)/checkpoint-4.partial"
        try FileManager.default.createDirectory(
            atPath: partial, withIntermediateDirectories: true)
        try AtomicFile.write("cut", to: "\(partial)/model.safetensors")
        #expect(try train(tiny.run) == .completed)
        #expect(try weights(of: tiny.run.outputFolder) == weights(of: reference.outputFolder))
        #expect(!FileManager.default.fileExists(atPath: partial))
    }

    @Test func `a missing image is named with its sample's file`() throws {
        let tiny = try TinyRun()
        try FileManager.default.removeItem(atPath: "\(tiny.run.imageFolder)/0.png")
        let run = tiny.with { $0.maximumSteps = 3 }
        let error = #expect(throws: (any Error).self) { try train(run) }
        #expect(error.map { "\($0)".contains("images/0.png") } == true)
    }
}
