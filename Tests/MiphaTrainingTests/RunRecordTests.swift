import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// What a run writes down beside its weights.
@Suite struct RunRecordTests {
    private func lines(_ path: String) throws -> [JSONValue] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
    }

    @Test func `the resolved run file repeats the run`() throws {
        let tiny = try TinyRun(samples: 8, dropout: 0.1)
        let run = tiny.with {
            $0.tune = [.tower: .last(1)]
            $0.learningRates = [.tower: 1e-4]
            $0.averageDecay = 0.9
            $0.validationSplit = 0.25
            $0.schedule = .wsd
            $0.maximumGradientNorm = 1
        }
        try progress(run)
        let again = try RunConfiguration(
            contentsOf: "\(run.outputFolder)/resolved.yaml",
            overrides: ["output_dir=\(tiny.folder.file("again"))"])
        #expect(again.threads == Engine.threadCount)
        #expect(again.template == "phi" && again.aspectRatio == .pad)
        try progress(again)
        #expect(try weights(of: again.outputFolder) == weights(of: run.outputFolder))
        #expect(
            try weights(of: "\(again.outputFolder)/ema") == weights(of: "\(run.outputFolder)/ema"))
    }

    @Test func `every start is written down, and every input with its hash`() throws {
        let tiny = try TinyRun(samples: 4)
        try progress(tiny.run, stoppingAfter: 2)
        try progress(tiny.run)
        let (output, here) = (tiny.run.outputFolder, JSONValue.string(Device.underTest.description))
        let starts = try JSONValue(contentsOf: "\(output)/environment.json")["starts"]?.arrayValue
        #expect(starts?.map { $0["resumed_from"]?.integerValue } == [0, 2])
        #expect(starts?.first?["libtorch"]?.stringValue == Engine.loadedVersion)
        #expect(starts?.map { $0["device"] } == [here, here])
        #expect(starts?.first?["deterministic"] == false)
        // It says something about the processor.
        #expect(
            starts?.first?["bfloat16_products_in_float32"]
                == (Device.underTest == .cpu ? .bool(Engine.computesBFloat16InFloat) : nil))
        let files = try #require(
            try JSONValue(contentsOf: "\(output)/inputs.json")["files"]?.arrayValue)
        let data = files.first { $0["file"]?.stringValue == tiny.run.dataFiles[0] }
        let digest = try SHA256Digest(contentsOf: tiny.run.dataFiles[0]).hex
        #expect(data?["sha256"]?.stringValue == digest)
        #expect(files.contains { $0["file"]?.stringValue?.hasSuffix("model.safetensors") == true })
    }

    @Test func `a run that is complete has the hashes of large inputs too`() throws {
        let tiny = try TinyRun(samples: 4)
        let large = "\(tiny.run.model)/large.bin"
        try AtomicFile.write("", to: large)
        let handle = try #require(FileHandle(forWritingAtPath: large))
        try handle.truncate(atOffset: 200 << 20)
        let run = tiny.with {
            $0.maximumSteps = 1
            $0.saveSteps = 0
        }
        try progress(run)
        let files = try JSONValue(contentsOf: "\(run.outputFolder)/inputs.json")["files"]
        let entry = files?.arrayValue?.first { $0["file"]?.stringValue == large }
        #expect(entry?["bytes"]?.integerValue == 200 << 20)
        #expect(entry?["sha256"]?.stringValue?.count == 64)
    }

    @Test func `other data under the same name are refused`() throws {
        let tiny = try TinyRun(samples: 4)
        try progress(tiny.run, stoppingAfter: 2)
        let text = try String(contentsOfFile: tiny.run.dataFiles[0], encoding: .utf8)
        try AtomicFile.write(
            text.replacing("number 1", with: "number 9"), to: tiny.run.dataFiles[0])
        let error = #expect(throws: TrainingError.self) { try Trainer(tiny.run) }
        #expect(error?.description.contains("data_sha256") == true)
    }

    @Test func `rates of groups and validation losses are in the metrics`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.learningRates = [.tower: 1e-4]
            $0.warmupRatio = 0
            $0.schedule = .constant
            $0.validationSplit = 0.25
            $0.evaluationSteps = 4
        }
        let trainer = try Trainer(run)
        #expect(trainer.plan.sampleCount == 9)
        var notes: [String] = []
        _ = try trainer.train(note: { notes.append($0) })
        let metrics = try lines("\(run.outputFolder)/metrics.jsonl")
        #expect(
            metrics.map { $0["learning_rate/tower"]?.doubleValue }
                == Array(repeating: 1e-4, count: 6))
        #expect(metrics[0]["learning_rate/language"] == nil)
        let validated = metrics.filter { $0["validation_loss"] != nil }
        #expect(validated.map { $0["step"]?.integerValue } == [4, 6])
        #expect(notes.count { $0.contains("validation loss") } == 2)
    }

    @Test func `an update that is not finite is skipped and recorded`() throws {
        let tiny = try TinyRun()
        let run = tiny.with { $0.nonFinite = .skip }
        let trainer = try Trainer(run)
        let bias = try #require(trainer.model.store["model.final_layernorm.bias"])
        var kept: Tensor?
        var before: [Float] = []
        var reports: [TrainingProgress] = []
        _ = try trainer.train(report: { progress in
            reports.append(progress)
            if progress.step == 3 {
                kept = try bias.detached().cloned()
                try bias.assign(Tensor.full(bias.shape, .nan))
                before = try #require(trainer.model.store["lm_head.weight"]).values()
            }
            if progress.step == 4, let kept {
                let after: [Float] = try #require(trainer.model.store["lm_head.weight"]).values()
                #expect(haveSameBits(before, after))
                try bias.assign(kept)
            }
        })
        #expect(reports.map(\.isSkipped) == [false, false, false, true, false, false])
        #expect(reports[3].loss.isNaN && reports[4].loss.isFinite)
        let incidents = try lines("\(run.outputFolder)/incidents.jsonl")
        #expect(incidents.map { $0["kind"]?.stringValue } == ["skipped_update"])
        #expect(incidents[0]["step"]?.integerValue == 4)
        #expect(incidents[0]["samples"]?.arrayValue?.count == 4)
        let metrics = try lines("\(run.outputFolder)/metrics.jsonl")
        #expect(metrics.count == 6)
        #expect(metrics[3]["loss"] == .null && metrics[3]["skipped"] == true)
    }

    @Test func `a run that is never finite ends all the same`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.nonFinite = .skip
            $0.maximumSteps = 40
        }
        let trainer = try Trainer(run)
        let bias = try #require(trainer.model.store["model.final_layernorm.bias"])
        try bias.assign(Tensor.full(bias.shape, .nan))
        let error = #expect(throws: TrainingError.self) { try trainer.train() }
        #expect(error?.description.hasPrefix("update 10: the loss is nan") == true)
    }

    @Test func `updates that are not finite are counted over a restart`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.nonFinite = .skip
            $0.maximumSteps = 40
        }
        let trainer = try Trainer(run)
        let bias = try #require(trainer.model.store["model.final_layernorm.bias"])
        try bias.assign(Tensor.full(bias.shape, .nan))
        var done = 0
        let outcome = try trainer.train(shouldStop: { done == 3 }, report: { _ in done += 1 })
        #expect(outcome == .stopped(step: 3))
        let error = #expect(throws: TrainingError.self) { try Trainer(run).train() }
        #expect(error?.description.hasPrefix("update 10: the loss is nan") == true)
    }

    @Test func `a sample that cannot be read is left out and recorded`() throws {
        let tiny = try TinyRun()
        try FileManager.default.removeItem(atPath: "\(tiny.run.imageFolder)/0.png")
        let run = tiny.with {
            $0.badSamples = .skip
            $0.maximumSteps = 3
        }
        let reports = try progress(run)
        #expect(reports.count == 3)
        let incidents = try lines("\(run.outputFolder)/incidents.jsonl")
        #expect(incidents.map { $0["kind"]?.stringValue } == ["bad_sample"])
        #expect(incidents.first?["samples"]?.arrayValue == ["s0"])
        #expect(incidents.first?["message"]?.stringValue?.contains("0.png") == true)
    }

    @Test func `a spike is a loss far above the running median`() {
        var detector = SpikeDetector(factor: 3)
        for loss in 0..<16 { #expect(detector.spike(loss == 4 ? 100 : 2) == nil) }
        #expect(detector.spike(5.9) == nil)
        #expect(detector.spike(6.1) == 2)
        var again = SpikeDetector(factor: 3, recent: detector.recent)
        #expect(again.spike(7) == 2)
        var off = SpikeDetector(factor: 0, recent: detector.recent)
        #expect(off.spike(1e9) == nil)
    }

    @Test func `logs that cannot be written stop nothing`() throws {
        let tiny = try TinyRun(samples: 4)
        let whole = tiny.with { $0.outputFolder += "-reference" }
        try progress(whole)
        try progress(tiny.run, stoppingAfter: 2)
        let log = "\(tiny.run.outputFolder)/metrics.jsonl"
        try FileManager.default.removeItem(atPath: log)
        try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: true)
        var notes: [String] = []
        #expect(try Trainer(tiny.run).train(note: { notes.append($0) }) == .completed)
        #expect(notes.contains { $0.contains("a log is incomplete") }, "\(notes)")
        #expect(try weights(of: tiny.run.outputFolder) == weights(of: whole.outputFolder))
    }

    @Test func `settings that exclude each other are refused`() throws {
        let tiny = try TinyRun(samples: 4)
        for (run, part) in [
            (tiny.with { $0.keepsBest = true }, "keep_best: needs a validation loss"),
            (
                tiny.with {
                    $0.validationSplit = 0.5
                    $0.validationFiles = $0.dataFiles
                }, "expected one of them"
            ),
        ] {
            let error = #expect(throws: TrainingError.self) { try Trainer(run) }
            #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        }
        let share = tiny.with { $0.validationSplit = 0.01 }
        let error = #expect(throws: DataError.self) { try Trainer(share) }
        #expect(
            error?.message.contains("validation_split: 0.01 of 4 samples") == true,
            "\(String(describing: error))")
    }
}
