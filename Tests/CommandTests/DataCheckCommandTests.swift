import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha data check` from outside.
@Suite(.enabled(if: MiphaProcess.executable != nil))
struct DataCheckCommandTests {
    private let images = PackagePaths.fixture("images")

    private func check(
        _ text: String, _ more: [String] = [], smallest: Int = 8
    ) throws -> MiphaProcess {
        let folder = try TemporaryFolder()
        let file = folder.file("data.json")
        try AtomicFile.write(text, to: file)
        return try MiphaProcess(
            [
                "data", "check", file, "--images", images, "--smallest-side", "\(smallest)",
                "--threads", "1",
            ] + more)
    }

    private func sample(_ id: Int, image: String, answer: String = "Grey.") -> String {
        """
        {"id": \(id), "image": "\(image)", "conversations": [{"from": "human", \
        "value": "<image>\\nColour?"}, {"from": "gpt", "value": "\(answer)"}]}
        """
    }

    @Test func `clean data end with status 0`() throws {
        let done = try check("[\(sample(1, image: "grey8.png"))]")
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.contains("1 sample, 0 without images"))
        #expect(done.output.contains("no problem of"))
        #expect(done.errors.isEmpty)
    }

    @Test func `errors end with status 1, warnings alone do not`() throws {
        let warned = try check("[\(sample(1, image: "grey8.png"))]", smallest: 16)
        #expect(warned.status == 0)
        #expect(warned.output.contains("small-picture"))
        let missing = try check(
            "\(sample(1, image: "grey8.png"))\n\(sample(2, image: "absent.png"))\n", ["--json"])
        #expect(missing.status == 1)
        let report = try JSONValue(parsing: missing.output)
        #expect(report["samples"] == 2 && report["errors"] == 1)
        let found = report["problems"]?.arrayValue?.filter { $0["count"] != 0 }
        #expect(found?.map { $0["class"] } == ["missing-picture"])
        #expect(found?.first?["places"]?.arrayValue?.first?["item"] == 1)
    }

    @Test func `a line that is not JSON ends with status 1 and is reported by its number`() throws {
        let good = sample(1, image: "grey8.png")
        let done = try check("\(good)\n{\"id\": 2, \"conv\n")
        #expect(done.status == 1, "\(done.errors)")
        #expect(done.output.contains("malformed-line"))
        #expect(done.output.contains("data.json: item 1: line 2, column 11: "), "\(done.output)")
    }

    @Test func `an image of a benchmark is a leak`() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: "\(images)/grey8.png", toPath: folder.file("other.png"))
        let done = try check(
            "[\(sample(1, image: "grey8.png"))]", ["--benchmarks", folder.path])
        #expect(done.status == 1)
        #expect(done.output.contains("benchmark-leak"))
        #expect(done.output.contains("other.png"))
    }

    @Test func `lengths are in tokens of the model`() throws {
        let model = try SampleFolder()
        let text = "[\(sample(1, image: "grey8.png", answer: "One two three four five."))]"
        let words = try check(text, ["--max-length", "7", "--json"])
        let tokens = try check(text, ["--max-length", "7", "--model", model.model, "--json"])
        for (done, unit, count) in [(words, "words", 0), (tokens, "tokens", 1)] {
            let report = try JSONValue(parsing: done.output)
            #expect(report["limit"]?["unit"] == .string(unit))
            let long = report["problems"]?.arrayValue?.first { $0["class"] == "long-sample" }
            #expect(long?["count"] == .integer(count))
        }
    }

    @Test func `what is not JSON ends with status 2 and its place`() throws {
        let done = try check("[{\"id\": 1,}]")
        #expect(done.status == 2)
        #expect(done.errorLines.count == 1)
        #expect(done.errors.contains("data.json:1:"))
        #expect(done.output.isEmpty)
        let usage = try check("[]", ["--max-length", "0"])
        #expect(usage.status == 2 && usage.errors.contains("--max-length"))
    }
}
