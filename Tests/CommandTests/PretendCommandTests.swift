import Foundation
import MiphaFiles
import MiphaPretend
import MiphaTestSupport
import Testing

private let isReady = MiphaProcess.executable != nil && PretendLibrary.path != nil

/// The executable, which knows nothing of the pretend accelerator, with it preloaded.
@Suite(.enabled(if: isReady, "the executable or the pretend device is not built beside the tests"))
struct PretendCommandTests {
    @Test func `an answer on the device is the CPU's, computed there`() throws {
        let sample = try SampleFolder()
        let report = sample.temporary.file("report")
        let arguments = [
            "generate", sample.model, "--image", sample.picture, "--prompt", "Compare",
            "--max-tokens", "12", "--device",
        ]
        let near = try MiphaProcess(arguments + ["cpu"])
        let far = try MiphaProcess(
            arguments + ["pretend:1"],
            environment: PretendLibrary.environment(modes: [.hostile], report: report))
        #expect(near.status == 0, "\(near.errors)")
        #expect(far.status == 0, "\(far.errors)")
        #expect(far.output == near.output)
        let counts = try PretendLibrary.readReport(report)
        #expect(counts["kernels", default: 0] > 1000)
        #expect(counts["peak_bytes:1", default: 0] > 100_000)
        #expect(counts["peak_bytes:0"] == 0)
        // Of each token the largest logit and its place, not all logits.
        #expect(counts["copies_down"] == 12 && counts["bytes_down"] == 12 * 3 * 4)
        // Keys and values are read by a fused kernel, as they are: in each of the blocks for each token.
        let fused = "aten::_scaled_dot_product_efficient_attention"
        #expect(counts[fused, default: 0] >= 12)
    }

    @Test func `a conversation and an evaluation on the device are the CPU's`() throws {
        let sample = try SampleFolder()
        let data = try sample.temporary.folder("questions")
        let questions = (0..<6).map { index -> JSONValue in
            [
                "id": .integer(index), "image": "picture.png",
                "conversations": [
                    ["from": "human", "value": .string("<image>\nNumber \(index)?")],
                    ["from": "gpt", "value": "it"],
                ],
            ]
        }
        try JSONValue.array(questions).write(to: "\(data)/questions.json")
        try FileManager.default.copyItem(
            atPath: sample.picture, toPath: "\(data)/picture.png")
        let found = try ["cpu", "pretend:1"].map { device in
            let environment =
                device == "cpu" ? [:] : PretendLibrary.environment(modes: [.hostile])
            let chat = try MiphaProcess(
                ["chat", sample.model, "--max-tokens", "8", "--device", device],
                input: "Compare\nAgain\n", environment: environment)
            try #require(chat.status == 0, "\(chat.errors)")
            let output = sample.temporary.file("evaluation-\(device.prefix(3))")
            let eval = try MiphaProcess(
                [
                    "eval", sample.model, "--benchmark", "custom", "--data", data, "--max-tokens",
                    "6", "--device", device, "--output", output,
                ], environment: environment)
            try #require(eval.status == 0, "\(eval.errors)")
            return chat.output
                + (try String(contentsOfFile: "\(output)/custom/predictions.jsonl", encoding: .utf8))
        }
        #expect(found[0] == found[1])
    }

    @Test func `an unknown mode is refused`() throws {
        var environment = PretendLibrary.environment()
        environment["MIPHA_PRETEND"] = "hostile,slow"
        let run = try MiphaProcess(["--version"], environment: environment)
        #expect(run.status == 2)
        #expect(run.errors.contains("unknown mode \"slow\""))
    }
}
