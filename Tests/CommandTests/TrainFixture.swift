import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// A small training run as a command, to be interrupted.
struct TrainFixture {
    let sample: SampleFolder
    let runFile: String
    static let steps = 40
    /// Lines of the run file of a run that is to be interrupted.
    static let interrupted = ["max_steps: \(steps)", "ema_decay: 0.9", "save_steps: 2"]

    /// - Parameters:
    ///   - settings: lines of the run file beside those that all runs have.
    ///   - dropout: on the residual stream; with it the position in the random stream has to survive
    ///     an interruption as well.
    init(_ settings: [String] = interrupted, dropout: Double = 0.1) throws {
        let sample = try SampleFolder()
        let config = "\(sample.model)/config.json"
        if case .object(var object) = try JSONValue(contentsOf: config) {
            object["resid_pdrop"] = .double(dropout)
            try JSONValue.object(object).write(to: config)
        }
        try self.init(settings, in: sample)
    }

    /// - Parameter sample: the model and an image.
    init(_ settings: [String], in sample: SampleFolder) throws {
        self.sample = sample
        try sample.writeConversations(12)
        runFile = try sample.write(
            """
            model: \(sample.model)
            output_dir: \(sample.temporary.file("unused"))
            stage: instruct
            data_path: \(sample.temporary.file("data.json"))
            per_device_train_batch_size: 2
            gradient_accumulation_steps: 2
            learning_rate: 1.0e-3

            """ + settings.joined(separator: "\n") + "\n", to: "run.yaml")
    }

    func arguments(
        _ output: String, _ settings: [String] = [], processes: Int = 1
    ) -> [String] {
        ["train", runFile] + (["output_dir=\(output)"] + settings).flatMap { ["--set", $0] }
            + (processes > 1 ? ["--processes", "\(processes)"] : [])
    }

    /// Starts a run without waiting for its end.
    ///
    /// - Parameters:
    ///   - settings: `key=value`, besides those of the run file.
    ///   - limit: largest size of a file in kilobytes: writing more fails as on a full disk.
    ///   - processes: ranks of the run.
    ///   - errors: the file that gets standard error; none drops it.
    func start(
        _ output: String, _ settings: [String] = [], fileLimit limit: Int? = nil,
        processes: Int = 1, errors: String? = nil
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments =
            ["-c", (limit.map { "ulimit -f \($0); " } ?? "") + "exec \"$@\"", "mipha"]
            + [MiphaProcess.executable ?? ""] + arguments(output, settings, processes: processes)
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let errors {
            try AtomicFile.write("", to: errors)
            process.standardError = FileHandle(forWritingAtPath: errors)
        }
        try process.run()
        return process
    }

    func finish(_ output: String, _ settings: [String] = []) throws {
        let done = try MiphaProcess(arguments(output, settings))
        try #require(done.status == 0, "\(done.errors)")
    }

    /// The files of the result and of its average, by name.
    func weights(_ output: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for folder in ["", "ema/"] {
            for name in names("\(output)/\(folder)") where name.hasSuffix(".safetensors") {
                let path = "\(output)/\(folder)\(name)"
                found[folder + name] = try [UInt8](Data(contentsOf: URL(filePath: path)))
            }
        }
        try #require(!found.isEmpty, "no result in \(output)")
        return found
    }

    func incidents(_ output: String) -> [String] {
        let text = try? String(contentsOfFile: "\(output)/incidents.jsonl", encoding: .utf8)
        return (text ?? "").split(separator: "\n").compactMap {
            (try? JSONValue(parsing: String($0)))?["kind"]?.stringValue
        }
    }

    /// Names of the checkpoints, without what is half written.
    func checkpoints(_ output: String) -> [String] {
        names(output).filter { Int($0.dropFirst("checkpoint-".count)) != nil }.sorted()
    }

    /// Whether a checkpoint is being written, or was when the process ended.
    func hasPartialCheckpoint(_ output: String) -> Bool {
        names(output).contains { $0.hasSuffix(".partial") }
    }

    private func names(_ output: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
    }

    /// Waits until a checkpoint is being written, or the process ends.
    func waitForWrite(of process: Process, _ output: String) {
        let deadline = Date.now.addingTimeInterval(5)
        while process.isRunning, Date.now < deadline, !hasPartialCheckpoint(output) {}
    }

    /// Numbers of the updates in the metrics file.
    func loggedSteps(_ output: String) -> [Int] {
        let path = "\(output)/metrics.jsonl"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            (try? JSONValue(parsing: String($0)))?["step"]?.integerValue
        }
    }

    /// Waits until an update is logged, or the process ends.
    func wait(for step: Int, of process: Process, _ output: String) {
        let deadline = Date.now.addingTimeInterval(300)
        while (loggedSteps(output).last ?? 0) < step, process.isRunning, Date.now < deadline {
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    /// Starts a run, does something to it and waits for its end; one that is over before begins again.
    ///
    /// - Returns: the process that ended before its run did.
    func interrupt(
        _ output: String, processes: Int = 1, errors: String? = nil,
        _ body: (Process) throws -> Void
    ) throws -> Process {
        for _ in 0..<9 {
            let process = try start(output, processes: processes, errors: errors)
            try body(process)
            process.waitUntilExit()
            if !exists("\(output)/trainer_state.json") { return process }
            try FileManager.default.removeItem(atPath: output)
        }
        return try #require(nil as Process?, "every run was over before it was interrupted")
    }

    /// Starts a run and gives it a signal when an update is logged.
    func interrupt(_ output: String, after step: Int, by signal: Int32) throws -> Process {
        try interrupt(output) { process in
            wait(for: step, of: process, output)
            kill(process.processIdentifier, signal)
        }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
