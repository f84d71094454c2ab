import Foundation
import MiphaFiles
import MiphaPretend
import MiphaTestSupport
import Testing

private let isReady = MiphaProcess.executable != nil && PretendLibrary.path != nil

/// Runs on the pretend accelerator that are killed at any moment, and end to the byte as if they had
/// not been.
///
/// `MIPHA_KILL_TRIALS=50` makes as many trials of each kind instead of one.
@Suite(
    .enabled(if: isReady, "the executable or the pretend device is not built beside the tests"),
    .serialized)
struct PretendKillTests {
    private static let trials =
        ProcessInfo.processInfo.environment["MIPHA_KILL_TRIALS"].flatMap { Int($0) } ?? 1
    private static let steps = 16

    /// What the runs train, as lines of their run file; dropout masks come from the device.
    private static let kinds = [
        ["dtype: bfloat16", "ema_decay: 0.9"],
        [
            "tune: {tower: lora, language: lora}", "lora_dropout: 0.1", "optim: adamw_8bit",
            "deterministic: true",
        ],
    ]

    private let environment = PretendLibrary.environment(modes: [.hostile])
    private let device = ["--device", "pretend:1"]

    @Test(arguments: kinds)
    func `killed runs end with the weights of an uninterrupted one`(kind: [String]) throws {
        let fixture = try TrainFixture(
            ["max_steps: \(Self.steps)", "save_steps: 2"] + kind)
        let file = fixture.sample.temporary.file
        let clock = ContinuousClock()
        let began = clock.now
        try finish(fixture, file("reference"))
        let duration = (clock.now - began) / .seconds(1)
        let expected = try fixture.weights(file("reference"))
        let seed = UInt64(Date.now.timeIntervalSince1970)
        var random = SplitMix64(seed: seed)
        var (kills, resumes) = (0, 0)
        var lost: [String] = []
        for number in 0..<Self.trials {
            let output = file("trial-\(number)")
            for round in 0..<2 {
                let share = Double.random(in: 0.3...0.9, using: &random)
                let isKilled = try killOnce(
                    fixture, output, after: number == 0 && round == 0 ? nil : share * duration)
                kills += isKilled ? 1 : 0
            }
            resumes += fixture.checkpoints(output).isEmpty ? 0 : 1
            try finish(fixture, output)
            let isWhole =
                try fixture.weights(output) == expected
                && fixture.loggedSteps(output) == Array(1...Self.steps)
                && !fixture.incidents(output).contains("device_changed")
            if !isWhole { lost.append("trial \(number)") }
        }
        print(
            "\(kind.joined(separator: ", ")): \(Self.trials) trials of seed \(seed) on a device: \(kills) "
                + "kills; \(resumes) went on from a checkpoint; \(lost.count) lost")
        #expect(lost.isEmpty, "seed \(seed): \(lost)")
        #expect(kills > 0 && resumes > 0)
        if Self.trials >= 30 { #expect(kills >= Self.trials && resumes >= Self.trials / 5) }
    }

    private func finish(_ fixture: TrainFixture, _ output: String) throws {
        let done = try MiphaProcess(
            fixture.arguments(output) + device, environment: environment)
        try #require(done.status == 0, "\(done.errors)")
    }

    /// Starts or continues a run and kills it.
    ///
    /// - Parameter seconds: after which it is killed; `nil`: when its sixth update is logged, so that
    ///   there is a checkpoint.
    /// - Returns: whether it was still running then.
    private func killOnce(
        _ fixture: TrainFixture, _ output: String, after seconds: Double?
    ) throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: MiphaProcess.executable ?? "")
        process.arguments = fixture.arguments(output) + device
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        if let seconds {
            Thread.sleep(forTimeInterval: seconds)
        } else {
            fixture.wait(for: 6, of: process, output)
        }
        let isRunning = process.isRunning
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return isRunning && process.terminationReason == .uncaughtSignal
    }
}
