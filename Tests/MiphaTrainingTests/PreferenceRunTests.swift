import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs of the stage `preference`.
@Suite struct PreferenceRunTests {
    private static let objectives = PreferenceOptions.Objective.allCases

    @Test func `the policy starts as the reference model and learns to prefer`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = try tiny.preference {
            $0.maximumSteps = 40
            $0.warmupRatio = 0
            $0.preference.beta = 0.5
        }
        let reports = try progress(run)
        #expect(abs(reports[0].loss - 0.693_147_18) < 1e-5)
        #expect(abs(reports[0].figure("rewards/margins") ?? 1) < 1e-5)
        let last = try #require(reports.last)
        #expect(last.loss < 0.3 && last.figure("rewards/accuracies") == 1)
        #expect((last.figure("rewards/margins") ?? 0) > 1)
        #expect(last.summary.contains("100 % preferred"))
        let (before, after) = try (weights(of: run.model), weights(of: run.outputFolder))
        for (name, bytes) in before where !name.hasSuffix("k_proj.bias") {
            let isVision = name.contains("vision_tower") || name.contains("mm_projector")
            #expect((after[name] == bytes) == isVision, "\(name)")
        }
    }

    @Test(arguments: objectives, [false, true])
    func `a run that was stopped ends bit by bit as one that was not`(
        _ objective: PreferenceOptions.Objective, _ tunesAll: Bool
    ) throws {
        let tiny = try TinyRun(samples: 4, dropout: 0.1)
        func run(_ name: String) throws -> RunConfiguration {
            try tiny.preference(name) {
                $0.preference.objective = objective
                $0.checkpointing = true
                $0.maximumGradientNorm = 1
                if tunesAll {
                    $0.tune = [.tower: .full, .projector: .full]
                } else {
                    $0.featureFolder = tiny.folder.file("features")
                }
            }
        }
        let (whole, parts) = try (run("whole"), run("parts"))
        let expected = try progress(whole)
        var reports = try progress(parts, stoppingAfter: 1)
        reports += try progress(parts, stoppingAfter: 2)
        reports += try progress(parts)
        #expect(reports.map(\.loss) == expected.map(\.loss))
        #expect(reports.map(\.figures) == expected.map(\.figures))
        #expect(try weights(of: parts.outputFolder) == weights(of: whole.outputFolder))
        let exists = FileManager.default.fileExists(
            atPath: "\(parts.outputFolder)/reference.safetensors")
        #expect(exists == (objective != .simpo))
    }

    @Test func `reference log-probabilities are computed once, also over interruptions`() throws {
        let tiny = try TinyRun(samples: 4)
        let (whole, parts) = try (tiny.preference("whole"), tiny.preference("parts"))
        try progress(whole)
        var asked = 0
        var notes: [String] = []
        let outcome = try Trainer(parts).train(
            shouldStop: {
                asked += 1
                return asked == 3
            }, note: { notes.append($0) })
        #expect(outcome == .stopped(step: 0))
        #expect(try referenceFile(parts).done == "3")
        #expect(notes.count == 2 && notes[0].hasSuffix("0 of 8 pairs are known"))
        notes = []
        asked = 0
        let second = try Trainer(parts).train(
            shouldStop: {
                asked += 1
                return asked == 10
            }, note: { notes.append($0) })
        #expect(second == .stopped(step: 1))
        #expect(notes.first?.hasSuffix("3 of 8 pairs are known") == true)
        #expect(try referenceFile(parts).done == "8")
        #expect(try referenceFile(parts).bytes == referenceFile(whole).bytes)
        notes = []
        #expect(try Trainer(parts).train(note: { notes.append($0) }) == .completed)
        #expect(notes == [])
        #expect(try weights(of: parts.outputFolder) == weights(of: whole.outputFolder))
    }

    @Test func `log-probabilities that were lost are computed from the start model again`() throws {
        let tiny = try TinyRun(samples: 4)
        let (whole, parts) = try (tiny.preference("whole"), tiny.preference("parts"))
        try progress(whole)
        try progress(parts, stoppingAfter: 3)
        let path = "\(parts.outputFolder)/reference.safetensors"
        let before = try referenceFile(parts).bytes
        var bytes = try #require(FileManager.default.contents(atPath: path)).map { $0 }
        bytes[bytes.count - 3] ^= 1
        try AtomicFile.write(bytes, to: path)
        var notes: [String] = []
        #expect(try Trainer(parts).train(note: { notes.append($0) }) == .completed)
        #expect(notes.first?.contains("or damaged; it is made anew") == true)
        #expect(try referenceFile(parts).bytes == before)
        #expect(try weights(of: parts.outputFolder) == weights(of: whole.outputFolder))
    }

    @Test func `adapters learn from pairs; their start is the reference model`() throws {
        let tiny = try TinyRun(samples: 4)
        func run(_ name: String) throws -> RunConfiguration {
            try tiny.preference(name) {
                $0.tune = [.language: .lora, .head: .frozen]
                $0.adapters.rank = 4
                $0.warmupRatio = 0
                $0.preference.beta = 0.5
            }
        }
        let (whole, parts) = try (run("whole"), run("parts"))
        let expected = try progress(whole)
        #expect(abs(expected[0].loss - 0.693_147_18) < 1e-5)
        #expect(expected[5].loss < expected[0].loss)
        var reports = try progress(parts, stoppingAfter: 3)
        let path = "\(parts.outputFolder)/reference.safetensors"
        try FileManager.default.removeItem(atPath: path)
        reports += try progress(parts)
        #expect(reports.map(\.loss) == expected.map(\.loss))
        #expect(try referenceFile(parts).bytes == referenceFile(whole).bytes)
    }

    @Test func `packed rows hold both answers of a pair`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = try tiny.preference {
            $0.packing = true
            $0.packingBudget = 900
            $0.batchSize = 1
            $0.accumulation = 1
            $0.maximumSteps = 4
        }
        let trainer = try Trainer(run)
        #expect(trainer.description[0].contains("8 pairs in"))
        var tokens: [Int] = []
        _ = try trainer.train(report: { tokens.append($0.tokens) })
        #expect(tokens.allSatisfy { $0 > 0 && $0 <= 900 })
        #expect((tokens.max() ?? 0) > 450)
    }

    @Test func `log-probabilities of other settings, data or models are not used`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = try tiny.preference {
            $0.maximumSteps = 1
            $0.warmupRatio = 0
        }
        func restarted(_ run: RunConfiguration) throws -> (isAnew: Bool, bytes: [UInt8]) {
            var notes: [String] = []
            _ = try Trainer(run, resume: .never).train(note: { notes.append($0) })
            let isAnew = notes.contains { $0.contains("made anew") }
            #expect(isAnew != notes.isEmpty)
            return (isAnew, try referenceFile(run).bytes)
        }
        try progress(run)
        let first = try referenceFile(run).bytes
        #expect(try restarted(run) == (false, first))
        var other = run
        other.maximumLength = 1000
        #expect(try restarted(other) == (true, first))
        var pairs = TinyRun.pairs(8)
        pairs[0].rejected = "a"
        _ = try tiny.preference("dpo", pairs)
        let changed = try restarted(other)
        #expect(changed.isAnew && changed.bytes != first)
        let trained = tiny.folder.file("trained")
        try FileManager.default.copyItem(atPath: run.outputFolder, toPath: trained)
        other.model = trained
        let again = try restarted(other)
        #expect(again.isAnew && again.bytes != changed.bytes)
    }

    @Test func `records have TRL's names, for validation too`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = try tiny.preference {
            $0.validationSplit = 0.25
            $0.evaluationSteps = 2
            $0.keepsBest = true
        }
        let reports = try progress(run)
        let lines = try String(
            contentsOfFile: "\(run.outputFolder)/metrics.jsonl", encoding: .utf8
        ).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(lines.count == 6)
        let names = [
            "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
            "logps/chosen", "logps/rejected",
        ]
        for (line, report) in zip(lines, reports) {
            #expect(report.figures.map(\.name) == names)
            for name in names { #expect(line[name]?.doubleValue == report.figure(name)) }
            let margin = try #require(report.figure("rewards/margins"))
            let (chosen, rejected) = (
                report.figure("rewards/chosen") ?? 0, report.figure("rewards/rejected") ?? 0
            )
            // A device has these in float32.
            let rounding = Device.underTest.isAccelerator ? 1e-6 : 1e-12
            #expect(abs(margin - (chosen - rejected)) < rounding)
            #expect((report.figure("logps/chosen") ?? 0) < 0)
            let isMeasured = report.step.isMultiple(of: 2)
            #expect((report.validationLoss != nil) == isMeasured)
            #expect(
                report.validationFigures.map(\.name) == (isMeasured ? names : []))
            #expect((line["validation_rewards/margins"] != nil) == isMeasured)
        }
        #expect(try referenceFile(run).done == "8")
    }

    @Test(arguments: [PreferenceOptions.Objective.dpo, .simpo])
    func `figures are means over pairs, whatever the micro-batches`(
        _ objective: PreferenceOptions.Objective
    ) throws {
        let tiny = try TinyRun(samples: 4)
        func first(
            _ name: String, _ change: (inout RunConfiguration) -> Void
        ) throws -> (progress: TrainingProgress, gradients: [String: [Float]]) {
            let run = try tiny.preference(name) {
                $0.tune = [.tower: .full, .projector: .full]
                $0.preference.objective = objective
                $0.preference.beta = 0.5
                change(&$0)
            }
            let (report, gradients) = try appliedGradients(run)
            return (try #require(report), gradients)
        }
        let whole = try first("whole") {
            $0.batchSize = 8; $0.accumulation = 1
        }
        for (name, batch, accumulation, packs) in [
            ("2x4", 2, 4, false), ("4x2", 4, 2, false), ("packed", 8, 1, true),
            ("packed 2x4", 2, 4, true),
        ] {
            let parts = try first(name) {
                $0.batchSize = batch
                $0.accumulation = accumulation
                $0.packing = packs
            }
            let distance = relativeDistance(parts.gradients, whole.gradients)
            #expect(distance < 1e-6, "\(name): \(distance)")
            #expect(abs(parts.progress.loss - whole.progress.loss) < 1e-6)
            #expect(parts.progress.supervisedTokens == whole.progress.supervisedTokens)
            for (found, expected) in zip(parts.progress.figures, whole.progress.figures) {
                // Under DPO the policy is the reference model yet, and nothing is preferred.
                if objective == .dpo && found.name == "rewards/accuracies" { continue }
                #expect(abs(found.value - expected.value) <= 1e-6 * max(1, abs(expected.value)))
            }
        }
    }

    @Test func `bad pairs are left out and recorded`() throws {
        let tiny = try TinyRun(samples: 4)
        var pairs = TinyRun.pairs(8)
        pairs[4].pictures = ["absent.png"]
        let run = try tiny.preference("skip", pairs) {
            $0.badSamples = .skip
            $0.batchSize = 1
            $0.accumulation = 1
            $0.maximumSteps = 8
        }
        let reports = try progress(run)
        #expect(reports.map(\.supervisedTokens).count { $0 == 0 } == 1)
        let incidents = try String(
            contentsOfFile: "\(run.outputFolder)/incidents.jsonl", encoding: .utf8)
        #expect(incidents.split(separator: "\n").count == 1)
        #expect(incidents.contains("absent.png"))
        let strict = try tiny.preference("fail", pairs)
        let error = #expect(throws: (any Error).self) { try progress(strict) }
        #expect(error.map { "\($0)".contains("absent.png") } == true)
    }

    @Test func `the maximum length cuts answers, but never a whole one`() throws {
        let tiny = try TinyRun(samples: 4)
        let long = Array(repeating: "word", count: 40).joined(separator: " ")
        let pairs = [Pair(question: "Say it", chosen: long, rejected: "no")]
        func run(_ name: String, _ limit: Int) throws -> TrainingProgress? {
            try progress(
                tiny.preference(name, pairs) {
                    $0.maximumLength = limit
                    $0.maximumSteps = 1
                }
            ).first
        }
        let whole = try #require(try run("whole", 2048))
        // Both rows begin with the question, of one token less than what is before the answer.
        let question = (whole.tokens - whole.supervisedTokens) / 2
        let cut = try #require(try run("cut", question + 10))
        #expect(cut.supervisedTokens < whole.supervisedTokens)
        #expect(cut.supervisedTokens > 10)
        let error = #expect(throws: (any Error).self) { try run("gone", 20) }
        let text = error.map { "\($0)" } ?? ""
        #expect(
            text.contains("gone-pairs.json: item 0: item \"p0\": chosen: the answer"), "\(text)")
    }

    @Test func `settings that do not belong together are refused`() throws {
        let tiny = try TinyRun(samples: 4)
        func message(
            _ stage: TrainingStage, _ change: (inout RunConfiguration) -> Void
        ) throws -> String {
            let run = try tiny.preference {
                $0.stage = stage
                change(&$0)
            }
            let error = #expect(throws: TrainingError.self) { try Trainer(run) }
            return error?.description ?? ""
        }
        #expect(
            try message(.instruct) { $0.preference.beta = 0.2 }.contains("in the stage preference"))
        #expect(
            try message(.preference) {
                $0.preference.objective = .ipo
                $0.preference.smoothing = 0.1
            }.hasPrefix("label_smoothing: expected 0 with preference_loss ipo"))
        #expect(try message(.preference) { $0.preference.gamma = 1 }.hasPrefix("simpo_gamma"))
        #expect(try message(.preference) { $0.zLoss = 1e-4 }.hasPrefix("z_loss"))
        #expect(
            try message(.preference) { $0.labelPolicy = .reference }.hasPrefix("label_policy"))
    }
}
