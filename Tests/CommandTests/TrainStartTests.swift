import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// How `mipha train` is started, and what it says.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct TrainStartTests {
    private let fixture: TrainFixture

    init() throws {
        fixture = try TrainFixture(["max_steps: 6", "save_steps: 2", "tensorboard: false"])
    }

    private func file(_ name: String) -> String { fixture.sample.temporary.file(name) }

    @Test(arguments: ["train", "plan"])
    func `the keys of a run file are listed without one`(command: String) throws {
        let list = try MiphaProcess([command, "--list-keys"])
        #expect(list.status == 0 && list.errors.isEmpty)
        let lines = list.output.split(separator: "\n")
        #expect(lines[0].hasPrefix("key ") && lines[0].hasSuffix(" meaning"))
        #expect(lines.contains { $0.hasPrefix("learning_rate ") && $0.contains(" 2e-05 ") })
        for arguments in [[command], [command, "--seed", "1"]] {
            let missing = try MiphaProcess(arguments)
            #expect(missing.status == 2 && missing.output.isEmpty)
            #expect(missing.errors.contains("Missing expected argument '<run.yaml>'"))
            #expect(missing.errorLines.count == 1)
        }
    }

    @Test func `a launcher's restart goes on whatever options its first start had`() throws {
        let output = file("restarted")
        let arguments = fixture.arguments(output, ["max_steps=4"])
        func start(_ job: String, _ restarts: Int, _ resume: String) throws -> MiphaProcess {
            try? FileManager.default.removeItem(atPath: "\(output)/trainer_state.json")
            let run = try MiphaProcess(
                arguments + ["--resume", resume],
                environment: [
                    "TORCHELASTIC_RUN_ID": job, "TORCHELASTIC_RESTART_COUNT": "\(restarts)",
                ])
            #expect(run.status == 0, "\(run.errors)")
            return run
        }
        #expect(try !start("first", 0, "never").errors.contains("going on"))
        for resume in ["never", "\(output)/checkpoint-2"] {
            #expect(try start("first", 1, resume).errors.contains("going on after update 4"))
        }
        // Another job's first start that ended before it wrote anything has left the old run there.
        let second = try start("second", 1, "\(output)/checkpoint-2")
        #expect(second.errors.contains("going on after update 2"), "\(second.errors)")
        #expect(try !start("third", 1, "never").errors.contains("going on"))
        #expect(try start("third", 2, "never").errors.contains("going on after update 4"))
    }

    @Test func `the file in the folder repeats a run of two processes`() throws {
        let (output, copy) = (file("two"), file("copy"))
        let first = try MiphaProcess(fixture.arguments(output, processes: 2))
        try #require(first.status == 0, "\(first.errors)")
        let environment = try JSONValue(contentsOf: "\(output)/environment.json")
        #expect(environment["starts"]?.arrayValue?.last?["processes"] == 2)
        let again = try MiphaProcess(
            ["train", "\(output)/resolved.yaml", "--set", "output_dir=\(copy)"])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try fixture.weights(copy) == fixture.weights(output))
        let plan = try MiphaProcess(
            ["plan", "\(output)/resolved.yaml", "--no-probe", "--json", "--memory", "100"])
        #expect(try JSONValue(parsing: plan.output)["processes"] == 2)
        let alone = try MiphaProcess(
            ["train", "\(output)/resolved.yaml", "--dry-run", "--processes", "1"])
        #expect(!alone.output.contains("memory of 2 processes"), "\(alone.errors)")
    }

    @Test func `warnings of a run are said at their level`() throws {
        var items = try #require(
            try JSONValue(contentsOf: file("data.json")).arrayValue)
        items.append([
            "id": "gone", "image": "/nowhere.png",
            "conversations": [
                ["from": "human", "value": "<image>\nNumber?"],
                ["from": "gpt", "value": "it is 1"],
            ],
        ])
        try JSONValue.array(items).write(to: file("data.json"))
        let settings = ["bad_samples=skip", "max_steps=4"]
        let run = try MiphaProcess(
            fixture.arguments(file("loud"), settings) + ["--log-level", "warning"])
        #expect(run.status == 0)
        #expect(
            !run.errorLines.isEmpty
                && run.errorLines.allSatisfy { $0.hasPrefix("warning: update") },
            "\(run.errors)")
        let silent = try MiphaProcess(
            fixture.arguments(file("silent"), settings) + ["--log-level", "error"])
        #expect(silent.status == 0 && silent.errors.isEmpty)
    }

    @Test(arguments: [["train"], ["plan", "--no-probe"]])
    func `a tokenizer with more ids than vocab_size is refused before the data are read`(
        _ command: [String]
    ) throws {
        try TokenizerFile.fill(fixture.sample.model, upTo: 641)
        let run = try MiphaProcess(
            [command[0], fixture.runFile] + command.dropFirst()
                + ["--set", "data_path=/does/not/exist.json"])
        #expect(run.status == 2 && run.errorLines.count == 1, "\(run.errors)")
        #expect(
            run.errors.contains(
                "\(fixture.sample.model): the tokenizer has 641 tokens, but the model's vocab_size is "
                    + "640; these files do not belong together"), "\(run.errors)")
    }

    @Test func `element type and seed can be options`() throws {
        let run = try MiphaProcess(
            ["plan", fixture.runFile, "--no-probe", "--json", "--memory", "100"]
                + ["--dtype", "bfloat16", "--seed", "7"])
        let object = try JSONValue(parsing: run.output)
        #expect(object["run"]?["dtype"] == "bfloat16" && object["run"]?["seed"] == 7)
        let wrong = try MiphaProcess(["train", fixture.runFile, "--dtype", "float99"])
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("dtype: expected float32 or bfloat16"), "\(wrong.errors)")
    }
}
