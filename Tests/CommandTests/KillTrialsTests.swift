import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// Runs of `mipha train` that are killed at any moment, and end as if they had not been.
///
/// `MIPHA_KILL_TRIALS=50` makes as many trials instead of six.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct KillTrialsTests {
    /// What the disk does until the last kill.
    enum Disk: CaseIterable {
        /// It has room.
        case roomy
        /// No file can grow beyond 40 kB, less than the weights take.
        case smallFiles
        /// It is full, at some point inside a checkpoint.
        case full
    }

    /// When a run is killed.
    enum Moment: CaseIterable {
        case anyTime
        case insideWrite
    }

    struct Tally {
        var kills = 0
        var killsInsideWrites = 0
        var killsOnFullDisks = 0
        var resumes = 0
        var lost: [String] = []
    }

    private static let trials =
        ProcessInfo.processInfo.environment["MIPHA_KILL_TRIALS"].flatMap { Int($0) } ?? 6

    /// What the runs train, as lines of their run file.
    private static let kinds = [
        [],
        ["tune: {tower: lora, language: lora}", "lora_dropout: 0.1", "optim: adamw_8bit"],
    ]

    @Test(arguments: kinds)
    func `killed runs end with the weights of an uninterrupted one`(kind: [String]) throws {
        let fixture = try TrainFixture(TrainFixture.interrupted + kind)
        let reference = fixture.sample.temporary.file("reference")
        let clock = ContinuousClock()
        let began = clock.now
        try fixture.finish(reference)
        let duration = (clock.now - began) / .seconds(1)
        let expected = try fixture.weights(reference)
        let seed = UInt64(Date.now.timeIntervalSince1970)
        var random = SplitMix64(seed: seed)
        var tally = Tally()
        for number in 0..<Self.trials {
            let output = fixture.sample.temporary.file("trial-\(number)")
            let disk = Disk.allCases[number % 3]
            let moment = Moment.allCases[number % 2]
            if disk == .full, FullDisk.isAvailable {
                try trialOnFullDisk(fixture, output, duration, &tally, &random)
            } else {
                let limit = disk == .roomy ? nil : 40
                for _ in 0...(number / 2) % 2 {
                    // Which run is over before its kill begins again.
                    for _ in 0..<9 {
                        if try killOnce(
                            fixture, output, moment, duration, limit, &tally, &random)
                        {
                            break
                        }
                        try? FileManager.default.removeItem(atPath: output)
                    }
                }
                if !fixture.checkpoints(output).isEmpty { tally.resumes += 1 }
                try fixture.finish(output, [loaderThreads(&random)])
            }
            let isWhole =
                try fixture.weights(output) == expected
                && fixture.loggedSteps(output) == Array(1...TrainFixture.steps)
            if !isWhole { tally.lost.append("trial \(number): \(disk), \(moment)") }
        }
        print(
            "\(kind.joined(separator: ", ")): \(Self.trials) trials of seed \(seed): \(tally.kills) kills, "
                + "\(tally.killsInsideWrites) inside the write of a checkpoint, "
                + "\(tally.killsOnFullDisks) on a full disk; \(tally.resumes) went on from a "
                + "checkpoint; \(tally.lost.count) lost")
        #expect(tally.lost.isEmpty)
        #expect(tally.kills > 0)
        // Where random moments fall in a few trials says nothing.
        guard Self.trials >= 30 else { return }
        #expect(tally.kills >= Self.trials)
        #expect(tally.killsInsideWrites >= Self.trials / 6)
        #expect(tally.resumes >= Self.trials / 5)
    }

    private func loaderThreads(_ random: inout SplitMix64) -> String {
        "dataloader_num_workers=\(Int.random(in: 1...6, using: &random))"
    }

    /// Starts or continues a run and kills it.
    ///
    /// - Returns: whether it was still running then.
    private func killOnce(
        _ fixture: TrainFixture, _ output: String, _ moment: Moment, _ duration: Double,
        _ limit: Int?, _ tally: inout Tally,
        _ random: inout SplitMix64
    ) throws -> Bool {
        let resumes = !fixture.checkpoints(output).isEmpty
        let settings = [
            loaderThreads(&random), "background_saves=\(Bool.random(using: &random))",
        ]
        let process = try fixture.start(output, settings, fileLimit: limit)
        switch moment {
        case .anyTime:
            let share = Double.random(in: 0.1...0.9, using: &random)
            Thread.sleep(forTimeInterval: share * duration)
        case .insideWrite:
            let done = fixture.loggedSteps(output).last ?? 0
            let last = max(done + 1, TrainFixture.steps - 4)
            let step = Int.random(in: done + 1...last, using: &random)
            fixture.wait(for: step, of: process, output)
            fixture.waitForWrite(of: process, output)
            Thread.sleep(forTimeInterval: .random(in: 0...0.003, using: &random))
        }
        let isRunning = process.isRunning
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        guard isRunning, process.terminationReason == .uncaughtSignal else { return false }
        tally.kills += 1
        if resumes { tally.resumes += 1 }
        if limit != nil { tally.killsOnFullDisks += 1 }
        if fixture.hasPartialCheckpoint(output) { tally.killsInsideWrites += 1 }
        return true
    }

    /// A trial whose output folder is a file system of its own that has no room at first.
    private func trialOnFullDisk(
        _ fixture: TrainFixture, _ output: String, _ duration: Double, _ tally: inout Tally,
        _ random: inout SplitMix64
    ) throws {
        let mount = fixture.sample.temporary.file("mount")
        let command =
            [MiphaProcess.executable ?? ""] + fixture.arguments(mount, [loaderThreads(&random)])
        for attempt in 1...9 {
            try? FileManager.default.removeItem(atPath: output)
            let share = Double.random(in: 0.2...0.9, using: &random) / Double(attempt)
            let disk = FullDisk(
                room: Int.random(in: 100...1_000, using: &random), seconds: share * duration)
            let report = try disk.trial(mount: mount, result: output, command)
            guard report.wasKilled else { continue }
            tally.kills += 1
            tally.killsOnFullDisks += 1
            tally.killsInsideWrites += report.hadPartial ? 1 : 0
            tally.resumes += report.checkpoints > 0 ? 1 : 0
            return
        }
    }
}
