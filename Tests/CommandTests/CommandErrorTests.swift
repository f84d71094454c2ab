import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

@Suite(
    .enabled(
        if: MiphaProcess.executable != nil, "the executable mipha is not built beside the tests"))
struct CommandErrorTests {
    /// Runs a command that must fail with a status and one line that holds all of `parts`.
    private func expectFailure(
        _ arguments: [String], input: String = "", status: Int32 = 2, _ parts: String...,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let run = try MiphaProcess(arguments, input: input)
        #expect(run.status == status, "\(run.errors)", sourceLocation: location)
        #expect(run.output.isEmpty, sourceLocation: location)
        #expect(run.errorLines.count == 1, "\(run.errors)", sourceLocation: location)
        #expect(run.errors.hasPrefix("error: "), sourceLocation: location)
        for part in parts {
            #expect(run.errors.contains(part), "\(run.errors)", sourceLocation: location)
        }
    }

    @Test func `wrong usage names the option and points to the help`() throws {
        try expectFailure(["inspect", "x", "--nonsense"], "--nonsense", "mipha inspect --help")
        try expectFailure(["nonsense"], "nonsense", "mipha --help")
        try expectFailure(["generate", "x"], "--prompt", "mipha generate --help")
        try expectFailure(
            ["generate", "x", "--prompt", "y", "--temperature=-1"], "temperature", "0 or more")
        try expectFailure(["generate", "x", "--prompt", "y", "--dtype", "int8"], "int8")
        try expectFailure(["convert", "x", "--to", "gguf", "--output", "y"], "gguf")
        for threads in ["0", "1025", "1000000000"] {
            let part = "--threads: expected 1 to 1024, found \(threads)"
            try expectFailure(["generate", "x", "--prompt", "y", "--threads", threads], part)
            try expectFailure(["data", "check", "x", "--threads", threads], part)
        }
        let sample = try SampleFolder()
        try expectFailure(
            ["generate", sample.model, "--prompt", "y", "--device", "abacus"], "abacus", "cuda")
    }

    @Test(arguments: [
        ["inspect", "x"], ["convert", "x", "--to", "mipha", "--output", "y"],
        ["preprocess", "x", "y", "--output", "z"], ["tokenize", "x"],
    ])
    func `a command that runs no model takes no device`(_ arguments: [String]) throws {
        try expectFailure(arguments + ["--device", "cpu"], "--device")
    }

    @Test(arguments: [
        (["generate", "x", "--prompt", "y", "--temperature", "-1"], ["temperature", "0 or more"]),
        (["generate", "x", "--prompt", "y", "--max-tokens", "-1"], ["max", "-1"]),
        (["generate", "x", "--prompt", "y", "--top-p", "-0.5"], ["top", "-0.5"]),
        (["generate", "x", "--prompt", "y", "--top-k", "-1"], ["top", "-1"]),
        (["generate", "x", "--prompt", "y", "--seed", "-1"], ["'-1' is invalid", "--seed"]),
        (["generate", "x", "--prompt", "y", "--threads", "-1"], ["1 to 1024, found -1"]),
        (["data", "check", "x", "--limit-list", "-1"], ["--limit-list", "at least 0, found -1"]),
        (["data", "check", "x", "--max-length", "-1"], ["--max-length", "at least 1, found -1"]),
        (["plan", "x", "--processes", "-1"], ["--processes", "1 to 1024, found -1"]),
        (["plan", "x", "--memory", "-1"], ["--memory", "above 0, found -1"]),
        (["train", "x", "--processes", "-1"], ["--processes", "-1"]),
        (["demo", "--minutes", "-1"], ["--minutes", "-1"]),
    ])
    func `a negative number is out of range, not a missing value`(
        _ arguments: [String], _ parts: [String]
    ) throws {
        let run = try MiphaProcess(arguments)
        #expect(run.status == 2 && run.errorLines.count == 1, "\(run.errors)")
        #expect(!run.errors.contains("Missing value"), "\(run.errors)")
        for part in parts { #expect(run.errors.contains(part), "\(run.errors)") }
    }

    @Test func `a missing folder or part is named`() throws {
        try expectFailure(["inspect", "/does/not/exist"], "/does/not/exist", "no such folder")
        let bare = PackagePaths.fixture("goldens/square")
        try expectFailure(
            ["generate", bare, "--prompt", "Hi"], bare, "tokenizer.json", "mipha generate")
        try expectFailure(["tokenize", bare], "tokenizer.json", "mipha tokenize")
    }

    @Test func `a missing or malformed file is named`() throws {
        let sample = try SampleFolder()
        let output = sample.temporary.file("out.safetensors")
        try expectFailure(
            ["preprocess", sample.model, "/does/not/exist.png", "--output", output],
            "/does/not/exist.png")
        let text = try sample.write("this is no picture", to: "text.png")
        try expectFailure(
            ["preprocess", sample.model, sample.picture, text, "--output", output], "text.png")
        try expectFailure(
            ["forward", sample.model, "--ids", "/does/not/exist.json", "--output", output],
            "/does/not/exist.json")
        let bad = try sample.write("[1, 2", to: "bad.json")
        try expectFailure(
            ["forward", sample.model, "--ids", bad, "--output", output], "bad.json:1:")
        try expectFailure(
            ["loss", sample.model, "--data", bad, "--output", output], "bad.json")
        #expect(!FileManager.default.fileExists(atPath: output))
        let names = try FileManager.default.contentsOfDirectory(atPath: sample.temporary.path)
        #expect(Set(names) == ["model", "picture.png", "text.png", "bad.json"])
    }

    @Test func `a malformed config is named with file and key`() throws {
        let sample = try SampleFolder()
        let path = "\(sample.model)/config.json"
        let config = try String(contentsOfFile: path, encoding: .utf8)
        try AtomicFile.write(
            config.replacing("\"hidden_size\": 32", with: "\"hidden_size\": \"x\""), to: path)
        try expectFailure(["inspect", sample.model], "config.json", "hidden_size")
        try AtomicFile.write("{", to: path)
        try expectFailure(["inspect", sample.model], "config.json")
    }

    @Test func `ids that the model or tokenizer does not know are named`() throws {
        let sample = try SampleFolder()
        let output = sample.temporary.file("out.safetensors")
        let ids = try sample.write("[1, 640]", to: "ids.json")
        try expectFailure(
            ["forward", sample.model, "--ids", ids, "--output", output], "ids[1]", "640")
        try expectFailure(["detokenize", sample.model], input: "[1, 99999]\n", "line 1", "99999")
        try expectFailure(["detokenize", sample.model], input: "[1, -200]\n", "-200")
        try expectFailure(["detokenize", sample.model], input: "{}\n", "line 1")
        try expectFailure(["tokenize", sample.model, "--prompt"], input: "[\n", "line 1")
    }

    @Test func `images and markers must be equal in number`() throws {
        let sample = try SampleFolder()
        let output = sample.temporary.file("out.safetensors")
        let ids = try sample.write("[1, -200]", to: "ids.json")
        try expectFailure(
            [
                "forward", sample.model, "--ids", ids, "--image", sample.picture, sample.picture,
                "--output", output,
            ], "1 markers", "found 2")
        try expectFailure(
            [
                "generate", sample.model, "--prompt", "<image> or what?", "--image",
                sample.picture, sample.picture,
            ], "1 <image>", "2 --image")
    }

    @Test func `weights that do not fit fail with all names`() throws {
        let sample = try SampleFolder()
        let path = "\(sample.model)/config.json"
        let config = try String(contentsOfFile: path, encoding: .utf8)
        try AtomicFile.write(
            config.replacing(
                "\"num_hidden_layers\": 2,\n  \"num_key",
                with: "\"num_hidden_layers\": 3,\n  \"num_key"),
            to: path)
        try expectFailure(
            ["generate", sample.model, "--prompt", "Hi"], "model.layers.2.self_attn.dense.weight",
            "missing")
    }

    @Test func `an output that cannot be written is status 1`() throws {
        let sample = try SampleFolder()
        try expectFailure(
            [
                "preprocess", sample.model, sample.picture, "--output",
                "/does/not/exist/out.safetensors",
            ], status: 1, "/does/not/exist/out.safetensors")
    }
}
