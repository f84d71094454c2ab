import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// Runs of `mipha train` that are killed and started again.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct TrainResumeTests {
    private let sample: SampleFolder
    private let runFile: String
    private static let steps = 40

    init() throws {
        let sample = try SampleFolder()
        self.sample = sample
        // With dropout the position in the random stream has to survive as well.
        let config = "\(sample.model)/config.json"
        if case .object(var object) = try JSONValue(contentsOf: config) {
            object["resid_pdrop"] = .double(0.1)
            try JSONValue.object(object).write(to: config)
        }
        let items = (0..<12).map { index in
            var item: JSONObject = ["id": .integer(index)]
            let isPictured = !index.isMultiple(of: 3)
            if isPictured { item["image"] = .string(sample.picture) }
            item["conversations"] = [
                ["from": "human", "value": .string((isPictured ? "<image>\n" : "") + "Number?")],
                ["from": "gpt", "value": .string("it is \(index)")],
            ]
            return JSONValue.object(item)
        }
        try JSONValue.array(items).write(to: sample.temporary.file("data.json"))
        runFile = try sample.write(
            """
            model: \(sample.model)
            output_dir: \(sample.temporary.file("unused"))
            stage: instruct
            data_path: \(sample.temporary.file("data.json"))
            max_steps: \(Self.steps)
            per_device_train_batch_size: 2
            gradient_accumulation_steps: 2
            learning_rate: 1.0e-3
            ema_decay: 0.9
            save_steps: 2

            """, to: "run.yaml")
    }

    private func arguments(_ output: String) -> [String] {
        ["train", runFile, "--set", "output_dir=\(output)"]
    }

    /// Starts a run without waiting for its end.
    ///
    /// - Parameter limit: largest size of a file in kilobytes: writing more fails as on a full disk.
    private func start(_ output: String, fileLimit limit: Int? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments =
            ["-c", (limit.map { "ulimit -f \($0); " } ?? "") + "exec \"$@\"", "mipha"]
            + [MiphaProcess.executable ?? ""] + arguments(output)
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func finish(_ output: String) throws {
        let done = try MiphaProcess(arguments(output))
        try #require(done.status == 0, "\(done.errors)")
    }

    private func weights(_ output: String) throws -> [[UInt8]] {
        try ["model.safetensors", "ema/model.safetensors"].map {
            try [UInt8](Data(contentsOf: URL(filePath: "\(output)/\($0)")))
        }
    }

    private func incidents(_ output: String) -> [String] {
        let text = try? String(contentsOfFile: "\(output)/incidents.jsonl", encoding: .utf8)
        return (text ?? "").split(separator: "\n").compactMap {
            (try? JSONValue(parsing: String($0)))?["kind"]?.stringValue
        }
    }

    /// Waits until a checkpoint is being written, or the process ends.
    private func waitForWrite(of process: Process, _ output: String) {
        let deadline = Date.now.addingTimeInterval(5)
        while process.isRunning, Date.now < deadline {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
            if names.contains(where: { $0.hasSuffix(".partial") }) { return }
        }
    }

    /// Numbers of the updates in the metrics file.
    private func loggedSteps(_ output: String) -> [Int] {
        let path = "\(output)/metrics.jsonl"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            (try? JSONValue(parsing: String($0)))?["step"]?.integerValue
        }
    }

    /// Waits until an update is logged, or the process ends.
    private func wait(for step: Int, of process: Process, _ output: String) {
        let deadline = Date.now.addingTimeInterval(30)
        while (loggedSteps(output).last ?? 0) < step, process.isRunning, Date.now < deadline {
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test func `ten runs killed at random end with the weights of an uninterrupted one`() throws {
        let reference = sample.temporary.file("reference")
        let clock = ContinuousClock()
        let began = clock.now
        try finish(reference)
        let duration = (clock.now - began) / .seconds(1)
        let expected = try weights(reference)
        var random = SplitMix64(seed: UInt64(Date.now.timeIntervalSince1970))
        var kills = 0
        var resumed = 0
        for trial in 0..<10 {
            let output = sample.temporary.file("trial-\(trial)")
            for _ in 0...trial % 2 where !exists("\(output)/trainer_state.json") {
                let process = try start(output, fileLimit: trial % 5 == 4 ? 40 : nil)
                if trial.isMultiple(of: 2) {
                    let share = Double.random(in: 0.1...0.95, using: &random)
                    Thread.sleep(forTimeInterval: share * duration)
                } else {
                    let step = Int.random(in: 1..<Self.steps, using: &random)
                    wait(for: step, of: process, output)
                    waitForWrite(of: process, output)
                    Thread.sleep(forTimeInterval: .random(in: 0...0.005, using: &random))
                }
                if process.isRunning { kills += 1 }
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
            if names.contains(where: { Int($0.dropFirst("checkpoint-".count)) != nil }) {
                resumed += 1
            }
            try finish(output)
            #expect(try weights(output) == expected, "trial \(trial)")
            #expect(loggedSteps(output) == Array(1...Self.steps), "trial \(trial)")
        }
        #expect(kills >= 5)
        #expect(resumed >= 3)
    }

    @Test func `an interrupt leaves a checkpoint from which the run goes on`() throws {
        let reference = sample.temporary.file("reference")
        try finish(reference)
        let output = sample.temporary.file("interrupted")
        let process = try start(output)
        wait(for: 3, of: process, output)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 130)
        let done = try #require(loggedSteps(output).last)
        #expect(done < Self.steps)
        #expect(exists("\(output)/checkpoint-\(done)/optimizer.safetensors"))
        #expect(!exists("\(output)/trainer_state.json"))
        try finish(output)
        #expect(try weights(output) == weights(reference))
        let again = try MiphaProcess(arguments(output))
        #expect(again.status == 0)
        #expect(again.errors.contains("is complete already"))
    }

    @Test func `a full disk loses no checkpoint, and only the last save must succeed`() throws {
        let reference = sample.temporary.file("reference")
        try finish(reference)
        let output = sample.temporary.file("full")
        let first = try start(output)
        wait(for: 6, of: first, output)
        kill(first.processIdentifier, SIGINT)
        first.waitUntilExit()
        let before = try FileManager.default.contentsOfDirectory(atPath: output)
            .filter { $0.hasPrefix("checkpoint-") }.sorted()
        #expect(!before.isEmpty)
        let full = try start(output, fileLimit: 40)
        full.waitUntilExit()
        #expect(full.terminationReason == .exit)
        #expect(full.terminationStatus == 1)
        #expect(loggedSteps(output) == Array(1...Self.steps))
        #expect(incidents(output).contains("checkpoint_failed"))
        let after = try FileManager.default.contentsOfDirectory(atPath: output)
        #expect(after.filter { $0.hasPrefix("checkpoint-") }.sorted() == before)
        #expect(!exists("\(output)/trainer_state.json"))
        try finish(output)
        #expect(try weights(output) == weights(reference))
    }

    @Test func `a termination signal leaves a checkpoint and exit status 0`() throws {
        let reference = sample.temporary.file("reference")
        try finish(reference)
        let output = sample.temporary.file("terminated")
        let process = try start(output)
        wait(for: 3, of: process, output)
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 0)
        let done = try #require(loggedSteps(output).last)
        #expect(done < Self.steps)
        #expect(exists("\(output)/checkpoint-\(done)/checksums.json"))
        try finish(output)
        #expect(try weights(output) == weights(reference))
    }

    @Test func `--resume never starts over and a checkpoint folder goes on`() throws {
        let output = sample.temporary.file("out")
        let short = [
            "--set", "max_steps=8", "--set", "save_steps=3", "--set", "save_total_limit=9",
        ]
        let first = try MiphaProcess(arguments(output) + short)
        #expect(first.status == 0, "\(first.errors)")
        let expected = try weights(output)
        for resume in ["never", "\(output)/checkpoint-3"] {
            let again = try MiphaProcess(arguments(output) + short + ["--resume", resume])
            #expect(again.status == 0, "\(again.errors)")
            #expect(!again.errors.contains("is complete already"))
            #expect(try weights(output) == expected)
        }
        let other = try MiphaProcess(arguments(output) + short + ["--set", "learning_rate=2e-3"])
        #expect(other.status == 2)
        #expect(other.errorLines.count == 1)
        #expect(other.errors.contains("learning_rate was 0.001 and is 0.002"))
    }

    @Test func `a wrong run file is one line and exit status 2`() throws {
        let broken = try sample.write("model: [\n", to: "broken.yaml")
        for arguments in [
            ["train", broken], ["train", "\(broken).absent"],
            ["train", runFile, "--set", "learning_rat=1"], ["train", runFile, "--set", "seed"],
        ] {
            let done = try MiphaProcess(arguments)
            #expect(done.status == 2, "\(arguments): \(done.errors)")
            #expect(done.errorLines.count == 1, "\(done.errors)")
            #expect(done.output.isEmpty)
        }
    }
}
