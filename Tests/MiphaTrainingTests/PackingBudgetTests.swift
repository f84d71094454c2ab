import Foundation
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Synchronization
import Testing

/// Rows that take as many samples as fit.
@Suite struct PackingBudgetTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun(samples: 24)
    }

    private func run(
        _ name: String, _ change: (inout RunConfiguration) -> Void = { _ in }
    ) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = tiny.folder.file(name)
            $0.packing = true
            $0.packingBudget = 480
            $0.batchSize = 1
            $0.accumulation = 2
            $0.maximumSteps = nil
            $0.epochs = 2
            change(&$0)
        }
    }

    private func plain(_ name: String) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = tiny.folder.file(name)
            $0.batchSize = 24
            $0.accumulation = 1
            $0.maximumSteps = 1
        }
    }

    @Test func `rows are full, hold each sample once an epoch, and are counted beforehand`() throws
    {
        let run = run("out") { $0.accumulation = 1 }
        let (plan, description) = try {
            let trainer = try Trainer(run)
            return (trainer.plan, trainer.description)
        }()
        let packs = try #require(plan.packs)
        #expect(packs.sampleCount == 24 && packs.count < 12)
        #expect(plan.totalSteps == 2 * packs.count)
        let notes = Mutex<[String]>([])
        let planned = try RunPlan(run, base: 0, note: { text in notes.withLock { $0 += [text] } })
        #expect(notes.withLock { $0 } == ["packing_budget: samples measured: 24 of 24"])
        #expect(planned.totalSteps == plan.totalSteps && planned.sampleCount == 24)
        let samples = (0..<packs.count).flatMap(packs.row)
        #expect(samples.sorted() == Array(0..<24))
        let reports = try progress(run)
        #expect(reports.count == 2 * packs.count)
        #expect(reports.allSatisfy { $0.tokens <= 480 })
        let whole = try #require(try progress(plain("plain")).first)
        for epoch in [reports[..<packs.count], reports[packs.count...]] {
            #expect(epoch.reduce(0) { $0 + $1.tokens } == whole.tokens)
            #expect(epoch.reduce(0) { $0 + $1.supervisedTokens } == whole.supervisedTokens)
        }
        #expect(Double(whole.tokens) / Double(480 * packs.count) == packs.fill)
        #expect(planned.tokens == 2 * whole.tokens)
        #expect(packs.fill > 0.85)
        #expect(reports[..<packs.count].map(\.tokens) != reports[packs.count...].map(\.tokens))
        #expect(
            description[0].contains("24 samples in \(packs.count) rows of 480 positions"))
    }

    @Test func `a run over rows resumes to the bit with other loader threads`() throws {
        let whole = run("whole")
        try progress(whole)
        let parts = run("parts") { $0.loaderThreads = 1 }
        try progress(parts, stoppingAfter: 3)
        var again = parts
        again.loaderThreads = 5
        try progress(again)
        #expect(try weights(of: parts.outputFolder) == weights(of: whole.outputFolder))
    }

    @Test func `two ranks of a row learn what one rank of two rows learns`() throws {
        let alone = run("alone") { $0.batchSize = 2 }
        let together = run("together") { $0.savesInBackground = false }
        let expected = try progress(alone)
        let reports = try inGroup(2) { group in
            var reports: [TrainingProgress] = []
            _ = try Trainer(together, group: group).train(report: { reports.append($0) })
            return reports
        }[0]
        #expect(reports.count == expected.count)
        for (found, expected) in zip(reports, expected) {
            #expect(found.tokens == expected.tokens)
            #expect(found.supervisedTokens == expected.supervisedTokens)
            #expect(abs(found.loss - expected.loss) <= 1e-6 * expected.loss)
            #expect(abs(found.gradientNorm - expected.gradientNorm) <= 1e-5 * expected.gradientNorm)
        }
    }

    @Test func `bad samples leave room in their rows and are recorded`() throws {
        try FileManager.default.removeItem(atPath: "\(tiny.run.imageFolder)/1.png")
        guard case .array(var items) = try JSONValue(contentsOf: tiny.run.dataFiles[0]),
            case .object(var item) = items[5]
        else { return }
        item["conversations"] = []
        items[5] = .object(item)
        try JSONValue.array(items).write(to: tiny.run.dataFiles[0])
        let run = run("bad") {
            $0.badSamples = .skip
            $0.epochs = 1
            $0.accumulation = 1
        }
        try progress(run)
        let text = try String(
            contentsOfFile: "\(run.outputFolder)/incidents.jsonl", encoding: .utf8)
        let names = try text.split(separator: "\n").compactMap {
            try JSONValue(parsing: String($0))["samples"]?.arrayValue?.first?.stringValue
        }
        #expect(names.sorted() == ["s1", "\(run.dataFiles[0]): item 5"].sorted())
    }

    @Test func `whole weights and a part held out are packed`() throws {
        let run = run("weights") {
            $0.dataWeights = [2]
            $0.validationSplit = 0.25
            $0.epochs = 1
        }
        let packs = try #require(try Trainer(run).plan.packs)
        #expect(packs.sampleCount == 36)
        let counts = (0..<packs.count).flatMap(packs.row).reduce(into: [:]) {
            $0[$1, default: 0] += 1
        }
        #expect(counts == Dictionary(uniqueKeysWithValues: (0..<18).map { ($0, 2) }))
    }

    @Test func `what cannot be packed is refused with the reason`() throws {
        for (run, part) in [
            (run("a") { $0.packing = false }, "packing_budget: needs packing: true"),
            (run("b") { $0.samplingOrder = .length }, "needs sampling_order: plain, found length"),
            (run("c") { $0.dataWeights = [1.5] }, "needs whole weights in data_path, found 1.5"),
            (run("d") { $0.packingBudget = 20 }, "data.json: item "),
        ] {
            let error = #expect(throws: TrainingError.self) { try Trainer(run) }
            #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        }
    }
}
