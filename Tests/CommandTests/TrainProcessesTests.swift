import Foundation
import MiphaTestSupport
import Testing

/// Runs of `mipha train --processes`.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct TrainProcessesTests {
    private let fixture: TrainFixture
    private static let steps = 30

    init() throws {
        fixture = try TrainFixture([
            "max_steps: \(Self.steps)", "ema_decay: 0.9", "save_steps: 5", "sharding: zero2",
            "tensorboard: false",
        ])
    }

    private func file(_ name: String) -> String { fixture.sample.temporary.file(name) }

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

    /// Starts a run of two ranks, with its standard error in a file, does something to it after a
    /// checkpoint, and waits for its end.
    private func interrupt(
        _ output: String, errors: String, _ body: (Process) throws -> Void
    ) throws -> Process {
        try fixture.interrupt(output, processes: 2, errors: errors) { process in
            let deadline = Date.now.addingTimeInterval(300)
            while !fixture.exists("\(output)/checkpoint-5"), process.isRunning, Date.now < deadline
            {
                Thread.sleep(forTimeInterval: 0.005)
            }
            try body(process)
        }
    }

    #if os(Linux)
        @Test(arguments: [0, 1])
        func `a rank that is killed ends the job and the same command goes on`(
            victim: Int
        ) throws {
            let reference = file("reference")
            let whole = try MiphaProcess(fixture.arguments(reference, processes: 2))
            try #require(whole.status == 0, "\(whole.errors)")
            #expect(fixture.loggedSteps(reference) == Array(1...Self.steps))

            let output = file("killed")
            let errors = file("errors")
            let clock = ContinuousClock()
            var (children, began) = ([Int: Int32](), clock.now)
            let process = try interrupt(output, errors: errors) { process in
                children = ranks(of: process.processIdentifier)
                began = clock.now
                if let target = children[victim] { kill(target, SIGKILL) }
            }
            #expect(clock.now - began < .seconds(60))
            #expect(children.count == 2)
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == 1)
            let said = try String(contentsOfFile: errors, encoding: .utf8)
            #expect(
                said.contains(
                    "error: rank \(victim) of 2 was killed by signal 9, and the job with"),
                "\(said)")
            #expect(!children.values.contains(where: isAlive))
            #expect((fixture.loggedSteps(output).last ?? 0) < Self.steps)

            let again = try MiphaProcess(fixture.arguments(output, processes: 2))
            #expect(again.status == 0, "\(again.errors)")
            #expect(again.errors.contains("going on after update"))
            #expect(try fixture.weights(output) == fixture.weights(reference))
            #expect(fixture.loggedSteps(output) == Array(1...Self.steps))
        }

        @Test func `ranks end when their launcher is killed`() throws {
            let output = file("orphans")
            let errors = file("errors")
            var children: [Int32] = []
            _ = try interrupt(output, errors: errors) { process in
                children = Array(ranks(of: process.processIdentifier).values)
                kill(process.processIdentifier, SIGKILL)
            }
            #expect(children.count == 2)
            let deadline = Date.now.addingTimeInterval(60)
            while children.contains(where: isAlive), Date.now < deadline {
                Thread.sleep(forTimeInterval: 0.02)
            }
            #expect(!children.contains(where: isAlive))
        }
    #endif

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal to the launcher leaves one checkpoint of all ranks`(number: Int32) throws {
        let output = file("signal")
        let errors = file("errors")
        let process = try interrupt(output, errors: errors) {
            kill($0.processIdentifier, number)
        }
        let said = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(process.terminationStatus == (number == SIGINT ? 130 : 0), "\(said)")
        let done = try #require(fixture.loggedSteps(output).last)
        #expect(done < Self.steps)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: "\(output)/checkpoint-\(done)")
        #expect(names.contains("optimizer-00002-of-00002.safetensors"))
    }

    @Test func `wrong inputs are reported once`() throws {
        let absent = try MiphaProcess(["train", "\(fixture.runFile).absent", "--processes", "2"])
        #expect(absent.status == 2)
        #expect(absent.errorLines.count == 1, "\(absent.errors)")
        let zero = try MiphaProcess(["train", fixture.runFile, "--processes", "0"])
        #expect(zero.status == 2)
        let nested = try MiphaProcess(
            ["train", fixture.runFile, "--processes", "2"],
            environment: [
                "RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1",
            ])
        #expect(nested.status == 2)
        #expect(nested.errors.contains("a launcher has started several already"))
    }
}
