import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

private let isBuilt = MiphaProcess.executable != nil

@Suite(.enabled(if: isBuilt, "the executable mipha is not built beside the tests"))
struct CommandTests {
    private static let commands = [
        "generate", "chat", "inspect", "convert", "merge", "preprocess", "tokenize", "detokenize",
        "forward",
        "loss",
    ]

    @Test(arguments: commands)
    func `every command has help with an example`(command: String) throws {
        let help = try MiphaProcess([command, "--help"])
        #expect(help.status == 0)
        #expect(help.output.contains("EXAMPLE:"))
        #expect(help.output.contains("mipha \(command) "))
        #expect(help.output.contains("--log-level"))
        #expect(help.errors.isEmpty)
    }

    @Test func `the root lists the commands and its version`() throws {
        let help = try MiphaProcess(["--help"])
        #expect(help.status == 0)
        for command in Self.commands { #expect(help.output.contains("  \(command) ")) }
        let version = try MiphaProcess(["--version"])
        #expect(version.status == 0)
        #expect(version.output.hasPrefix("mipha "))
    }

    @Test func `generate answers in JSON with the documented keys`() throws {
        let sample = try SampleFolder()
        let run = try MiphaProcess([
            "generate", sample.model, "--image", sample.picture, sample.picture, "--prompt",
            "Compare", "--max-tokens", "7", "--json", "--threads", "1",
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.isEmpty)
        let reply = try JSONValue(parsing: run.output)
        let keys = [
            "text", "tokens", "prompt_tokens", "image_tokens", "completion_tokens",
            "finish_reason", "timings",
        ]
        #expect(reply.objectValue?.keys == keys)
        #expect(reply["image_tokens"]?.integerValue == 18)
        #expect(reply["tokens"]?.arrayValue?.count == 7)
        #expect(reply["finish_reason"]?.stringValue == "length")
        #expect(
            reply["timings"]?.objectValue?.keys
                == ["preprocessing", "vision", "prefill", "decode", "tokens_per_second"])
    }

    @Test func `generate with a seed repeats itself and streams the text of the JSON`() throws {
        let sample = try SampleFolder()
        let arguments = [
            "generate", sample.model, "--prompt", "Hello", "--max-tokens", "20",
            "--temperature", "1.5", "--top-p", "0.9", "--top-k", "50", "--seed", "3",
        ]
        let first = try MiphaProcess(arguments)
        let second = try MiphaProcess(arguments)
        let json = try MiphaProcess(arguments + ["--json"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output == second.output)
        let text = try JSONValue(parsing: json.output)["text"]?.stringValue
        #expect(first.output == (text ?? "") + "\n")
    }

    @Test func `tokenize and detokenize are inverse line by line`() throws {
        let sample = try SampleFolder()
        let lines = ["Hello there", "", "  naïve 漢字 🙂\ttabs", "<|endoftext|>x", "a\u{2028}b\r"]
        let ids = try MiphaProcess(
            ["tokenize", sample.model], input: lines.joined(separator: "\n") + "\n")
        #expect(ids.status == 0, "\(ids.errors)")
        let arrays = ids.output.split(separator: "\n")
        #expect(arrays.count == lines.count)
        #expect(arrays[1] == "[]")
        #expect(arrays[3].hasPrefix("[0,"))
        let text = try MiphaProcess(["detokenize", sample.model], input: ids.output)
        #expect(text.status == 0, "\(text.errors)")
        let back = try text.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0)).stringValue
        }
        #expect(back == lines)
    }

    @Test func `tokenize --prompt gives ids and labels with markers`() throws {
        let sample = try SampleFolder()
        let line = """
            {"conversations":[{"from":"human","value":"<image>\\nWhat?"},\
            {"from":"gpt","value":"A cat."}]}
            """
        let run = try MiphaProcess(["tokenize", sample.model, "--prompt"], input: line + "\n")
        #expect(run.status == 0, "\(run.errors)")
        let value = try JSONValue(parsing: run.output)
        let ids = value["ids"]?.arrayValue?.compactMap(\.integerValue) ?? []
        let labels = value["labels"]?.arrayValue?.compactMap(\.integerValue) ?? []
        #expect(ids.count == labels.count && ids.count > 10)
        #expect(ids.count { $0 == -200 } == 1)
        #expect(ids.last == 0 && labels.last == 0)
        #expect(zip(ids, labels).allSatisfy { $1 == -100 || $0 == $1 })
    }

    @Test func `preprocess writes what the tower sees and the pixels before`() throws {
        let sample = try SampleFolder()
        let path = sample.temporary.file("pixels.safetensors")
        let run = try MiphaProcess([
            "preprocess", sample.model, sample.picture, sample.picture, "--output", path,
            "--uint8",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let file = try SafetensorsFile(path: path)
        #expect(try file.requiredEntry("pixel_values").shape == [2, 3, 17, 17])
        #expect(try file.requiredEntry("resized").shape == [2, 17, 17, 3])
        let values = try file.floats("pixel_values")
        let pixels = try file.integers("resized")
        for (row, column, channel) in [(0, 0, 0), (8, 3, 1), (16, 16, 2)] {
            let level = Float(pixels[(row * 17 + column) * 3 + channel])
            let value = values[(channel * 17 + row) * 17 + column]
            #expect(abs(value - (level / 255 - 0.5) / 0.5) < 1e-6)
        }
    }

    @Test(arguments: ["generate", "chat", "preprocess"])
    func `an image that is not upright is reported once`(command: String) throws {
        let sample = try SampleFolder()
        let picture = PackagePaths.fixture("images/orientation6.jpg")
        let rest =
            switch command {
            case "generate":
                ["--image", picture, picture, "--prompt", "Hi", "--max-tokens", "1"]
            case "chat": ["--image", picture, "--max-tokens", "1"]
            default:
                [picture, picture, "--output", sample.temporary.file("pixels.safetensors")]
            }
        let run = try MiphaProcess([command, sample.model] + rest, input: "Hi\n")
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.errorLines.filter {
            $0.hasPrefix("\(picture): the EXIF orientation 6 is not applied")
        }
        #expect(lines.count == 1, "\(run.errors)")
    }

    @Test func `forward gives the golden logits and states`() throws {
        let folder = PackagePaths.fixture("goldens/square")
        let inputs = try GoldenFile("square/inputs.safetensors")
        let expected = try GoldenFile("square/expected.safetensors")
        let temporary = try TemporaryFolder()
        let pixels = temporary.file("pixels.safetensors")
        var writer = try SafetensorsWriter(
            path: pixels,
            entries: [
                TensorDeclaration(
                    name: "pixel_values", scalarType: .float32, shape: [1, 3, 17, 17])
            ])
        try writer.write(Array(inputs.floats("pixel_values").prefix(3 * 17 * 17)))
        try writer.finish()
        let ids = temporary.file("ids.json")
        try AtomicFile.write("\(try inputs.integers("ids.0"))", to: ids)
        let output = temporary.file("out.safetensors")
        let run = try MiphaProcess([
            "forward", folder, "--ids", ids, "--pixels", pixels, "--output", output, "--hidden",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let found = try SafetensorsFile(path: output)
        #expect(try found.requiredEntry("logits").shape == [1, 18, 96])
        let pairs = [
            ("logits", "logits.0"), ("hidden.1", "hidden.1.0"), ("hidden.2", "hidden.2.0"),
        ]
        for (name, golden) in pairs {
            let comparison = Comparison(
                name, try found.floats(name), try expected.floats(golden), .of(.activation))
            #expect(comparison.passes, "\(comparison)")
        }
        for name in ["vision.0", "vision.1", "projector"] {
            let values = try found.floats(name)
            let comparison = Comparison(
                name, values, Array(try expected.floats(name).prefix(values.count)),
                .of(.activation))
            #expect(comparison.passes, "\(comparison)")
        }
        #expect(try found.requiredEntry("hidden.0").shape == [1, 18, 32])
    }

    @Test func `loss writes a loss for each sample and gradients of their mean`() throws {
        let sample = try SampleFolder()
        let data = try sample.write(
            """
            [{"id": 1, "image": "picture.png", "conversations": [
              {"from": "human", "value": "<image>\\nWhat?"}, {"from": "gpt", "value": "A cat."}]},
             {"id": 2, "conversations": [
              {"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Good day."}]},
             {"id": 3, "image": "\(sample.picture)", "conversations": [
              {"from": "human", "value": "<image>\\nWhat?"}, {"from": "gpt", "value": "A cat."}]}]
            """, to: "data.json")
        let output = sample.temporary.file("loss.safetensors")
        let run = try MiphaProcess([
            "loss", sample.model, "--data", data, "--images", sample.temporary.path, "--output",
            output, "--gradients",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let file = try SafetensorsFile(path: output)
        let losses = try file.floats("loss")
        #expect(losses.count == 3)
        #expect(losses[0] == losses[2])
        #expect(losses.allSatisfy { $0 > 0 && $0 < 40 })
        for name in [
            "lm_head.weight", "model.mm_projector.0.weight",
            "model.vision_tower.vision_model.embeddings.patch_embedding.weight",
        ] {
            let gradient = try file.floats("grad.\(name)")
            #expect(gradient.contains { $0 != 0 } && gradient.allSatisfy(\.isFinite))
        }
        #expect(
            file.entry("grad.model.vision_tower.vision_model.post_layernorm.weight") == nil)
    }

    @Test func `inspect lists parts, types and what does not fit`() throws {
        let sample = try SampleFolder()
        let run = try MiphaProcess(["inspect", sample.model, "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONValue(parsing: run.output)
        for key in ["missing", "unused", "mismatched"] {
            #expect(report[key]?.arrayValue?.isEmpty == true)
        }
        #expect(report["template"]?.stringValue == "phi")
        #expect(report["layout"]?.stringValue == "mipha")
        #expect(report["architecture"]?["vision"]?["tokens"]?.integerValue == 9)
        #expect(report["architecture"]?["projector"]?.stringValue == "mlp3x_gelu")
        let text = try MiphaProcess(["inspect", sample.model])
        #expect(text.output.contains("language head"))
        let bare = try MiphaProcess(["inspect", PackagePaths.fixture("goldens/llava-hf/v5")])
        #expect(bare.status == 0, "\(bare.errors)")
        #expect(bare.output.contains("hf-llava") && bare.output.contains("tokenizer.json"))
    }

    @Test func `convert writes LLaVA's layout and refuses an existing folder`() throws {
        let source = PackagePaths.fixture("goldens/llava-hf/v5")
        let temporary = try TemporaryFolder()
        let output = temporary.file("official")
        let arguments = ["convert", source, "--to", "mipha", "--output", output]
        let run = try MiphaProcess(arguments)
        #expect(run.status == 0, "\(run.errors)")
        let config = try JSONValue(contentsOf: "\(output)/config.json")
        #expect(config["model_type"]?.stringValue == "mipha_phi")
        let again = try MiphaProcess(arguments)
        #expect(again.status != 0)
        #expect(again.errorLines.count == 1)
        let back = try MiphaProcess([
            "convert", PackagePaths.fixture("goldens/square"), "--to", "hf-llava", "--output",
            temporary.file("impossible"),
        ])
        #expect(back.status == 2)
        #expect(!FileManager.default.fileExists(atPath: temporary.file("impossible")))
        #expect(!FileManager.default.fileExists(atPath: temporary.file("impossible.partial")))
    }

    @Test func `chat answers lines, keeps going after an error and saves`() throws {
        let sample = try SampleFolder()
        let saved = sample.temporary.file("chat.json")
        let run = try MiphaProcess(
            ["chat", sample.model, "--max-tokens", "4"],
            input: """
                /help
                /image \(sample.picture)
                What is it?
                /image /does/not/exist.png
                And now?
                /save \(saved)
                """)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("/reset"))
        #expect(run.errors.contains("error: "))
        let turns = try JSONValue(contentsOf: saved).arrayValue?.first?["conversations"]
        #expect(turns?.arrayValue?.count == 4)
    }
}
