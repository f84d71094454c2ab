import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaImaging
import MiphaTestSupport
import MiphaTokenizers
import MiphaTraining
import Testing

/// What the check of a data set calls an error is what a run leaves out or stops at.
@Suite struct FaultyDataRunTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun(samples: 1)
    }

    private func settings(_ data: FaultyDataSet, _ file: String) -> DataCheckSettings {
        DataCheckSettings(
            files: [file], imageFolder: data.images, limit: .words(60), listLimit: 1_000,
            threads: 2)
    }

    private func run(
        _ data: FaultyDataSet, _ file: String, _ policy: BadSamplePolicy,
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = data.folder.file("out-\(policy)")
            $0.dataFiles = [file]
            $0.imageFolder = data.images
            $0.badSamples = policy
            $0.badSampleLimit = 1
            $0.batchSize = 4
            $0.accumulation = 1
            $0.maximumSteps = nil
            $0.saveSteps = 0
            change(&$0)
        }
    }

    /// Items with a problem that a run does not survive, text and images apart.
    private func bad(_ report: DataReport) -> (texts: Set<Int>, pictures: Set<Int>) {
        let errors = report.problems.filter {
            $0.kind.severity == .error && $0.kind != .benchmarkLeak
        }
        func items(_ unit: DataProblem.Unit) -> Set<Int> {
            Set(errors.filter { $0.kind.unit == unit }.flatMap { $0.places.map(\.item) })
        }
        return (items(.samples), items(.pictures))
    }

    /// Items that a run recorded, by what was done.
    private func recorded(_ run: RunConfiguration) throws -> [String: [Int]] {
        let text = try String(
            contentsOfFile: "\(run.outputFolder)/incidents.jsonl", encoding: .utf8)
        var items: [String: [Int]] = [:]
        for line in text.split(separator: "\n") {
            let incident = try JSONValue(parsing: String(line))
            #expect(incident["kind"] == "bad_sample")
            let message = incident["message"]?.stringValue ?? ""
            let start = "\(run.dataFiles[0]): item "
            #expect(message.hasPrefix(start), "\(message)")
            let parts = message.dropFirst(start.count).split(separator: ": ")
            items[String(parts[1]), default: []].append(try #require(Int(parts[0])))
        }
        return items.mapValues { $0.sorted() }
    }

    /// Supervised tokens of some items, each encoded alone.
    private func supervised(_ run: RunConfiguration, _ items: some Sequence<Int>) throws -> Int {
        let encoder = try ConversationEncoder(
            tokenizer: Tokenizer(folder: run.model), template: .phi,
            options: EncodingOptions(maximumLength: run.maximumLength))
        let index = try SampleIndex([ConversationSource(file: run.dataFiles[0])], faults: .keep)
        return try items.reduce(0) { sum, item in
            let labels = try encoder.encode(index.sample(item)).labels
            return sum + labels.dropFirst().count { $0 != IgnoredLabel.id }
        }
    }

    /// A set with every fault there is, twice.
    private func faulty() throws -> (data: FaultyDataSet, expected: [DataProblem: Int]) {
        let data = try FaultyDataSet(samples: 24)
        var expected: [DataProblem: Int] = [:]
        for _ in 0..<2 {
            for fault in FaultInjection.all {
                try fault.inject(data)
                expected.merge(fault.expected, uniquingKeysWith: +)
            }
            try data.add()
        }
        return (data, expected)
    }

    @Test func `a run over every fault leaves exactly the errors of the check out`() throws {
        let (data, faults) = try faulty()
        let file = try data.write()
        let benchmark = try data.folder.folder("benchmark")
        try AtomicFile.write(data.bytes("2.png"), to: "\(benchmark)/known.png")
        var settings = settings(data, file)
        settings.benchmarks = [benchmark]
        let report = try DataCheck(settings).run()
        let expected = faults.merging([.benchmarkLeak: 1], uniquingKeysWith: +)
        // All but one of lengths in tokens, one of lines, one of captions, and three of pairs.
        #expect(expected.count >= DataProblem.allCases.count - 6)
        for problem in report.problems {
            #expect(problem.count == expected[problem.kind] ?? 0, "\(problem.kind)")
        }

        let bad = bad(report)
        let all = bad.texts.union(bad.pictures)
        #expect(bad.texts.count > 20 && bad.pictures.count > 10)
        let skipping = run(data, file, .skip)
        let reports = try progress(skipping)
        #expect(reports.count == (data.items.count + 3) / 4)
        #expect(try recorded(skipping) == ["skipped": all.sorted()])
        let good = Set(data.items.indices).subtracting(all)
        #expect(
            try reports.reduce(0) { $0 + $1.supervisedTokens } == supervised(skipping, good))

        let blanking = run(data, file, .blank)
        let blanked = try progress(blanking)
        #expect(
            try recorded(blanking) == [
                "skipped": bad.texts.sorted(),
                "blanked": bad.pictures.subtracting(bad.texts).sorted(),
            ])
        #expect(
            try blanked.reduce(0) { $0 + $1.supervisedTokens }
                == supervised(blanking, good.union(bad.pictures.subtracting(bad.texts))))
    }

    @Test func `a run that must not leave anything out stops at each error and only there`() throws
    {
        for fault in FaultInjection.all {
            let data = try FaultyDataSet(samples: 4)
            try fault.inject(data)
            let file = try data.write()
            let report = try DataCheck(settings(data, file)).run()
            let run = run(data, file, .fail) { $0.batchSize = 8 }
            if report.errors == 0 {
                #expect(try progress(run).count == 1, "\(fault)")
                continue
            }
            let error = #expect(throws: (any Error).self, "\(fault)") { try progress(run) }
            let text = error.map { "\($0)" } ?? ""
            let isPicture = report.problems.contains { $0.count > 0 && $0.kind.unit == .pictures }
            let place = isPicture ? data.images : "\(file): item 4: "
            #expect(text.contains(place), "\(fault): \(text)")
        }
    }

    @Test func `a run over lines leaves out those that are not JSON`() throws {
        let data = try FaultyDataSet(samples: 24)
        let file = try data.write(lines: true)
        var lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        lines.insert("{\"id\": \"bad\", \"conversations\": [", at: 7)
        lines.append(lines[3].dropLast(9))
        try AtomicFile.write(lines.joined(separator: "\n"), to: file)
        let report = try DataCheck(settings(data, file)).run()
        #expect(report[.malformedLine]?.places.map(\.item) == [7, 25])
        #expect(report.errors == 2 && bad(report).texts == [7, 25])

        var losses: [[Double]] = []
        for (policy, threads) in [(BadSamplePolicy.skip, 1), (.skip, 4), (.blank, 2)] {
            let run = run(data, file, policy) {
                $0.outputFolder += "-\(threads)"
                $0.loaderThreads = threads
            }
            let reports = try progress(run)
            #expect(try recorded(run) == ["skipped": [7, 25]])
            #expect(
                try reports.reduce(0) { $0 + $1.supervisedTokens }
                    == supervised(run, (0..<25).filter { $0 != 7 }))
            losses.append(reports.map(\.loss))
        }
        #expect(losses[0] == losses[1] && losses[0] == losses[2])

        let error = #expect(throws: ChatError.self) { try progress(run(data, file, .fail)) }
        #expect(error?.message.hasPrefix("\(file): line ") == true, "\(error?.message ?? "")")
    }

    @Test func `an alignment leaves out what the check calls no caption`() throws {
        let data = try FaultyDataSet(samples: 24)
        for name in ["repeated-marker", "empty answer", "no turn", "missing-picture"] {
            let fault = try #require(FaultInjection.all.first { $0.description == name })
            try fault.inject(data)
        }
        let file = try data.write()
        var settings = settings(data, file)
        settings.template = .plain
        let report = try DataCheck(settings).run()
        // Four are text only, six have four turns, one of them both.
        let bad = bad(report)
        #expect(report[.notCaption]?.count == 9)
        let aligning = run(data, file, .skip) { $0.stage = .align }
        try progress(aligning)
        #expect(
            try recorded(aligning) == ["skipped": bad.texts.union(bad.pictures).sorted()])
    }
}
