import Foundation
import MiphaChat
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTokenizers
import MiphaTraining
import Testing

/// What becomes of samples without a single supervised position.
@Suite struct IdleSampleTests {
    private let short = [Conversation("One?", "yes"), Conversation("Two?", "no")]
    private let long = Conversation(
        Array(repeating: "Is it so?", count: 30).joined(separator: " "), "yes")

    /// As many ids as the short samples have.
    private func shortLength(_ tiny: TinyRun) throws -> Int {
        let encoder = try ConversationEncoder(
            tokenizer: Tokenizer(folder: tiny.run.model), template: .phi)
        return try short.map { sample in
            let turns = [
                ConversationSample.Turn(.human, sample.turns[0]),
                ConversationSample.Turn(.assistant, sample.turns[1]),
            ]
            return try encoder.encode(ConversationSample(turns: turns)).ids.count
        }.max() ?? 0
    }

    /// Two epochs over three samples, of which the limit cuts the answer of `c1` away.
    private func cut(
        _ tiny: TinyRun, _ name: String, _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunConfiguration {
        let limit = try shortLength(tiny)
        return try tiny.on(name, [short[0], long, short[1]]) {
            $0.maximumLength = limit
            $0.batchSize = 1
            $0.accumulation = 1
            $0.maximumSteps = nil
            $0.epochs = 2
            $0.saveSteps = 0
            change(&$0)
        }
    }

    private func lines(_ run: RunConfiguration, _ name: String) throws -> [JSONValue] {
        try String(contentsOfFile: "\(run.outputFolder)/\(name)", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test func `a sample whose answer is cut away is recorded once with id and reason`() throws {
        let tiny = try TinyRun(samples: 1)
        let run = try cut(tiny, "cut")
        var notes: [String] = []
        var reports: [TrainingProgress] = []
        _ = try Trainer(run).train(report: { reports.append($0) }, note: { notes.append($0) })
        let found = try lines(run, "incidents.jsonl")
        try #require(found.count == 1, "\(found)")
        #expect(found[0]["kind"] == "nothing_to_learn")
        #expect(found[0]["samples"]?.arrayValue == ["c1"])
        let message = found[0]["message"]?.stringValue ?? ""
        #expect(message.contains("\(run.dataFiles[0]): item 1: "), "\(message)")
        #expect(message.contains("model_max_length: \(run.maximumLength) cuts the last "))
        #expect(notes.count { $0.contains(message) } == 1)
        #expect(
            notes.count {
                $0.contains("2 of 6 samples of this run had nothing to learn from")
            } == 1, "\(notes)")
        let idle = reports.filter { $0.supervisedTokens == 0 }
        #expect(reports.count == 6 && idle.count == 2)
        #expect(idle.allSatisfy { !$0.isSkipped && $0.summary.hasPrefix("loss –  lr") })
    }

    @Test func `an update that learns nothing has no loss in the records`() throws {
        let tiny = try TinyRun(samples: 1)
        let run = try cut(tiny, "null") { $0.saveSteps = 6 }
        try progress(run)
        let metrics = try lines(run, "metrics.jsonl")
        #expect(metrics.count == 6)
        for line in metrics {
            #expect((line["supervised_tokens"] == 0) == (line["loss"] == .null), "\(line)")
            #expect(line["skipped"] == nil)
        }
        #expect(metrics.count { $0["loss"] == .null } == 2)
        let state = try JSONValue(contentsOf: "\(run.outputFolder)/checkpoint-6/trainer_state.json")
        #expect(state["recent_losses"]?.arrayValue?.count == 4)
    }

    @Test func `a sample that the reference's label mask empties is recorded`() throws {
        let tiny = try TinyRun(samples: 1)
        let run = try tiny.on(
            "masked", short + [Conversation("Say it.", "He said ASSISTANT: no, twice")]
        ) {
            $0.labelPolicy = .reference
            $0.maximumSteps = 3
        }
        try progress(run)
        let found = try lines(run, "incidents.jsonl")
        try #require(found.count == 1, "\(found)")
        #expect(found[0]["samples"]?.arrayValue == ["c2"])
        let message = found[0]["message"]?.stringValue ?? ""
        #expect(message.contains("item 2: masked by label_policy: reference, which counts"))
    }

    @Test func `samples of the validation data are recorded once too`() throws {
        let tiny = try TinyRun(samples: 1)
        let file = try tiny.data("validation.json", [long, short[0]])
        let training = try tiny.data("short.json", short)
        let run = try cut(tiny, "validated") {
            $0.dataFiles = [training]
            $0.validationFiles = [file]
            $0.evaluationSteps = 1
        }
        let reports = try progress(run)
        #expect(reports.allSatisfy { $0.validationLoss != nil })
        let found = try lines(run, "incidents.jsonl")
        #expect(found.map { $0["samples"]?.arrayValue } == [["c0"]])
        #expect(found.first?["message"]?.stringValue?.contains(file) == true)
    }

    @Test func `a line for each of ten updates, and the log alone for the rest`() throws {
        let tiny = try TinyRun(samples: 1)
        let run = try tiny.on("many", Array(repeating: long, count: 15)) {
            $0.maximumLength = 20
            $0.batchSize = 1
            $0.accumulation = 1
            $0.maximumSteps = 15
            $0.saveSteps = 0
        }
        var notes: [String] = []
        _ = try Trainer(run).train(note: { notes.append($0) })
        #expect(try lines(run, "incidents.jsonl").count == 15)
        #expect(notes.count { $0.contains("nothing to learn from \(run.dataFiles[0])") } == 10)
        #expect(notes.count { $0.contains("incidents.jsonl only") } == 1)
    }

    @Test func `rank 0 reports the samples of all ranks`() throws {
        let tiny = try TinyRun(samples: 1)
        let limit = try shortLength(tiny)
        let run = try tiny.on("ranks", [short[0], long, long, long]) {
            $0.maximumLength = limit
            $0.batchSize = 1
            $0.accumulation = 1
            $0.maximumSteps = nil
            $0.saveSteps = 0
            $0.tensorBoard = false
        }
        let reports = try train(run, world: 2)
        #expect(reports.count == 2)
        let found = try lines(run, "incidents.jsonl")
        let names = found.compactMap { $0["samples"]?.arrayValue?.first?.stringValue }
        #expect(names.sorted() == ["c1", "c2", "c3"])
        #expect(reports.count { $0.loss.isNaN && $0.supervisedTokens == 0 } == 1)
        #expect(reports.count { $0.loss > 0 } == 1)
    }
}
