import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha eval` over several benchmarks, with parts and with a judge.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct EvalBenchmarksCommandTests {
    private let fixture: EvalFixture

    init() throws {
        fixture = try EvalFixture()
    }

    private func eval(
        _ benchmarks: [String], data: String, output: String, _ more: [String] = [],
        model: String? = nil
    ) throws -> MiphaProcess {
        try MiphaProcess(
            ["eval", model ?? fixture.model, "--benchmark"] + benchmarks
                + ["--data", data, "--output", output, "--max-tokens", "8"] + more)
    }

    /// A copy of some of the fixtures' benchmarks.
    private func copy(_ names: [String]) throws -> String {
        let data = try fixture.sample.temporary.folder("data")
        for name in names {
            try FileManager.default.copyItem(
                atPath: PackagePaths.fixture("benchmarks/\(name)"), toPath: "\(data)/\(name)")
        }
        return data
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(arguments: ["", ":", "pope:", ":llava"])
    func `half a name is refused with what was expected`(name: String) throws {
        let done = try eval([name], data: fixture.file("none"), output: fixture.file("out"))
        #expect(done.status == 2)
        #expect(done.errorLines.count == 1 && done.errors.contains("ID:VARIANT"), "\(done.errors)")
    }

    @Test func `a benchmark that is named twice is noticed whatever its letters`() throws {
        let done = try eval(
            ["pope", "POPE"], data: PackagePaths.fixture("benchmarks"),
            output: fixture.file("out"))
        #expect(done.status == 2 && done.errors.contains("twice"), "\(done.errors)")
    }

    @Test func `the data of all benchmarks are read before the model`() throws {
        let data = try copy(["custom", "pope", "gqa"])
        for name in ["pope", "gqa"] {
            try FileManager.default.removeItem(atPath: "\(data)/\(name)")
            try FileManager.default.createDirectory(
                atPath: "\(data)/\(name)", withIntermediateDirectories: true)
        }
        let done = try eval(
            ["custom", "pope", "gqa"], data: data, output: fixture.file("out"),
            model: fixture.file("no-model"))
        #expect(done.status != 0)
        #expect(done.errors.contains("POPE") && done.errors.contains("GQA"), "\(done.errors)")
        #expect(!done.errors.contains("no-model"))
        #expect(!exists("\(fixture.file("out"))/custom/answers.jsonl"))
    }

    @Test func `a benchmark that fails does not keep the others from their scores`() throws {
        let data = try copy(["custom", "ai2d"])
        try FileManager.default.removeItem(atPath: "\(data)/custom/images/picture-1.png")
        let output = fixture.file("out")
        let done = try eval(["custom", "ai2d"], data: data, output: output)
        #expect(done.status == 1)
        #expect(done.errorLines.last?.contains("Custom") == true, "\(done.errors)")
        #expect(done.errorLines.last?.contains("picture-1.png") == true)
        #expect(exists("\(output)/ai2d/scores.json") && !exists("\(output)/custom/scores.json"))
        let report = try String(contentsOfFile: "\(output)/report.html", encoding: .utf8)
        #expect(report.contains("AI2D"))
    }

    @Test func `merge overwrites no part and takes one model`() throws {
        let data = try fixture.questions(30)
        let parts = (1...2).map { fixture.file("part-\($0)") }
        for (index, part) in parts.enumerated() {
            _ = try fixture.evaluate(data, part, ["--shard", "\(index + 1)/2"])
        }
        let before = try fixture.bytes("\(parts[0])/custom/run.json")
        func merge(_ output: String) throws -> MiphaProcess {
            try MiphaProcess(
                ["eval", "merge"] + parts
                    + ["--benchmark", "custom:exact", "--data", data, "--output", output])
        }
        let refused = try merge(parts[0])
        #expect(refused.status == 2 && refused.errors.contains("one of the parts"))
        #expect(try fixture.bytes("\(parts[0])/custom/run.json") == before)
        let merged = fixture.file("merged")
        #expect(try merge(merged).status == 0)
        let again = try merge(merged)
        #expect(again.status == 2 && again.errors.contains("holds an evaluation"))

        // The second benchmark's parts come from another model.
        for part in parts {
            try FileManager.default.createDirectory(
                atPath: "\(part)/ai2d", withIntermediateDirectories: true)
            let record = try String(contentsOfFile: "\(part)/custom/run.json", encoding: .utf8)
            let fingerprint = try #require(
                try JSONValue(parsing: record)["fingerprint"]?.stringValue)
            try AtomicFile.write(
                record.replacing(fingerprint, with: "another"), to: "\(part)/ai2d/run.json")
            try AtomicFile.write("", to: "\(part)/ai2d/answers.jsonl")
        }
        let mixed = try MiphaProcess(
            ["eval", "merge"] + parts
                + ["--benchmark", "custom", "ai2d", "--data", data]
                + ["--output", fixture.file("mixed")])
        #expect(mixed.status == 2 && mixed.errors.contains("another model"), "\(mixed.errors)")
    }

    private func judge() throws -> LoopbackServer {
        try LoopbackServer { _, _ in
            .response(
                status: 200,
                body: #"{"model": "judge", "choices": [{"message": {"content": "0.5"}}]}"#)
        }
    }

    @Test func `grades of a judge reach the report`() throws {
        let server = try judge()
        let output = fixture.file("out")
        let options = ["--judge-model", "judge", "--judge-url", server.address]
        let data = PackagePaths.fixture("benchmarks")
        let asking = try eval(["mmvet", "ai2d"], data: data, output: output, options)
        #expect(asking.status == 2 && asking.errors.contains("--yes"), "\(asking.errors)")
        let done = try eval(["mmvet", "ai2d"], data: data, output: output, options + ["--yes"])
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.contains("MM-Vet") && done.output.contains("50.0"), "\(done.output)")
        #expect(!done.errors.contains("wait for a judge"))
        let report = try String(contentsOfFile: "\(output)/report.html", encoding: .utf8)
        #expect(report.contains("MM-Vet") && report.contains("AI2D"))
        #expect(exists("\(output)/mmvet/scores.json"))
        let needless = try eval(
            ["ai2d"], data: data, output: fixture.file("other"), options + ["--yes"])
        #expect(needless.status == 2 && needless.errors.contains("--judge-model"))
    }

    @Test func `a judge that fails leaves the other scores and the way to go on`() throws {
        let server = try LoopbackServer { _, _ in .response(status: 400, body: "{}") }
        let output = fixture.file("out")
        let done = try eval(
            ["mmvet", "ai2d"], data: PackagePaths.fixture("benchmarks"), output: output,
            ["--judge-model", "judge", "--judge-url", server.address, "--yes"])
        #expect(done.status == 1)
        #expect(done.errors.contains("mipha score mmvet"), "\(done.errors)")
        #expect(exists("\(output)/report.html") && exists("\(output)/ai2d/scores.json"))
    }

    @Test(arguments: [[], ["--limit", "2"]])
    func `the command for the judge works, of a limited run too`(more: [String]) throws {
        let server = try judge()
        let output = fixture.file("out")
        let done = try eval(
            ["mmvet"], data: PackagePaths.fixture("benchmarks/mmvet"), output: output, more)
        #expect(done.status == 0, "\(done.errors)")
        let line = try #require(done.errorLines.first { $0.contains("mipha score") })
        let command = try #require(line.range(of: "mipha score "))
        let words = line[command.upperBound...].split(separator: " ").map {
            $0 == "MODEL" ? "judge" : String($0)
        }
        let scored = try MiphaProcess(
            ["score"] + words + ["--judge-url", server.address, "--yes", "--json"])
        #expect(scored.status == 0, "\(scored.errors)")
        let report = try JSONValue(parsing: scored.output)
        #expect(report["counts"]?["questions"]?.integerValue == (more.isEmpty ? 3 : 2))
    }
}
