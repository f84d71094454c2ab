import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha eval` with a tiny model.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct EvalCommandTests {
    private let fixture: EvalFixture

    init() throws {
        fixture = try EvalFixture()
    }

    @Test func `grouped and one by one give the same bytes over every benchmark`() throws {
        let data = PackagePaths.fixture("benchmarks")
        let names = try FileManager.default.contentsOfDirectory(atPath: data).sorted()
            .filter { FileManager.default.fileExists(atPath: "\(data)/\($0)/.") }
        #expect(names.count >= 15)
        let outputs = ["grouped", "single"].map { fixture.file($0) }
        for (output, more) in zip(outputs, [[], ["--one-by-one"]]) {
            let done = try MiphaProcess(
                ["eval", fixture.model, "--benchmark"] + names
                    + ["--data", data, "--output", output, "--max-tokens", "12"] + more)
            try #require(done.status == 0, "\(done.errors)")
        }
        for name in names {
            let files = try outputs.map { try fixture.bytes("\($0)/\(name)/predictions.jsonl") }
            #expect(files[0] == files[1] && !files[0].isEmpty, "\(name)")
            let scores = "\(outputs[0])/\(name)/scores.json"
            guard FileManager.default.fileExists(atPath: scores) else { continue }
            let speed = try #require(try JSONValue(contentsOf: scores)["speed"], "\(name)")
            #expect(speed["tower_calls"] == speed["pictures"], "\(name)")
        }
        let report = try String(contentsOfFile: "\(outputs[0])/report.html", encoding: .utf8)
        #expect(report.contains("POPE"))
    }

    @Test func `shards merge to the predictions of the whole`() throws {
        let data = try fixture.questions(90)
        let whole = fixture.file("whole")
        _ = try fixture.evaluate(data, whole)
        let parts = (1...3).map { fixture.file("part-\($0)") }
        for (index, part) in parts.enumerated() {
            _ = try fixture.evaluate(data, part, ["--shard", "\(index + 1)/3"])
        }
        let merged = fixture.file("merged")
        func merge(_ parts: [String]) throws -> MiphaProcess {
            try MiphaProcess(
                ["eval", "merge"] + parts
                    + ["--benchmark", "custom:exact", "--data", data, "--output", merged])
        }
        let incomplete = try merge(Array(parts.prefix(2)))
        #expect(incomplete.status == 2)
        #expect(incomplete.errors.contains("3/3"))
        let done = try merge(parts)
        try #require(done.status == 0, "\(done.errors)")
        #expect(
            try fixture.bytes("\(merged)/custom/predictions.jsonl")
                == fixture.bytes("\(whole)/custom/predictions.jsonl"))
    }

    @Test func `a begun evaluation is not touched without a request to resume`() throws {
        let data = try fixture.questions(10)
        let output = fixture.file("begun")
        _ = try fixture.evaluate(data, output)
        let again = try MiphaProcess(fixture.arguments(data, output))
        #expect(again.status == 2)
        #expect(again.errors.contains("--resume"))
    }

    @Test func `a limit scores what was asked and says so`() throws {
        let data = try fixture.questions(40)
        let output = fixture.file("limited")
        let done = try fixture.evaluate(data, output, ["--limit", "15"])
        #expect(done.output.contains("only 15"))
        let lines = try String(
            contentsOfFile: "\(output)/custom/predictions.jsonl", encoding: .utf8)
        #expect(lines.split(separator: "\n").count == 15)
    }

    @Test func `a missing image is named, the others are answered, and its return is enough`()
        throws
    {
        let data = try fixture.questions(30)
        let moved = fixture.file("moved.png")
        try FileManager.default.moveItem(atPath: "\(data)/1.png", toPath: moved)
        let output = fixture.file("gap")
        let failed = try MiphaProcess(fixture.arguments(data, output))
        #expect(failed.status == 2)
        #expect(failed.errors.contains("1.png"))
        try FileManager.default.moveItem(atPath: moved, toPath: "\(data)/1.png")
        let done = try fixture.evaluate(data, output, ["--resume"])
        #expect(done.status == 0)
        let log = try String(contentsOfFile: "\(output)/custom/answers.jsonl", encoding: .utf8)
        #expect(log.split(separator: "\n").count == 30)
    }
}
