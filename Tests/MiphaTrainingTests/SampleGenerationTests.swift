import Foundation
import MiphaFiles
import MiphaModels
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Questions that a run asks its model on the way.
@Suite struct SampleGenerationTests {
    private func asking(_ run: RunConfiguration) -> RunConfiguration {
        var run = run
        run.outputFolder += "-asking"
        run.sampling.steps = 4
        run.sampling.prompts = [
            .init("What is it?", images: ["0.png"]), .init("Hello"),
        ]
        return run
    }

    /// Answers with the logits' sum of a text, so that each model has answers of its own.
    private func answer(_ model: MiphaModel) throws -> [String] {
        let logits = try withoutGradients {
            try model.logits(MiphaBatch(ids: [[5, 6, 7]]))
        }
        let values: [Float] = try logits.values()
        return ["\(values.reduce(0, +))", "second\nline"]
    }

    private func lines(_ run: RunConfiguration) throws -> [JSONValue] {
        try String(contentsOfFile: "\(run.outputFolder)/samples.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test func `answers are recorded at their updates and change no weight`() throws {
        let tiny = try TinyRun(samples: 4, dropout: 0.1)
        try progress(tiny.run)
        let run = asking(tiny.run)
        var notes: [String] = []
        _ = try Trainer(run).train(note: { notes.append($0) }, answers: answer)
        #expect(try weights(of: run.outputFolder) == weights(of: tiny.run.outputFolder))
        let lines = try lines(run)
        #expect(lines.map { $0["step"]?.integerValue } == [4, 4, 6, 6])
        #expect(lines.map { $0["number"]?.integerValue } == [1, 2, 1, 2])
        #expect(lines[0]["prompt"]?.stringValue == "What is it?")
        #expect(lines[0]["image"] == ["0.png"] && lines[1]["image"] == nil)
        #expect(lines[1]["answer"]?.stringValue == "second\nline")
        #expect(lines[0]["answer"] != lines[2]["answer"])
        #expect(notes.contains("update 4: sample 2: second line"))
    }

    @Test func `a run that goes on keeps the answers of its updates only`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = asking(tiny.with { $0.saveLimit = 9 })
        var done = 0
        _ = try Trainer(run).train(
            shouldStop: { done >= 5 }, report: { done = $0.step }, answers: answer)
        _ = try Trainer(run, resume: .from("\(run.outputFolder)/checkpoint-2")).train(
            answers: answer)
        #expect(try lines(run).map { $0["step"]?.integerValue } == [4, 4, 6, 6])
    }

    @Test func `a failure to answer is reported and does not stop the run`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = asking(tiny.run)
        var notes: [String] = []
        let outcome = try Trainer(run).train(
            note: { notes.append($0) },
            answers: { _ in throw TrainingError(.failed, "no voice") })
        #expect(outcome == .completed)
        #expect(notes.first == "warning: update 4: no sample answers: no voice")
        #expect(try lines(run).isEmpty)
    }

    @Test func `questions without somebody to answer, or without a rhythm, are refused`() throws {
        let tiny = try TinyRun(samples: 4)
        let error = #expect(throws: TrainingError.self) { try Trainer(asking(tiny.run)).train() }
        #expect(error?.description.hasPrefix("sample_steps: ") == true)
        let silent = tiny.with { $0.sampling.prompts = [.init("Hello")] }
        #expect(throws: TrainingError.self) { try Trainer(silent) }
        let empty = tiny.with { $0.sampling.steps = 3 }
        #expect(throws: TrainingError.self) { try Trainer(empty) }
    }
}
