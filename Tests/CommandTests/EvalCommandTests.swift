import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha eval` with a tiny model that was trained for a moment, so that its answers differ.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct EvalCommandTests {
    private let sample: SampleFolder
    private let model: String
    private static let pictures = 12
    private static let questionsPerPicture = 10

    init() throws {
        sample = try SampleFolder()
        model = try Self.trained(sample)
    }

    /// A short training run, after which greedy answers depend on the question.
    private static func trained(_ sample: SampleFolder) throws -> String {
        let items = (0..<8).map { index -> JSONValue in
            [
                "id": .integer(index), "image": .string(sample.picture),
                "conversations": [
                    ["from": "human", "value": .string("<image>\nWhat is number \(index)?")],
                    ["from": "gpt", "value": .string("it is \(index * 7 % 10)")],
                ],
            ]
        }
        try JSONValue.array(items).write(to: sample.temporary.file("train.json"))
        let output = sample.temporary.file("trained")
        let run = try sample.write(
            """
            model: \(sample.model)
            output_dir: \(output)
            stage: instruct
            data_path: \(sample.temporary.file("train.json"))
            max_steps: 30
            per_device_train_batch_size: 4
            learning_rate: 2.0e-3

            """, to: "train.yaml")
        let done = try MiphaProcess(["train", run])
        try #require(done.status == 0, "\(done.errors)")
        return output
    }

    /// A question file over several pictures, and its folder.
    private func questions(_ count: Int) throws -> String {
        let folder = sample.temporary.file("custom")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let sources = [
            "grey8.png", "rgb8.png", "palette8-interlaced.png", "rgb420.jpg", "lossy.webp",
        ]
        for picture in 0..<Self.pictures {
            let source = PackagePaths.fixture("images/\(sources[picture % sources.count])")
            try? FileManager.default.copyItem(
                atPath: source, toPath: "\(folder)/\(picture).png")
        }
        let lines = try (0..<count).map { index -> String in
            let item: JSONValue = [
                "question_id": .integer(index),
                "image": .string("\(index / Self.questionsPerPicture % Self.pictures).png"),
                "text": .string(
                    "What is number \(index % 10)" + String(repeating: "?", count: 1 + index % 3)),
                "answer": .string("it is \(index * 7 % 10)"),
                "category": .string(index.isMultiple(of: 2) ? "even" : "odd"),
            ]
            return try item.text(.compact)
        }
        try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: "\(folder)/questions.jsonl")
        return folder
    }

    private func arguments(_ data: String, _ output: String, _ more: [String] = []) -> [String] {
        [
            "eval", model, "--benchmark", "custom:exact", "--data", data, "--output", output,
            "--max-tokens", "8",
        ] + more
    }

    private func evaluate(
        _ data: String, _ output: String, _ more: [String] = []
    ) throws -> MiphaProcess {
        let done = try MiphaProcess(arguments(data, output, more))
        try #require(done.status == 0, "\(done.errors)")
        return done
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    @Test func `grouped and one by one give the same bytes over every benchmark`() throws {
        let data = PackagePaths.fixture("benchmarks")
        let names = try FileManager.default.contentsOfDirectory(atPath: data).sorted()
            .filter { FileManager.default.fileExists(atPath: "\(data)/\($0)/.") }
        #expect(names.count >= 15)
        let outputs = ["grouped", "single"].map { sample.temporary.file($0) }
        for (output, more) in zip(outputs, [[], ["--one-by-one"]]) {
            let done = try MiphaProcess(
                ["eval", model, "--benchmark"] + names
                    + ["--data", data, "--output", output, "--max-tokens", "12"] + more)
            try #require(done.status == 0, "\(done.errors)")
        }
        for name in names {
            let files = try outputs.map { try bytes("\($0)/\(name)/predictions.jsonl") }
            #expect(files[0] == files[1] && !files[0].isEmpty, "\(name)")
            let scores = "\(outputs[0])/\(name)/scores.json"
            guard FileManager.default.fileExists(atPath: scores) else { continue }
            let speed = try #require(try JSONValue(contentsOf: scores)["speed"], "\(name)")
            let calls = try #require(speed["tower_calls"]?.integerValue)
            let pictures = try #require(speed["pictures"]?.integerValue)
            // MMBench's Chinese questions stand on MMBench's pictures, which the model still holds.
            #expect(name == "mmbench-cn" ? calls <= pictures : calls == pictures, "\(name)")
        }
        let report = try String(contentsOfFile: "\(outputs[0])/report.html", encoding: .utf8)
        #expect(report.contains("POPE"))
    }

    @Test func `killed evaluations end with the predictions of an undisturbed one`() throws {
        let data = try questions(Self.pictures * Self.questionsPerPicture)
        let whole = sample.temporary.file("whole")
        let clock = ContinuousClock()
        let start = clock.now
        _ = try evaluate(data, whole, ["--batch", "10"])
        let duration = (clock.now - start) / .seconds(1)
        let expected = try bytes("\(whole)/custom/predictions.jsonl")
        var generator = SplitMix64(seed: 11)
        for trial in 0..<20 {
            let output = sample.temporary.file("killed-\(trial)")
            for _ in 0..<3 {
                let delay = Double.random(in: 0.1...1, using: &generator) * duration
                try kill(arguments(data, output, ["--batch", "10", "--resume"]), after: delay)
            }
            _ = try evaluate(data, output, ["--batch", "10", "--resume"])
            #expect(try bytes("\(output)/custom/predictions.jsonl") == expected, "trial \(trial)")
            let keys = try String(contentsOfFile: "\(output)/custom/answers.jsonl", encoding: .utf8)
                .split(separator: "\n").map { try JSONValue(parsing: String($0))["key"] }
            #expect(keys.count == Self.pictures * Self.questionsPerPicture)
            #expect(Set(keys.compactMap { $0?.stringValue }).count == keys.count)
            try FileManager.default.removeItem(atPath: output)
        }
    }

    /// Runs the executable and kills it when it still runs after `delay` seconds.
    private func kill(_ arguments: [String], after delay: Double) throws {
        let process = Process()
        process.executableURL = URL(filePath: MiphaProcess.executable ?? "")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let end = Date.now.addingTimeInterval(delay)
        while process.isRunning, Date.now < end { Thread.sleep(forTimeInterval: 0.005) }
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    @Test func `shards merge to the predictions of the whole`() throws {
        let data = try questions(90)
        let whole = sample.temporary.file("whole")
        _ = try evaluate(data, whole)
        let parts = (1...3).map { sample.temporary.file("part-\($0)") }
        for (index, part) in parts.enumerated() {
            _ = try evaluate(data, part, ["--shard", "\(index + 1)/3"])
        }
        let merged = sample.temporary.file("merged")
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
            try bytes("\(merged)/custom/predictions.jsonl")
                == bytes("\(whole)/custom/predictions.jsonl"))
    }

    @Test func `a begun evaluation is not touched without being told to resume`() throws {
        let data = try questions(10)
        let output = sample.temporary.file("begun")
        _ = try evaluate(data, output)
        let again = try MiphaProcess(arguments(data, output))
        #expect(again.status == 2)
        #expect(again.errors.contains("--resume"))
    }

    @Test func `a limit scores what was asked and says so`() throws {
        let data = try questions(40)
        let output = sample.temporary.file("limited")
        let done = try evaluate(data, output, ["--limit", "15"])
        #expect(done.output.contains("only 15"))
        let lines = try String(
            contentsOfFile: "\(output)/custom/predictions.jsonl", encoding: .utf8)
        #expect(lines.split(separator: "\n").count == 15)
    }

    @Test func `a missing picture is named, the others are answered, and its return is enough`()
        throws
    {
        let data = try questions(30)
        let moved = sample.temporary.file("moved.png")
        try FileManager.default.moveItem(atPath: "\(data)/1.png", toPath: moved)
        let output = sample.temporary.file("gap")
        let failed = try MiphaProcess(arguments(data, output))
        #expect(failed.status == 2)
        #expect(failed.errors.contains("1.png"))
        try FileManager.default.moveItem(atPath: moved, toPath: "\(data)/1.png")
        let done = try evaluate(data, output, ["--resume"])
        #expect(done.status == 0)
        let log = try String(contentsOfFile: "\(output)/custom/answers.jsonl", encoding: .utf8)
        #expect(log.split(separator: "\n").count == 30)
    }
}
