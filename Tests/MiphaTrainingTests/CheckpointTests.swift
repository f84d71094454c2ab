import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Checkpoints that are kept, damaged or cannot be written.
@Suite struct CheckpointTests {
    private func names(_ run: RunConfiguration) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: run.outputFolder)
            .filter { $0.hasPrefix("checkpoint-") }.sorted()
    }

    private func whole(_ tiny: TinyRun, _ run: RunConfiguration) throws -> [String: [UInt8]] {
        var reference = run
        reference.outputFolder = tiny.folder.file("whole")
        try progress(reference)
        return try weights(of: reference.outputFolder)
    }

    @Test(arguments: [
        "model.safetensors", "optimizer.safetensors", "trainer_state.json", "config.json",
        "tokenizer.json",
    ])
    func `a damaged checkpoint is passed over for the one before`(file: String) throws {
        let tiny = try TinyRun(dropout: 0.1)
        try progress(tiny.run, stoppingAfter: 5)
        #expect(try names(tiny.run) == ["checkpoint-4", "checkpoint-5"])
        let path = "\(tiny.run.outputFolder)/checkpoint-5/\(file)"
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[bytes.count / 2] ^= 1
        try AtomicFile.write(bytes, to: path)
        let trainer = try Trainer(tiny.run)
        #expect(trainer.firstStep == 4)
        #expect(trainer.incidents.map(\.kind) == [.checkpointDamaged])
        #expect(trainer.description.contains { $0.contains("checkpoint-5/\(file): damaged") })
        #expect(try names(tiny.run) == ["checkpoint-4", "checkpoint-5"])
        #expect(try trainer.train() == .completed)
        #expect(try weights(of: tiny.run.outputFolder) == whole(tiny, tiny.run))
        #expect(
            try names(tiny.run) == ["checkpoint-4", "checkpoint-5.set-aside", "checkpoint-6"])
        let kept = try Data(
            contentsOf: URL(filePath: path.replacing("-5/", with: "-5.set-aside/")))
        #expect([UInt8](kept) == bytes)
        let incidents = try String(
            contentsOfFile: "\(tiny.run.outputFolder)/incidents.jsonl", encoding: .utf8)
        #expect(incidents.contains("checkpoint_damaged"))
        #expect(incidents.contains("checkpoint-5 is kept as checkpoint-5.set-aside"))
    }

    @Test func `a checkpoint that is named must be whole`() throws {
        let tiny = try TinyRun(samples: 4)
        try progress(tiny.run, stoppingAfter: 2)
        let folder = "\(tiny.run.outputFolder)/checkpoint-2"
        try FileManager.default.removeItem(atPath: "\(folder)/optimizer.safetensors")
        let error = #expect(throws: TrainingError.self) {
            try Trainer(tiny.run, resume: .from(folder))
        }
        #expect(error?.description.contains("optimizer.safetensors: missing") == true)
        try FileManager.default.removeItem(atPath: "\(folder)/checksums.json")
        #expect(throws: TrainingError.self) { try Trainer(tiny.run) }
    }

    @Test(arguments: [true, false])
    func `averages go on to the bit`(background: Bool) throws {
        let tiny = try TinyRun(dropout: 0.1)
        let run = tiny.with {
            $0.averageDecay = 0.8
            $0.dtype = .bfloat16
            $0.savesInBackground = background
        }
        let reference = try whole(tiny, run)
        for limit in [1, 2, 1] { try progress(run, stoppingAfter: limit) }
        try progress(run)
        #expect(try weights(of: run.outputFolder) == reference)
        let (found, expected) = (
            try weights(of: "\(run.outputFolder)/ema"),
            try weights(of: tiny.folder.file("whole/ema"))
        )
        #expect(found == expected)
        #expect(found != reference)
    }

    @Test func `the average is the one of the formula`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.averageDecay = 0.75
            $0.warmupRatio = 0
        }
        let trainer = try Trainer(run)
        let name = "lm_head.weight"
        let weight = try #require(trainer.model.store[name])
        var expected: [Float] = try weight.values()
        _ = try trainer.train(report: { _ in
            let now: [Float] = try weight.values()
            expected = zip(expected, now).map { 0.75 * $0 + 0.25 * $1 }
        })
        let checkpoint = try Checkpoint(folder: "\(run.outputFolder)/ema")
        let (file, _) = try #require(checkpoint.find(name))
        let found = try file.floats(name)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(try MiphaModel(folder: "\(run.outputFolder)/ema").store.names.count > 10)
    }

    @Test func `the best checkpoint is kept beside the newest`() throws {
        let tiny = try TinyRun()
        let question = "Which word is it?"
        let known = Conversation(question, "word word")
        let learned = try tiny.on("learned", [known]) {
            $0.batchSize = 1
            $0.accumulation = 1
            $0.learningRate = 5e-3
            $0.maximumSteps = 150
            $0.saveSteps = 0
        }
        let before = try #require(progress(learned).last?.loss)
        try #require(before < 0.1)
        // The model unlearns what it knew, so that the loss on it is lowest after the first update.
        let run = try tiny.on("unlearned", [Conversation(question, "number")]) {
            $0.model = learned.outputFolder
            $0.validationFiles = learned.dataFiles
            $0.evaluationSteps = 1
            $0.keepsBest = true
            $0.saveSteps = 1
            $0.saveLimit = 1
            $0.batchSize = 1
            $0.accumulation = 1
            $0.warmupRatio = 0
            $0.schedule = .constant
            $0.maximumSteps = 4
        }
        let losses = try progress(run).compactMap(\.validationLoss)
        #expect(losses.count == 4)
        #expect(losses == losses.sorted() && losses[0] < losses[3], "\(losses)")
        let state = try JSONValue(contentsOf: "\(run.outputFolder)/trainer_state.json")
        #expect(state["best"]?["step"] == 1)
        #expect(try Set(names(run)) == ["checkpoint-1", "checkpoint-4"])
    }

    @Test func `what a crash left half done is cleared away`() throws {
        let tiny = try TinyRun(samples: 4)
        try progress(tiny.run, stoppingAfter: 2)
        for name in ["checkpoint-9.partial", "checkpoint-1.replaced"] {
            try FileManager.default.createDirectory(
                atPath: "\(tiny.run.outputFolder)/\(name)", withIntermediateDirectories: true)
        }
        try progress(tiny.run)
        #expect(try names(tiny.run) == ["checkpoint-4", "checkpoint-6"])
    }

    @Test(arguments: [true, false])
    func `a checkpoint that cannot be written is recorded and training goes on`(
        background: Bool
    ) throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.savesInBackground = background
            $0.maximumSteps = 9
        }
        let reference = try whole(tiny, run)
        var notes: [String] = []
        let trainer = try Trainer(run)
        _ = try trainer.train(
            report: { progress in
                // A file stands where checkpoint-4 belongs.
                if progress.step == 3 {
                    try AtomicFile.write("in the way", to: "\(run.outputFolder)/checkpoint-4")
                }
            }, note: { notes.append($0) })
        #expect(notes.count { $0.contains("checkpoint-4 could not be written") } == 1, "\(notes)")
        #expect(try weights(of: run.outputFolder) == reference)
        let incidents = try String(
            contentsOfFile: "\(run.outputFolder)/incidents.jsonl", encoding: .utf8)
        #expect(incidents.contains("checkpoint_failed"))
        #expect(try Set(names(run)).isSuperset(of: ["checkpoint-6", "checkpoint-8"]))
    }

    @Test func `a stop between micro-batches leaves no trace in the weights`() throws {
        let tiny = try TinyRun(dropout: 0.1)
        let run = tiny.with {
            $0.batchSize = 1
            $0.accumulation = 4
            // The checkpoint is then the one that the stop writes.
            $0.saveSteps = 0
        }
        let reference = try whole(tiny, run)
        var asked = 0
        // One question before an update and one before each of its micro-batches.
        let outcome = try Trainer(run).train(shouldStop: {
            asked += 1
            return asked > 13
        })
        #expect(outcome == .stopped(step: 2))
        #expect(try Trainer(run).firstStep == 2)
        try progress(run)
        #expect(try weights(of: run.outputFolder) == reference)
    }
}
