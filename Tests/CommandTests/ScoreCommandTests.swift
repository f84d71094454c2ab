import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha score` on files that are there.
@Suite(.enabled(if: MiphaProcess.executable != nil))
struct ScoreCommandTests {
    private let predictions = PackagePaths.fixture("oracles/docvqa/predictions.json")
    private let annotations = PackagePaths.fixture("oracles/docvqa/val_v1.0.json")

    private func score(_ more: [String]) throws -> MiphaProcess {
        try MiphaProcess(["score"] + more)
    }

    private func docVQA(_ more: [String] = []) throws -> MiphaProcess {
        try score(
            ["docvqa", "--predictions", predictions, "--annotations", annotations] + more)
    }

    @Test func `the command of the README prints the score`() throws {
        let done = try docVQA()
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.contains("DocVQA, official"))
        #expect(done.output.contains("anls"))
    }

    @Test func `answers that were not understood are shown with their spaces`() throws {
        let folder = try TemporaryFolder()
        let answers = folder.file("answers.jsonl")
        let texts = ["0": " A\u{A0}", "1": "two\nlines", "2": ""]
        try AtomicFile.write(
            texts.sorted { $0.key < $1.key }.map { id, text in
                try JSONValue.object(["question_id": .string(id), "text": .string(text)])
                    .text(.compact) + "\n"
            }.joined(), to: answers)
        let done = try score([
            "ai2d", "--variant", "lmms-eval", "--predictions", answers, "--annotations",
            PackagePaths.fixture("benchmarks/ai2d"),
        ])
        #expect(done.output.contains("unparsed 0: \" A\\u{a0}\"\n"), "\(done.output)")
        #expect(done.output.contains("unparsed 1: \"two\\nlines\"\n"))
        #expect(done.output.contains("unparsed 2: (empty)\n"))
    }

    @Test func `--json holds every digit, an interval, the variant and both hashes`() throws {
        let done = try docVQA(["--json"])
        let report = try JSONValue(parsing: done.output)
        #expect(report["variant"] == "official")
        let headline = try #require(report["headline"])
        let value = try #require(headline["value"]?.doubleValue)
        let bounds = try #require(headline["interval"]?.arrayValue)
        let interval = bounds.compactMap(\.doubleValue)
        #expect(interval.count == 2 && interval[0] < value && value < interval[1])
        let inputs = try #require(report["inputs"])
        #expect(inputs["predictions"]?["sha256"]?.stringValue?.count == 64)
        #expect(inputs["annotations"]?.arrayValue?.first?["sha256"]?.stringValue?.count == 64)
        let other = try JSONValue(parsing: docVQA(["--json", "--variant", "stvqa"]).output)
        #expect(other["variant"] == "stvqa")
    }

    @Test func `--per-item writes one line for each answer`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("items.jsonl")
        let done = try docVQA(["--json", "--per-item", path])
        let report = try JSONValue(parsing: done.output)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(report["counts"]?["questions"]?.integerValue == lines.count)
        let line = try #require(lines.first)
        let first = try JSONValue(parsing: String(line))
        #expect(first["score"]?.doubleValue != nil && first["prediction"]?.stringValue != nil)
    }

    @Test func `a file compared with itself shows no difference`() throws {
        let done = try score([
            "docvqa", "--compare", predictions, predictions, "--annotations", annotations,
            "--json",
        ])
        let report = try JSONValue(parsing: done.output)
        let headline = try #require(report["differences"]?.arrayValue?.first)
        #expect(headline["difference"]?.doubleValue == 0)
        #expect(headline["p_value"]?.doubleValue == 1)
        #expect(report["flips"]?.arrayValue?.isEmpty == true)
    }

    @Test func `another benchmark's file is refused with what was expected`() throws {
        let done = try score([
            "pope", "--predictions", predictions, "--annotations", annotations,
        ])
        #expect(done.status == 2)
        #expect(done.errorLines.count == 1)
        #expect(done.errors.contains("POPE"))
    }

    @Test func `unknown names list the known ones`() throws {
        let benchmark = try score([
            "popes", "--predictions", predictions, "--annotations", annotations,
        ])
        #expect(benchmark.status == 2 && benchmark.errors.contains("textvqa"))
        let variant = try docVQA(["--variant", "official2"])
        #expect(variant.status == 2 && variant.errors.contains("pix2struct"))
    }

    @Test func `an upload file is written where only the server can score`() throws {
        let folder = try TemporaryFolder()
        let data = PackagePaths.fixture("benchmarks/vizwiz")
        let answers = folder.file("answers.jsonl")
        let lines = try String(contentsOfFile: "\(data)/llava_test.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let texts = try lines.map { line -> String in
            let answer: JSONValue = [
                "question_id": line["question_id"] ?? .null, "prompt": line["text"] ?? .null,
                "text": "Unanswerable",
            ]
            return try answer.text(.compact)
        }
        try AtomicFile.write(texts.joined(separator: "\n") + "\n", to: answers)
        let upload = folder.file("upload.json")
        let done = try score([
            "vizwiz", "--predictions", answers, "--annotations", data, "--upload", upload,
        ])
        #expect(done.status == 0, "\(done.errors)")
        let entries = try #require(try JSONValue(contentsOf: upload).arrayValue)
        #expect(entries.count == lines.count)
        #expect(entries[0]["answer"] == "unanswerable")
    }

    @Test func `the list names every benchmark with its variants`() throws {
        let done = try score(["--list"])
        for name in ["vqav2", "mmbench-cn", "llavabench", "custom", "--variant circular"] {
            #expect(done.output.contains(name))
        }
    }

    @Test func `the list is JSON on request`() throws {
        let list = try #require(
            try JSONValue(parsing: score(["--list", "--json"]).output).arrayValue)
        #expect(list.count >= 17)
        let docVQA = try #require(list.first { $0["id"] == "docvqa" })
        #expect(docVQA["title"] == "DocVQA" && docVQA["split"]?.stringValue != nil)
        let variants = try #require(docVQA["variants"]?.arrayValue)
        #expect(variants.contains { $0["name"] == "stvqa" && $0["summary"] != nil })
        #expect(docVQA["files"]?.arrayValue?.first?["names"]?.arrayValue?.isEmpty == false)
    }

    @Test(arguments: ["--json", "--partial", "--per-item", "--judge-model"])
    func `an upload takes nothing that is about scores`(_ option: String) throws {
        let folder = try TemporaryFolder()
        let value = option.hasPrefix("--p") && option != "--partial" || option == "--judge-model"
        let done = try docVQA(
            ["--upload", folder.file("u.json"), option] + (value ? [folder.file("x")] : []))
        #expect(done.status == 64 || done.status == 2)
        #expect(done.errors.contains("--upload") && done.errors.contains(option))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func `an upload over an input is refused`() throws {
        let folder = try TemporaryFolder()
        let copy = folder.file("p.json")
        try FileManager.default.copyItem(atPath: predictions, toPath: copy)
        let before = try Data(contentsOf: URL(filePath: copy))
        let done = try score([
            "docvqa", "--predictions", copy, "--annotations", annotations, "--upload", copy,
        ])
        #expect(done.status == 2 && done.errors.contains("--upload"))
        #expect(try Data(contentsOf: URL(filePath: copy)) == before)
    }

    @Test func `every figure of --json is written with all digits`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("items.jsonl")
        let report = try JSONValue(parsing: docVQA(["--json", "--per-item", path]).output)
        let scores = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map { try #require(try JSONValue(parsing: String($0))["score"]?.doubleValue) }
        let mean = scores.reduce(0, +) / Double(scores.count)
        let headline = try #require(report["headline"]?["value"]?.doubleValue)
        #expect(abs(headline - mean) <= 4 * mean.ulp)
        // Rounded to six digits the figure would be another number.
        #expect(headline != (headline * 1e6).rounded() / 1e6)
        let figures = try #require(report["figures"]?.arrayValue)
        #expect(!figures.isEmpty)
        for figure in figures {
            let value = try #require(figure["value"]?.doubleValue)
            for end in figure["interval"]?.arrayValue ?? [] {
                let bound = try #require(end.doubleValue)
                #expect(bound == bound.rounded() || bound != (bound * 1e6).rounded() / 1e6)
            }
            #expect(Double("\(value)") == value)
        }
        #expect(figures[0]["value"]?.doubleValue == headline)
    }
}
