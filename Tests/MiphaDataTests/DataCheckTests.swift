import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaTestSupport
import Testing

/// What the check of a data set counts.
@Suite struct DataCheckTests {
    private func plan(_ data: FaultyDataSet, _ files: [String]) -> DataCheckSettings {
        DataCheckSettings(
            files: files, imageFolder: data.images, limit: .words(60), listLimit: 5, threads: 2)
    }

    private func counts(_ report: DataReport) -> [DataProblem: Int] {
        var counts: [DataProblem: Int] = [:]
        for problem in report.problems where problem.count > 0 {
            counts[problem.kind] = problem.count
        }
        return counts
    }

    @Test func `a clean set has no problem`() throws {
        let data = try FaultyDataSet(samples: 36)
        let report = try DataCheck(plan(data, [data.write()])).run()
        #expect(counts(report).isEmpty)
        #expect(report.samples == 36 && report.textOnly == 7)
        // 29 samples with images, four of them (6, 13, 20, 27) with two.
        #expect(report.pictures == 33 && report.references == 33)
        #expect(report.errors == 0 && report.warnings == 0)
        #expect(report.text().contains("no problem of \(DataProblem.allCases.count) kinds"))
    }

    @Test(arguments: FaultInjection.all)
    func `each fault is counted exactly, and nothing else`(fault: FaultInjection) throws {
        let data = try FaultyDataSet(samples: 12)
        for _ in 0..<7 { try fault.inject(data) }
        for lines in [false, true] {
            let report = try DataCheck(plan(data, [data.write(lines: lines)])).run()
            #expect(counts(report) == fault.expected.mapValues { $0 * 7 })
            for (problem, count) in fault.expected {
                let found = try #require(report[problem])
                #expect(found.samples == count * 7)
                #expect(found.places.map(\.item) == Array(12..<17))
            }
        }
    }

    @Test func `all faults together are counted as they are alone`() throws {
        let data = try FaultyDataSet(samples: 24)
        var expected: [DataProblem: Int] = [:]
        var generator = SplitMix64(seed: 4)
        for round in 0..<60 {
            let fault = FaultInjection.all[
                round < FaultInjection.all.count
                    ? round : Int(generator.next() % UInt64(FaultInjection.all.count))]
            try fault.inject(data)
            expected.merge(fault.expected, uniquingKeysWith: +)
            if round % 3 == 0 { try data.add() }
        }
        #expect(expected.count >= 20)
        var settings = plan(data, [try data.write()])
        let report = try DataCheck(settings).run()
        #expect(counts(report) == expected)
        #expect(report.problems.map(\.kind) == DataProblem.allCases)
        for threads in [1, 7] {
            settings.threads = threads
            #expect(try DataCheck(settings).run() == report)
        }
    }

    @Test(arguments: [
        ("<img>0.png</img>", "<img>"), ("<ImageHere>", "<ImageHere>"),
        ("<image_placeholder>", "<image_placeholder>"), ("<|image_12|>", "<|image_12|>"),
        ("<|image_pad|>", "<|image_pad|>"), ("<video>", "<video>"), ("<audio>", "<audio>"),
        ("<image", nil), ("a < b <p>", nil), ("<|image_", "<|image_"),
    ])
    func `a marker of another toolkit is reported where no image is named`(
        text: String, marker: String?
    ) throws {
        let data = try FaultyDataSet(samples: 5)
        for turn in 0..<2 {
            try data.add { object in
                object["image"] = nil
                object.setTurn(0, "value", .string("Question \(turn)?"))
                object.append(" \(text)", toTurn: turn)
            }
            try data.add { $0.append(" \(text)", toTurn: turn) }
        }
        let report = try DataCheck(plan(data, [data.write()])).run()
        // Only the human's turn of the sample without an image counts.
        #expect(counts(report) == (marker == nil ? [:] : [.foreignMarker: 1]))
        let place = report[.foreignMarker]?.places.first
        #expect(place?.item == (marker == nil ? nil : 5))
        if let marker {
            #expect(place?.detail.hasPrefix("conversations[0].value: \"\(marker)\" is") == true)
        }
    }

    @Test func `the document lists the kinds with severity and unit`() throws {
        let document = try String(
            contentsOf: URL(filePath: PackagePaths.root).appending(path: "docs/data.md"),
            encoding: .utf8)
        let rows = document.split(separator: "\n").filter { line in
            line.hasPrefix("| `") && (line.contains("| error |") || line.contains("| warning |"))
        }
        let expected = DataProblem.allCases.map { problem in
            "| `\(problem.rawValue)` | \(problem.severity.rawValue) | \(problem.unit.word) |"
        }
        #expect(rows.count == expected.count)
        for start in expected { #expect(rows.contains { $0.hasPrefix(start) }, "\(start)") }
        let changes = try String(
            contentsOf: URL(filePath: PackagePaths.root).appending(path: "CHANGELOG.md"),
            encoding: .utf8)
        #expect(changes.contains(": \(DataProblem.allCases.count) kinds of problems"))
    }

    @Test func `the template plain wants captions only`() throws {
        let data = try FaultyDataSet(samples: 12)
        var settings = plan(data, [try data.write()])
        #expect(try DataCheck(settings).run().errors == 0)
        settings.template = .plain
        let report = try DataCheck(settings).run()
        // Samples 4 and 9 are text only; 3, 7 and 11 have four turns.
        #expect(counts(report) == [.notCaption: 5])
        #expect(report[.notCaption]?.places.map(\.item) == [3, 4, 7, 9, 11])
    }

    @Test func `images of a benchmark are found whatever kind of file holds them`() throws {
        let data = try FaultyDataSet(samples: 12)
        let benchmark = try FaultyDataSet(samples: 3, named: "val")
        let inner = try benchmark.folder.folder("val/deep")
        for index in [0, 3, 6] {
            try AtomicFile.write(data.bytes("\(index).png"), to: "\(inner)/COCO_\(index).png")
        }
        try AtomicFile.write(data.bytes("1.png"), to: benchmark.path("1.png"))
        try AtomicFile.write([1, 2, 3], to: benchmark.path("broken.jpg"))
        let table = benchmark.folder.file("table.tsv")
        let text = try Data(data.bytes("2.png")).base64EncodedString()
        try AtomicFile.write("index\timage\n0\t\(text)\n1\t0\n", to: table)
        var settings = plan(data, [try data.write()])
        settings.benchmarks = [benchmark.images, table]
        let report = try DataCheck(settings).run()
        #expect(counts(report) == [.benchmarkLeak: 5])
        #expect(report[.benchmarkLeak]?.places.map(\.item) == [0, 1, 2, 3, 6])
        #expect(
            report[.benchmarkLeak]?.places[3].detail
                == "the same pixels as \(inner)/COCO_3.png")
        #expect(report.benchmarks.map(\.pictures) == [7, 1])
        #expect(report.benchmarks.map(\.unreadable) == [1, 0])
    }

    @Test func `samples that share a bad image are counted once each`() throws {
        let data = try FaultyDataSet(samples: 7)
        try FileManager.default.removeItem(atPath: data.path("0.png"))
        try FileManager.default.removeItem(atPath: data.path("6-1.png"))
        for round in 0..<3 {
            try data.add { $0["image"] = round == 0 ? "./0.png" : "0.png" }
        }
        // Sample 6 has two images; both miss after this.
        try FileManager.default.removeItem(atPath: data.path("6.png"))
        let report = try DataCheck(plan(data, [data.write()])).run()
        let missing = try #require(report[.missingPicture])
        #expect(missing.count == 3)
        #expect(missing.samples == 5)
        #expect(missing.places.map(\.item) == [0, 6, 6])
        #expect(missing.places.map(\.picture) == ["0.png", "6.png", "6-1.png"])
    }

    @Test func `repetitions over several files name the first of them`() throws {
        let data = try FaultyDataSet(samples: 4)
        let first = try data.write("a.json")
        let second = try data.write("b.jsonl", lines: true)
        let report = try DataCheck(plan(data, [first, second])).run()
        #expect(counts(report) == [.duplicateID: 4, .duplicateSample: 4])
        let ids = try #require(report[.duplicateID])
        #expect(ids.groups == 4)
        #expect(ids.places[1].file == second && ids.places[1].item == 1)
        #expect(ids.places[1].detail == "as \(first): item 1, the first with this id")
        #expect(report.files.map(\.samples) == [4, 4])
    }

    @Test func `the JSON report holds all kinds, counts and places`() throws {
        let data = try FaultyDataSet(samples: 3)
        for _ in 0..<7 { try data.addPicture { _ in nil } }
        let report = try DataCheck(plan(data, [data.write()])).run()
        let json = try JSONValue(parsing: report.json.text())
        let problems = try #require(json["problems"]?.arrayValue)
        #expect(problems.count == DataProblem.allCases.count)
        let missing = try #require(problems.first { $0["class"] == "missing-picture" })
        #expect(missing["count"] == 7 && missing["left_off"] == 2 && missing["samples"] == 7)
        #expect(missing["severity"] == "error" && missing["unit"] == "pictures")
        let place = try #require(missing["places"]?.arrayValue?.first)
        #expect(place["item"] == 3 && place["picture"] == "3.png")
        #expect(json["errors"] == 7 && json["warnings"] == 0)
        #expect(report.text().contains("and 4 more"))
    }

    @Test(arguments: [
        ("[{\"id\": 1, \"conversations\": []},\n {\"id\": 2,]", ":2:11: "),
        ("{\"id\": tru}\n{\"id\": 2,\n", ": line 1, column 8: "),
        ("[{\"id\": 1, \"conversations\": []}", ":1:32: "),
        ("", ":1:1: "),
    ])
    func `a file that is not JSON is an error with its place`(text: String, place: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("broken.json")
        try AtomicFile.write(text, to: path)
        let error = #expect(throws: FileError.self) {
            try DataCheck(DataCheckSettings(files: [path])).run()
        }
        #expect(error?.code == .malformedJSON)
        #expect(error?.message.hasPrefix(path + place) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["[]", " [ ]\n"])
    func `a file without a conversation is an error, as in a run`(text: String) throws {
        let data = try FaultyDataSet(samples: 2)
        let path = data.folder.file("none.json")
        try AtomicFile.write(text, to: path)
        let files = [try data.write(), path]
        let check = #expect(throws: DataError.self) { try DataCheck(plan(data, files)).run() }
        let run = #expect(throws: DataError.self) {
            try SampleIndex(files.map { ConversationSource(file: $0) })
        }
        #expect(check == run && check?.code == .noSamples)
        #expect(check?.message == "\(path): expected at least one conversation, found none")
    }

    @Test func `what does not exist is an error before anything is read`() throws {
        let data = try FaultyDataSet(samples: 2)
        let file = try data.write()
        let absent = data.folder.file("absent")
        #expect(throws: FileError.self) { try DataCheck(plan(data, [file, absent])).run() }
        let folder = #expect(throws: DataError.self) {
            try DataCheck(DataCheckSettings(files: [file], imageFolder: absent)).run()
        }
        #expect(folder?.message == "\(absent): no such folder of images")
        var settings = plan(data, [file])
        settings.benchmarks = [absent]
        #expect(throws: DataError.self) { try DataCheck(settings).run() }
        settings.benchmarks = [try data.folder.folder("empty")]
        let empty = #expect(throws: DataError.self) { try DataCheck(settings).run() }
        #expect(empty?.message.contains("expected a benchmark's images") == true)
    }

    @Test func `a check that is asked to stop stops`() throws {
        let data = try FaultyDataSet(samples: 20)
        let settings = plan(data, [try data.write()])
        var asked = 0
        #expect(throws: CancellationError.self) {
            try DataCheck(settings).run(shouldStop: {
                asked += 1
                return asked > 5
            })
        }
        #expect(asked == 6)
    }
}
