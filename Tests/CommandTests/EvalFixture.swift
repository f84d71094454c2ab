import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

/// A tiny model that was trained for a moment, so that its answers differ, and questions for it.
struct EvalFixture {
    let sample: SampleFolder
    let model: String
    static let pictures = 12
    static let questionsPerPicture = 10

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

    /// A question file over several images, and its folder.
    func questions(_ count: Int) throws -> String {
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

    func arguments(_ data: String, _ output: String, _ more: [String] = []) -> [String] {
        [
            "eval", model, "--benchmark", "custom:exact", "--data", data, "--output", output,
            "--max-tokens", "8",
        ] + more
    }

    func evaluate(
        _ data: String, _ output: String, _ more: [String] = []
    ) throws -> MiphaProcess {
        let done = try MiphaProcess(arguments(data, output, more))
        try #require(done.status == 0, "\(done.errors)")
        return done
    }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    func file(_ name: String) -> String { sample.temporary.file(name) }

    /// The answers in the log of the own questions.
    func loggedCount(_ output: String) -> Int {
        let log = try? bytes("\(output)/custom/answers.jsonl")
        return log?.count { $0 == 0x0A } ?? 0
    }

    /// Starts the executable, sends it a signal when so many answers are logged, and waits.
    ///
    /// - Returns: the exit status, 128 and the signal for a process that was killed.
    func interrupt(
        _ arguments: [String], _ output: String, by signal: Int32, at count: Int
    ) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: MiphaProcess.executable ?? "")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning, loggedCount(output) < count {
            Thread.sleep(forTimeInterval: 0.001)
        }
        if process.isRunning { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
        let isKilled = process.terminationReason == .uncaughtSignal
        return process.terminationStatus + (isKilled ? 128 : 0)
    }
}
