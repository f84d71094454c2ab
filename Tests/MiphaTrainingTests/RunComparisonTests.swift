import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// Which runs may go on from a checkpoint.
@Suite struct RunComparisonTests {
    /// Changes the run that the newest checkpoint says it is of, and its number of processes.
    private func rewrite(
        _ run: RunConfiguration, step: Int = 2, processes: Int = 1,
        _ change: (JSONObject) -> JSONObject
    ) throws {
        let folder = "\(run.outputFolder)/checkpoint-\(step)"
        guard case .object(var state) = try JSONValue(contentsOf: "\(folder)/trainer_state.json")
        else { return }
        state["run"] = .object(change(try #require(state["run"]?.objectValue)))
        state["world_size"] = .integer(processes)
        try JSONValue.object(state).write(to: "\(folder)/trainer_state.json")
        try CheckpointChecksums.write(folder)
    }

    /// The same run with its paths as seen from the working folder.
    private func relative(_ run: RunConfiguration) -> RunConfiguration {
        let here = FileManager.default.currentDirectoryPath
        let up = here.split(separator: "/").map { _ in ".." }.joined(separator: "/")
        var run = run
        run.model = up + run.model
        run.outputFolder = up + run.outputFolder
        run.imageFolder = up + run.imageFolder + "/."
        run.dataFiles = run.dataFiles.map { up + $0 }
        return run
    }

    @Test func `the run file in the folder goes on with what the user's began`() throws {
        let tiny = try TinyRun()
        let run = relative(tiny.run)
        let whole = tiny.with { $0.outputFolder = tiny.folder.file("whole") }
        try progress(whole)
        try progress(run, stoppingAfter: 3)
        let state = try JSONValue(
            contentsOf: "\(run.outputFolder)/checkpoint-3/trainer_state.json")
        #expect(state["run"]?["template"] == "phi")
        #expect(state["run"]?["model"]?.stringValue?.hasPrefix("/") == true)
        let resolved = try RunConfiguration(contentsOf: "\(run.outputFolder)/resolved.yaml")
        #expect(resolved != run && resolved.template == "phi")
        let trainer = try Trainer(resolved)
        #expect(trainer.firstStep == 3)
        try progress(resolved, stoppingAfter: 1)
        #expect(try Trainer(run).firstStep == 4)
        try progress(run)
        #expect(try weights(of: run.outputFolder) == weights(of: whole.outputFolder))
        #expect(try Trainer(resolved).train() == .alreadyComplete)
    }

    @Test func `a checkpoint with the words of the run file goes on`() throws {
        let tiny = try TinyRun()
        let run = relative(tiny.run)
        try progress(run, stoppingAfter: 2)
        // As earlier versions wrote it.
        try rewrite(run) { _ in run.json.merging(["dataloader_drop_last": false]) }
        let resolved = try RunConfiguration(contentsOf: "\(run.outputFolder)/resolved.yaml")
        #expect(try Trainer(resolved).firstStep == 2)
        #expect(try Trainer(run).firstStep == 2)
        let changed = tiny.with { $0.template = "plain" }
        let error = #expect(throws: TrainingError.self) { try Trainer(changed) }
        #expect(error?.description.contains("template was \"phi\" and is \"plain\"") == true)
    }

    @Test func `a key that is newer than the checkpoint has its default there`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        let newer = ["z_loss", "label_smoothing", "packing_budget", "lora_r", "max_grad_norm"]
        try rewrite(tiny.run) { JSONObject($0.members.filter { !newer.contains($0.key) }) }
        #expect(try Trainer(tiny.run).firstStep == 2)
        let error = #expect(throws: TrainingError.self) {
            try Trainer(tiny.with { $0.maximumGradientNorm = 0.5 })
        }
        #expect(
            error?.description.contains("other settings: max_grad_norm was 0.0 and is 0.5;")
                == true, "\(String(describing: error))")
    }

    @Test func `a key of a newer version is named, and so is a value that no run has`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        try rewrite(tiny.run) { $0.merging(["fancy_optimizer": ["kind": "new"]]) }
        let error = #expect(throws: TrainingError.self) { try Trainer(tiny.run) }
        #expect(
            error?.description.contains(
                #"fancy_optimizer was {"kind":"new"} and is not known to this version of mipha"#)
                == true, "\(String(describing: error))")
        try rewrite(tiny.run) { state in
            JSONObject(state.members.filter { $0.key != "fancy_optimizer" })
                .merging(["save_total_limit": -3])
        }
        let wrong = #expect(throws: CheckpointError.self) { try Trainer(tiny.run) }
        #expect(
            wrong.map { "\($0)" }?.contains(
                "checkpoint-2/trainer_state.json: run.save_total_limit: expected") == true)
    }

    @Test func `one process goes on for two where the order does not depend on it`() throws {
        let tiny = try TinyRun(samples: 10)
        for order in SamplingOrder.allCases {
            let run = tiny.with {
                $0.outputFolder = tiny.folder.file("\(order)")
                $0.samplingOrder = order
                ($0.batchSize, $0.accumulation) = (2, 2)
            }
            try progress(run, stoppingAfter: 2)
            try rewrite(run, processes: 2) { $0.merging(["gradient_accumulation_steps": 1]) }
            if order == .plain {
                #expect(try Trainer(run).firstStep == 2)
            } else {
                #expect(throws: TrainingError.self, "\(order)") { try Trainer(run) }
            }
        }
    }

    @Test(arguments: [(2, 2, true), (4, 1, false)])
    func `means over micro-batches go on with the same micro-batches only`(
        batch: Int, accumulation: Int, isSame: Bool
    ) throws {
        let tiny = try TinyRun(samples: 10)
        let run = tiny.with {
            $0.lossReduction = .microBatch
            ($0.batchSize, $0.accumulation) = (batch, accumulation)
        }
        try progress(run, stoppingAfter: 2)
        try rewrite(run, processes: 2) {
            $0.merging([
                "per_device_train_batch_size": 2, "gradient_accumulation_steps": 1,
            ])
        }
        if isSame {
            #expect(try Trainer(run).firstStep == 2)
        } else {
            #expect(throws: TrainingError.self) { try Trainer(run) }
        }
    }

    @Test(arguments: [(12, true), (10, false)])
    func `under the former rule one process goes on for two only where epochs end alike`(
        samples: Int, isSame: Bool
    ) throws {
        let tiny = try TinyRun(samples: samples)
        let run = tiny.with {
            $0.epochEnd = .former
            $0.samplingOrder = .plain
            ($0.batchSize, $0.accumulation) = (4, 1)
        }
        try progress(run, stoppingAfter: 2)
        try rewrite(run, processes: 2) { $0.merging(["per_device_train_batch_size": 2]) }
        if isSame {
            #expect(try Trainer(run).firstStep == 2)
        } else {
            // Two processes fill the last update of an epoch up, one does not.
            let error = #expect(throws: TrainingError.self) { try Trainer(run) }
            #expect(error?.description.contains("with 2 processes then and 1 now") == true)
        }
    }

    @Test func `a folder that was moved with model and data goes on, another model does not`()
        throws
    {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        let elsewhere = try TemporaryFolder()
        let place = elsewhere.file("a/b/c")
        try FileManager.default.createDirectory(
            atPath: elsewhere.file("a/b"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: tiny.folder.path, toPath: place)
        func moved(_ path: String) -> String {
            path.replacing(tiny.folder.path, with: place)
        }
        let run = tiny.with {
            $0.model = moved($0.model)
            $0.outputFolder = moved($0.outputFolder)
            $0.imageFolder = moved($0.imageFolder)
            $0.dataFiles = $0.dataFiles.map(moved)
        }
        #expect(try Trainer(run).firstStep == 2)
        var mixed = run
        mixed.outputFolder = tiny.run.outputFolder
        let error = #expect(throws: TrainingError.self) { try Trainer(mixed) }
        for key in ["model", "image_folder", "data_path"] {
            #expect(error?.description.contains("\(key) was ") == true, "\(key)")
        }
    }
}
