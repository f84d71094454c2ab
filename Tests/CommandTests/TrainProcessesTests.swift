import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

/// Runs of `mipha train --processes`.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct TrainProcessesTests {
    private let sample: SampleFolder
    private let runFile: String
    private static let steps = 30

    init() throws {
        let sample = try SampleFolder()
        self.sample = sample
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
            save_steps: 5
            sharding: zero2
            tensorboard: false

            """, to: "run.yaml")
    }

    private func arguments(_ output: String, processes: Int) -> [String] {
        ["train", runFile, "--set", "output_dir=\(output)"]
            + (processes > 1 ? ["--processes", "\(processes)"] : [])
    }

    private func weights(_ output: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: "\(output)/model.safetensors")))
    }

    private func loggedSteps(_ output: String) -> [Int] {
        let text =
            (try? String(contentsOfFile: "\(output)/metrics.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            (try? JSONValue(parsing: String($0)))?["step"]?.integerValue
        }
    }

    /// Process numbers of the ranks that a launcher has started.
    private func ranks(of launcher: Int32) -> [Int: Int32] {
        var found: [Int: Int32] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for process in names.compactMap(Int32.init) {
            guard
                let status = try? String(
                    contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
                status.contains("PPid:\t\(launcher)\n"),
                let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ")
            else { continue }
            let variables = String(decoding: environment, as: UTF8.self).split(separator: "\0")
            if let rank = variables.first(where: { $0.hasPrefix("RANK=") }) {
                found[Int(rank.dropFirst(5)) ?? -1] = process
            }
        }
        return found
    }

    private func isAlive(_ process: Int32) -> Bool {
        FileManager.default.fileExists(atPath: "/proc/\(process)/exe")
    }

    /// Starts a run with its standard error in a file.
    private func start(_ output: String, processes: Int, errors: String) throws -> Process {
        try "".write(toFile: errors, atomically: false, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: MiphaProcess.executable ?? "")
        process.arguments = arguments(output, processes: processes)
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        let deadline = Date.now.addingTimeInterval(30)
        let files = FileManager.default
        while !files.fileExists(atPath: "\(output)/checkpoint-5"), process.isRunning,
            Date.now < deadline
        {
            Thread.sleep(forTimeInterval: 0.005)
        }
        return process
    }

    #if os(Linux)
        @Test(arguments: [0, 1])
        func `a rank that is killed ends the job and the same command goes on`(
            victim: Int
        ) throws {
            let reference = sample.temporary.file("reference")
            let whole = try MiphaProcess(arguments(reference, processes: 2))
            try #require(whole.status == 0, "\(whole.errors)")
            #expect(loggedSteps(reference) == Array(1...Self.steps))

            let output = sample.temporary.file("killed")
            let errors = sample.temporary.file("errors")
            let process = try start(output, processes: 2, errors: errors)
            let children = ranks(of: process.processIdentifier)
            let target = try #require(children[victim])
            let clock = ContinuousClock()
            let began = clock.now
            kill(target, SIGKILL)
            process.waitUntilExit()
            #expect(clock.now - began < .seconds(8))
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == 1)
            let said = try String(contentsOfFile: errors, encoding: .utf8)
            #expect(
                said.contains(
                    "error: rank \(victim) of 2 was killed by signal 9, and the job with"),
                "\(said)")
            #expect(!children.values.contains(where: isAlive))
            #expect((loggedSteps(output).last ?? 0) < Self.steps)

            let again = try MiphaProcess(arguments(output, processes: 2))
            #expect(again.status == 0, "\(again.errors)")
            #expect(again.errors.contains("going on after update"))
            #expect(try weights(output) == weights(reference))
            #expect(loggedSteps(output) == Array(1...Self.steps))
        }

        @Test func `ranks end when their launcher is killed`() throws {
            let output = sample.temporary.file("orphans")
            let errors = sample.temporary.file("errors")
            let process = try start(output, processes: 2, errors: errors)
            let children = ranks(of: process.processIdentifier).values
            #expect(children.count == 2)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let deadline = Date.now.addingTimeInterval(8)
            while children.contains(where: isAlive), Date.now < deadline {
                Thread.sleep(forTimeInterval: 0.02)
            }
            #expect(!children.contains(where: isAlive))
        }
    #endif

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal to the launcher leaves one checkpoint of all ranks`(number: Int32) throws {
        let output = sample.temporary.file("signal")
        let errors = sample.temporary.file("errors")
        let process = try start(output, processes: 2, errors: errors)
        kill(process.processIdentifier, number)
        process.waitUntilExit()
        let said = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(process.terminationStatus == (number == SIGINT ? 130 : 0), "\(said)")
        let done = try #require(loggedSteps(output).last)
        #expect(done < Self.steps)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: "\(output)/checkpoint-\(done)")
        #expect(names.contains("optimizer-00002-of-00002.safetensors"))
    }

    @Test func `wrong inputs are told once`() throws {
        let absent = try MiphaProcess(["train", "\(runFile).absent", "--processes", "2"])
        #expect(absent.status == 2)
        #expect(absent.errorLines.count == 1, "\(absent.errors)")
        let zero = try MiphaProcess(["train", runFile, "--processes", "0"])
        #expect(zero.status == 2)
        let nested = try MiphaProcess(
            ["train", runFile, "--processes", "2"],
            environment: [
                "RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1",
            ])
        #expect(nested.status == 2)
        #expect(nested.errors.contains("a launcher has started several already"))
    }
}
