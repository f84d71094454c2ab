import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs that break, stop and go on.
@Suite struct TrainerResumeTests {
    private func finished(_ tiny: TinyRun) throws -> [String: [UInt8]] {
        let run = tiny.with { $0.outputFolder = tiny.folder.file("uninterrupted") }
        try progress(run)
        return try weights(of: run.outputFolder)
    }

    /// Runs, spoils weights after update 3, and returns the error of update 4.
    private func spoiled(
        _ run: RunConfiguration, _ spoil: (Trainer) throws -> Void
    ) throws -> TrainingError? {
        let trainer = try Trainer(run)
        return #expect(throws: TrainingError.self) {
            _ = try trainer.train(report: { if $0.step == 3 { try spoil(trainer) } })
        }
    }

    @Test func `a loss that is not a number stops the run and keeps the last checkpoint`() throws {
        let tiny = try TinyRun()
        let error = try spoiled(tiny.run) { trainer in
            let bias = try #require(trainer.model.store["model.final_layernorm.bias"])
            try bias.assign(Tensor.full(bias.shape, .nan))
        }
        #expect(error?.code == .failed)
        let text = error?.description ?? ""
        #expect(
            text.hasPrefix("update 4: the loss is nan; no weight was changed; samples: s"),
            "\(text)")
        #expect(text.split(separator: ", ").count == 4)
        let names = try FileManager.default.contentsOfDirectory(atPath: tiny.run.outputFolder)
        #expect(names.filter { $0.hasPrefix("checkpoint-") } == ["checkpoint-2"])
        try progress(tiny.run)
        #expect(try weights(of: tiny.run.outputFolder) == finished(tiny))
    }

    @Test func `an infinite gradient of a finite loss stops the run too`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.batchSize = 1; $0.accumulation = 1; $0.maximumGradientNorm = 1
        }
        let error = try spoiled(run) { trainer in
            let head = try #require(trainer.model.store["lm_head.weight"])
            var random = SplitMix64(seed: 1)
            let huge = (0..<head.elementCount).map { _ in
                Float(Bool.random(using: &random) ? 3e38 : -3e38)
            }
            try head.assign(Tensor(huge, shape: head.shape))
            let scale = try #require(trainer.model.store["model.final_layernorm.weight"])
            try scale.assign(Tensor.full(scale.shape, 2e-38))
            let bias = try #require(trainer.model.store["model.final_layernorm.bias"])
            try bias.setZero()
        }
        #expect(error?.description.contains("update 4: the norm of the gradients is") == true)
    }

    @Test func `a run goes on from a checkpoint folder that is named, elsewhere`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 3)
        let elsewhere = tiny.with { $0.outputFolder = tiny.folder.file("elsewhere/deep") }
        let trainer = try Trainer(elsewhere, resume: .from("\(tiny.run.outputFolder)/checkpoint-3"))
        #expect(trainer.firstStep == 3)
        #expect(try trainer.train() == .completed)
        #expect(try weights(of: elsewhere.outputFolder) == finished(tiny))
        let folder = "\(elsewhere.outputFolder)/resolved.yaml"
        #expect(FileManager.default.fileExists(atPath: folder))
    }

    @Test func `the losses that spikes are held against go on`() throws {
        let tiny = try TinyRun()
        let whole = tiny.with { $0.outputFolder = tiny.folder.file("whole") }
        let losses = try progress(whole).map(\.loss)
        try progress(tiny.run, stoppingAfter: 3)
        try progress(tiny.run)
        let states = try [whole, tiny.run].map {
            try JSONValue(contentsOf: "\($0.outputFolder)/trainer_state.json")["recent_losses"]
        }
        #expect(states[0]?.arrayValue?.compactMap(\.doubleValue) == losses)
        #expect(states[1] == states[0])
    }

    @Test func `a validation left to be measured is passed over without its data`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.validationFiles = $0.dataFiles
            $0.evaluationSteps = 2
        }
        var asked = 0
        // Before each of two updates and their micro-batches, then in the validation.
        let outcome = try Trainer(run).train(shouldStop: {
            asked += 1
            return asked == 7
        })
        #expect(outcome == .stopped(step: 2))
        let rest = try progress(tiny.run)
        #expect(rest.map(\.step) == [3, 4, 5, 6])
        #expect(rest.allSatisfy { $0.validationLoss == nil })
        #expect(try weights(of: tiny.run.outputFolder) == finished(tiny))
    }

    @Test func `going back to an older checkpoint sets the newer ones aside`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.saveSteps = 1; $0.saveLimit = 9
        }
        try progress(run, stoppingAfter: 5)
        let narrow = tiny.with {
            $0.saveSteps = 1; $0.saveLimit = 1
        }
        let before = try weights(of: "\(run.outputFolder)/checkpoint-5")
        var notes: [String] = []
        var done = 0
        _ = try Trainer(narrow, resume: .from("\(run.outputFolder)/checkpoint-2")).train(
            shouldStop: { done > 0 }, report: { _ in done += 1 }, note: { notes.append($0) })
        let kept = [3, 4, 5].map { "checkpoint-\($0).set-aside" }
        #expect(try checkpoints(run) == ["checkpoint-3"] + kept)
        #expect(
            notes.contains {
                $0.contains("checkpoint-5 is kept as checkpoint-5.set-aside")
                    && $0.contains("the run goes on after update 2")
            }, "\(notes)")
        #expect(try weights(of: "\(run.outputFolder)/checkpoint-5.set-aside") == before)
        #expect(try Trainer(narrow).firstStep == 3)
        // A name that is taken is not used again.
        try progress(narrow, stoppingAfter: 1)
        try FileManager.default.copyItem(
            atPath: "\(run.outputFolder)/checkpoint-3.set-aside",
            toPath: "\(run.outputFolder)/checkpoint-3")
        try progress(
            narrow, resume: .from("\(run.outputFolder)/checkpoint-3"), stoppingAfter: 1)
        #expect(
            try checkpoints(run)
                == [kept[0], "checkpoint-4", kept[1], "checkpoint-4.set-aside-2", kept[2]])
        try progress(narrow)
        #expect(try weights(of: run.outputFolder) == finished(tiny))
        try progress(narrow, resume: .never, stoppingAfter: 1)
        #expect(try checkpoints(run) == ["checkpoint-1"])
    }

    private func checkpoints(_ run: RunConfiguration) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: run.outputFolder)
            .filter { $0.hasPrefix("checkpoint-") }.sorted()
    }

    @Test func `an output folder that is not a folder does not start over`() throws {
        let tiny = try TinyRun(samples: 4)
        try AtomicFile.write("a file", to: tiny.run.outputFolder)
        let error = #expect(throws: FileError.self) { try Trainer(tiny.run) }
        #expect(
            error.map { "\($0)".contains("cannot list folder \(tiny.run.outputFolder)") } == true)
    }

    @Test func `another number of samples is refused`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        guard case .array(var items) = try JSONValue(contentsOf: tiny.run.dataFiles[0])
        else { return }
        items.removeLast()
        try JSONValue.array(items).write(to: tiny.run.dataFiles[0])
        let error = #expect(throws: CheckpointError.self) { try Trainer(tiny.run) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("checkpoint-2/trainer_state.json: samples: expected 11"), "\(text)")
    }

    @Test func `settings that change no weight may change on the way`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 3)
        let run = tiny.with {
            $0.saveSteps = 0; $0.loggingSteps = 2; $0.saveLimit = 5
        }
        try progress(run)
        #expect(try weights(of: run.outputFolder) == finished(tiny))
    }

    @Test(arguments: ["0", "7", "-3", "9223372036854775807", "null", "\"4\""])
    func `a checkpoint with an impossible step is refused`(step: String) throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        let path = "\(tiny.run.outputFolder)/checkpoint-2/trainer_state.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("\"step\": 2"))
        try AtomicFile.write(text.replacing("\"step\": 2", with: "\"step\": \(step)"), to: path)
        try CheckpointChecksums.write("\(tiny.run.outputFolder)/checkpoint-2")
        let error = #expect(throws: (any Error).self) { try Trainer(tiny.run) }
        #expect(error.map { "\($0)".contains("trainer_state.json: step") } == true)
    }

    @Test(arguments: [
        "optimizer.safetensors", "trainer_state.json", "model.safetensors", "config.json",
    ])
    func `a checkpoint with a file missing or cut is refused by its name`(file: String) throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        let path = "\(tiny.run.outputFolder)/checkpoint-2/\(file)"
        let bytes = try #require(FileManager.default.contents(atPath: path))
        try AtomicFile.write([UInt8](bytes.dropLast(bytes.count / 2)), to: path)
        let cut = #expect(throws: (any Error).self) { try Trainer(tiny.run) }
        #expect(cut.map { "\($0)".contains(file) } == true)
        try FileManager.default.removeItem(atPath: path)
        let missing = #expect(throws: (any Error).self) { try Trainer(tiny.run) }
        #expect(missing.map { "\($0)".contains("checkpoint-2") } == true)
    }

    @Test func `a checkpoint and the result are whole model folders`() throws {
        let tiny = try TinyRun(samples: 4)
        for name in ["generation_config.json", "processor_config.json"] {
            try AtomicFile.write("{}", to: "\(tiny.run.model)/\(name)")
        }
        try AtomicFile.write(
            #require(ChatFormat.named("phi").jinja), to: "\(tiny.run.model)/chat_template.jinja")
        try progress(tiny.run)
        let files = FileManager.default
        let expected = try files.contentsOfDirectory(atPath: tiny.run.model)
        #expect(expected.contains("tokenizer.json"))
        for folder in [tiny.run.outputFolder, "\(tiny.run.outputFolder)/checkpoint-6"] {
            #expect(try Set(files.contentsOfDirectory(atPath: folder)).isSuperset(of: expected))
        }
        let again = tiny.with {
            $0.model = tiny.run.outputFolder
            $0.outputFolder += "-2"
        }
        #expect(try progress(again).count == 6)
    }

    @Test func `no more checkpoints are kept than asked for`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.saveSteps = 1; $0.saveLimit = 2; $0.maximumSteps = 5
        }
        try progress(run)
        let names = try FileManager.default.contentsOfDirectory(atPath: run.outputFolder)
        #expect(
            names.filter { $0.hasPrefix("checkpoint-") }.sorted() == [
                "checkpoint-4", "checkpoint-5",
            ])
    }
}
