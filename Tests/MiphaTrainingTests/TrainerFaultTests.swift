import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// What becomes of a run when its samples, its folder or its validation go wrong.
struct TrainerFaultTests {
    private func lines(_ run: RunConfiguration, _ name: String) throws -> [JSONValue] {
        let text = try String(
            contentsOfFile: "\(run.outputFolder)/\(name)", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private func state(_ run: RunConfiguration, _ step: Int) throws -> JSONValue {
        try JSONValue(contentsOf: "\(run.outputFolder)/checkpoint-\(step)/trainer_state.json")
    }

    /// Two conversations to validate on; the first has an image.
    private func validated(
        _ tiny: TinyRun, _ name: String, picture: String = "1.png",
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunConfiguration {
        let file = try tiny.data(
            "\(name)-validation.json",
            [
                Conversation("<image>\nWhat is it?", "A word", pictures: [picture]),
                Conversation("And now?", "Two words"),
            ])
        return tiny.with {
            $0.outputFolder = tiny.folder.file(name)
            $0.validationFiles = [file]
            $0.evaluationSteps = 2
            $0.batchSize = 1
            $0.tensorBoard = false
            change(&$0)
        }
    }

    @Test func `a bad sample of the validation data is left out and recorded once`() throws {
        let tiny = try TinyRun()
        let run = try validated(tiny, "bad", picture: "none.png") { $0.badSamples = .skip }
        let reports = try progress(run)
        #expect(reports.count { $0.validationLoss != nil } == 3)
        let bad = try lines(run, "incidents.jsonl")
        #expect(bad.map { $0["kind"]?.stringValue } == ["bad_sample"])
        #expect(bad.first?["message"]?.stringValue?.contains("none.png") == true)
        // The other sample alone gives the same loss.
        let file = try tiny.data("rest.json", [Conversation("And now?", "Two words")])
        let rest = run.with {
            $0.outputFolder += "-rest"
            $0.validationFiles = [file]
        }
        #expect(try progress(rest).map(\.validationLoss) == reports.map(\.validationLoss))
    }

    @Test func `a bad sample of the validation data costs no update`() throws {
        let tiny = try TinyRun()
        let run = try validated(tiny, "strict", picture: "none.png")
        var reports: [TrainingProgress] = []
        #expect(throws: (any Error).self) {
            try Trainer(run).train(report: { reports.append($0) })
        }
        #expect(reports.map(\.step) == [1, 2])
        #expect(try lines(run, "metrics.jsonl").count == 2)
        #expect(try state(run, 2)["validation_due"] == true)
        try FileManager.default.copyItem(
            atPath: "\(run.imageFolder)/1.png", toPath: "\(run.imageFolder)/none.png")
        #expect(try progress(run).map(\.step) == [3, 4, 5, 6])
        #expect(
            try lines(run, "metrics.jsonl").filter { $0["validation_loss"] != nil }
                .map { $0["step"]?.integerValue } == [2, 4, 6])
    }

    @Test func `a stop in the validation is obeyed and the loss measured later`() throws {
        let tiny = try TinyRun()
        let whole = try validated(tiny, "whole") { $0.keepsBest = true }
        let losses = try progress(whole).compactMap(\.validationLoss)
        let run = try validated(tiny, "cut") { $0.keepsBest = true }
        var asked = 0
        // Before each of two updates and their micro-batches, then before the second validation batch.
        let outcome = try Trainer(run).train(shouldStop: {
            asked += 1
            return asked == 8
        })
        #expect(outcome == .stopped(step: 2))
        #expect(try state(run, 2)["best"] == .null)
        try progress(run)
        let measured = try lines(run, "metrics.jsonl").compactMap {
            $0["validation_loss"]?.doubleValue
        }
        #expect(measured == losses)
        #expect(try weights(of: run.outputFolder) == weights(of: whole.outputFolder))
        #expect(
            try JSONValue(contentsOf: "\(run.outputFolder)/trainer_state.json")["best"]
                == JSONValue(contentsOf: "\(whole.outputFolder)/trainer_state.json")["best"])
    }

    @Test func `an update that cannot be made leaves a checkpoint of those before`() throws {
        let tiny = try TinyRun(dropout: 0.1)
        let run = tiny.with {
            $0.outputFolder = tiny.folder.file("late")
            $0.saveSteps = 0
        }
        let reference = tiny.with {
            $0.outputFolder = tiny.folder.file("reference")
            $0.saveSteps = 0
        }
        try progress(reference)
        // A sample of the third update.
        let late = try #require(
            Trainer(run).plan.order(epoch: 0)[8...].first { $0 % 4 != 3 })
        let picture = "\(run.imageFolder)/\(late).png"
        let kept = try Data(contentsOf: URL(filePath: picture))
        try FileManager.default.removeItem(atPath: picture)
        var notes: [String] = []
        #expect(throws: (any Error).self) {
            try Trainer(run).train(note: { notes.append($0) })
        }
        #expect(notes.last == "checkpoint-2 holds the updates before the error")
        try kept.write(to: URL(filePath: picture))
        #expect(try progress(run).map(\.step) == [3, 4, 5, 6])
        #expect(try weights(of: run.outputFolder) == weights(of: reference.outputFolder))
    }

    @Test func `a result that cannot be written leaves the last checkpoint`() throws {
        let tiny = try TinyRun()
        let run = tiny.with { $0.saveSteps = 0 }
        // A folder stands where the model belongs.
        let model = "\(run.outputFolder)/model.safetensors"
        try FileManager.default.createDirectory(
            atPath: "\(model)/in the way", withIntermediateDirectories: true)
        #expect(throws: (any Error).self) { try Trainer(run).train() }
        #expect(try state(run, 6)["step"] == 6)
        try FileManager.default.removeItem(atPath: model)
        #expect(try progress(run).isEmpty)
        #expect(FileManager.default.fileExists(atPath: model))
    }

    @Test(arguments: [BadSamplePolicy.skip, .blank])
    func `a run whose samples are mostly bad ends`(policy: BadSamplePolicy) throws {
        let tiny = try TinyRun(samples: 40)
        let run = tiny.with {
            $0.outputFolder = tiny.folder.file("wrong-\(policy)")
            $0.imageFolder = tiny.folder.file("nowhere")
            $0.badSamples = policy
            $0.maximumSteps = 10
        }
        let error = #expect(throws: TrainingError.self) { try Trainer(run).train() }
        #expect(error?.description.contains("bad_samples_limit") == true)
        let bad = try lines(run, "incidents.jsonl").count { $0["kind"] == "bad_sample" }
        #expect((11...14).contains(bad))
        #expect(error?.description.contains(": \(bad) of the first ") == true)
        let willing = run.with { $0.badSampleLimit = 1 }
        #expect(try Trainer(willing, resume: .never).train() == .completed)
    }

    @Test func `a run that goes on counts its bad samples from the beginning`() throws {
        let tiny = try TinyRun()
        for name in ["0.png", "5.png"] {
            try FileManager.default.removeItem(atPath: "\(tiny.run.imageFolder)/\(name)")
        }
        let run = tiny.with { $0.badSamples = .skip }
        let whole = run.with { $0.outputFolder = tiny.folder.file("whole") }
        try progress(whole)
        try progress(run, stoppingAfter: 3)
        try progress(run)
        let (one, two) = try (state(whole, 6), state(run, 6))
        #expect((one["samples_bad"]?.integerValue ?? 0) > 1)
        for key in ["samples_bad", "samples_asked"] { #expect(one[key] == two[key], "\(key)") }
    }

    @Test func `a folder has one run at a time`() throws {
        let tiny = try TinyRun(samples: 4)
        var messages: [String] = []
        let late = try Trainer(tiny.run)
        let outcome = try Trainer(tiny.run).train(report: { progress in
            guard progress.step == 3 else { return }
            do { _ = try Trainer(tiny.run).train() } catch { messages.append("\(error)") }
        })
        #expect(outcome == .completed)
        #expect(messages.count == 1)
        #expect(messages.first?.contains("another run is writing here") == true)
        let error = #expect(throws: TrainingError.self) { try late.train() }
        #expect(error?.description.contains("has written here while") == true)
        #expect(try Trainer(tiny.run, resume: .never).train() == .completed)
    }

    @Test func `the best checkpoint stays when a better one cannot be written`() throws {
        let tiny = try TinyRun()
        let run = try validated(tiny, "best") {
            $0.keepsBest = true
            $0.evaluationSteps = 1
            $0.saveSteps = 0
            $0.saveLimit = 10
        }
        var best: [Int] = []
        var lowest = Double.infinity
        let trainer = try Trainer(run)
        _ = try trainer.train(report: { progress in
            if let loss = progress.validationLoss, loss < lowest {
                lowest = loss
                best.append(progress.step)
            }
            // Files stand where the checkpoints of all later updates belong.
            if progress.step == 2 {
                for step in 3...6 {
                    try AtomicFile.write("in the way", to: "\(run.outputFolder)/checkpoint-\(step)")
                }
            }
        })
        let kept = try #require(best.last { $0 <= 2 })
        try #require(best.contains { $0 > 2 })
        #expect(try state(run, kept)["best"]?["step"]?.integerValue == kept)
        #expect(
            try JSONValue(contentsOf: "\(run.outputFolder)/trainer_state.json")["best"]?["step"]?
                .integerValue == kept)
    }

    @Test func `the lowest loss on other validation data counts for nothing`() throws {
        let tiny = try TinyRun()
        let files = try [
            tiny.data("a.json", [Conversation("And now?", "Two words")]),
            tiny.data("b.json", [Conversation("Or then?", "number 1 word word what is it")]),
        ]
        for (before, after) in [(0, 1), (1, 0)] {
            let run = tiny.with {
                $0.outputFolder = tiny.folder.file("from-\(before)")
                $0.validationFiles = [files[before]]
                $0.evaluationSteps = 1
                $0.keepsBest = true
                // No loss is lower than the first.
                $0.learningRate = 0
                $0.tensorBoard = false
            }
            try progress(run, stoppingAfter: 2)
            #expect(try state(run, 2)["best"]?["step"] == 1)
            try progress(run.with { $0.validationFiles = [files[after]] }, stoppingAfter: 1)
            #expect(try state(run, 3)["best"]?["step"] == 3)
        }
    }

    @Test func `a finished run on data that grew is refused and stays`() throws {
        let tiny = try TinyRun(samples: 4)
        let conversations = (0..<4).map { Conversation("Number \($0)?", "word") }
        let run = try tiny.on("grown", conversations) {
            $0.maximumSteps = nil
            $0.epochs = 1
            $0.saveSteps = 0
        }
        try progress(run)
        let model = try weights(of: run.outputFolder)
        _ = try tiny.data("grown.json", conversations + conversations)
        let error = #expect(throws: CheckpointError.self) { try Trainer(run) }
        #expect(error?.message.contains("samples") == true)
        // As many samples, but others.
        _ = try tiny.data("grown.json", conversations.reversed())
        let other = #expect(throws: TrainingError.self) { try Trainer(run) }
        #expect(other?.description.contains("data_sha256") == true)
        #expect(try weights(of: run.outputFolder) == model)
    }
}
