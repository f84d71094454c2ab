import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// Runs of `mipha train` that are interrupted and started again.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct TrainResumeTests {
    private let fixture: TrainFixture

    init() throws {
        fixture = try TrainFixture()
    }

    @Test func `an interrupt leaves a checkpoint from which the run goes on`() throws {
        let reference = fixture.sample.temporary.file("reference")
        try fixture.finish(reference)
        let output = fixture.sample.temporary.file("interrupted")
        let process = try fixture.interrupt(output, after: 3, by: SIGINT)
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 130)
        let done = try #require(fixture.loggedSteps(output).last)
        #expect(done < TrainFixture.steps)
        #expect(fixture.exists("\(output)/checkpoint-\(done)/optimizer.safetensors"))
        #expect(!fixture.exists("\(output)/trainer_state.json"))
        try fixture.finish(output)
        #expect(try fixture.weights(output) == fixture.weights(reference))
        let again = try MiphaProcess(fixture.arguments(output))
        #expect(again.status == 0)
        #expect(again.errors.contains("is complete already"))
    }

    @Test func `a full disk loses no checkpoint, and only the last save must succeed`() throws {
        let reference = fixture.sample.temporary.file("reference")
        try fixture.finish(reference)
        let output = fixture.sample.temporary.file("full")
        _ = try fixture.interrupt(output, after: 6, by: SIGINT)
        let before = try FileManager.default.contentsOfDirectory(atPath: output)
            .filter { $0.hasPrefix("checkpoint-") }.sorted()
        #expect(!before.isEmpty)
        let full = try fixture.start(output, fileLimit: 40)
        full.waitUntilExit()
        #expect(full.terminationReason == .exit)
        #expect(full.terminationStatus == 1)
        #expect(fixture.loggedSteps(output) == Array(1...TrainFixture.steps))
        #expect(fixture.incidents(output).contains("checkpoint_failed"))
        let after = try FileManager.default.contentsOfDirectory(atPath: output)
        #expect(after.filter { $0.hasPrefix("checkpoint-") }.sorted() == before)
        #expect(!fixture.exists("\(output)/trainer_state.json"))
        try fixture.finish(output)
        #expect(try fixture.weights(output) == fixture.weights(reference))
    }

    @Test func `a termination signal leaves a checkpoint and exit status 0`() throws {
        let reference = fixture.sample.temporary.file("reference")
        try fixture.finish(reference)
        let output = fixture.sample.temporary.file("terminated")
        let process = try fixture.interrupt(output, after: 3, by: SIGTERM)
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 0)
        let done = try #require(fixture.loggedSteps(output).last)
        #expect(done < TrainFixture.steps)
        #expect(fixture.exists("\(output)/checkpoint-\(done)/checksums.json"))
        try fixture.finish(output)
        #expect(try fixture.weights(output) == fixture.weights(reference))
    }

    @Test func `--resume never starts over and a checkpoint folder goes on`() throws {
        let output = fixture.sample.temporary.file("out")
        let short = [
            "--set", "max_steps=8", "--set", "save_steps=3", "--set", "save_total_limit=9",
        ]
        let first = try MiphaProcess(fixture.arguments(output) + short)
        #expect(first.status == 0, "\(first.errors)")
        let expected = try fixture.weights(output)
        for resume in ["never", "\(output)/checkpoint-3"] {
            let again = try MiphaProcess(fixture.arguments(output) + short + ["--resume", resume])
            #expect(again.status == 0, "\(again.errors)")
            #expect(!again.errors.contains("is complete already"))
            #expect(try fixture.weights(output) == expected)
        }
        let other = try MiphaProcess(
            fixture.arguments(output) + short + ["--set", "learning_rate=2e-3"])
        #expect(other.status == 2)
        #expect(other.errorLines.count == 1)
        #expect(other.errors.contains("learning_rate was 0.001 and is 0.002"))
    }

    @Test func `the run's folder is enough to repeat the run, from anywhere`() throws {
        let output = fixture.sample.temporary.file("first")
        try fixture.finish(output)
        let again = fixture.sample.temporary.file("again")
        let done = try MiphaProcess([
            "train", "\(output)/resolved.yaml", "--set", "output_dir=\(again)", "--set",
            "dataloader_num_workers=1",
        ])
        #expect(done.status == 0, "\(done.errors)")
        #expect(try fixture.weights(again) == fixture.weights(output))
    }

    @Test func `a wrong run file is one line and exit status 2`() throws {
        let broken = try fixture.sample.write("model: [\n", to: "broken.yaml")
        for arguments in [
            ["train", broken], ["train", "\(broken).absent"],
            ["train", fixture.runFile, "--set", "learning_rat=1"],
            ["train", fixture.runFile, "--set", "seed"],
        ] {
            let done = try MiphaProcess(arguments)
            #expect(done.status == 2, "\(arguments): \(done.errors)")
            #expect(done.errorLines.count == 1, "\(done.errors)")
            #expect(done.output.isEmpty)
        }
    }
}
