import Foundation
import MiphaFiles
import MiphaPretend
import MiphaTestSupport
import Testing

private let isReady = MiphaProcess.executable != nil && PretendLibrary.path != nil

/// Runs of the executable on the pretend accelerator: losses are the CPU's, and nothing waits or
/// travels that need not.
@Suite(.enabled(if: isReady, "the executable or the pretend device is not built beside the tests"))
struct PretendTrainTests {
    private let fixture: TrainFixture

    init() throws {
        fixture = try TrainFixture(["save_steps: 0"], dropout: 0)
        let picture = fixture.sample.picture
        let pairs = (0..<12).map { index -> JSONValue in
            [
                "id": .integer(index), "image": .string(picture), "prompt": "Number?",
                "chosen": .string("it is \(index)"), "rejected": .string("no \(index + 1)"),
            ]
        }
        try JSONValue.array(pairs).write(to: file("pairs.json"))
        let captions = (0..<12).map { index -> JSONValue in
            [
                "id": .integer(index), "image": .string(picture),
                "conversations": [
                    ["from": "human", "value": "<image>"],
                    ["from": "gpt", "value": .string("it is \(index)")],
                ],
            ]
        }
        try JSONValue.array(captions).write(to: file("captions.json"))
    }

    private func file(_ name: String) -> String { fixture.sample.temporary.file(name) }

    /// A kind of run: settings beside those of the fixture.
    struct Kind: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var settings: [String] = []
        var data = "data.json"
        var processes = 1

        static let all: [Kind] =
            [
                Kind(testDescription: "full"),
                Kind(
                    testDescription: "align", settings: ["stage=align"], data: "captions.json"),
                Kind(
                    testDescription: "feature cache",
                    settings: ["stage=align", "feature_cache=auto"],
                    data: "captions.json"),
                Kind(testDescription: "LoRA", settings: lora),
                Kind(testDescription: "QLoRA, 4 bits", settings: lora + ["load_in_4bit=true"]),
                Kind(testDescription: "QLoRA, 8 bits", settings: lora + ["load_in_8bit=true"]),
                Kind(testDescription: "DoRA", settings: lora + ["use_dora=true"]),
                Kind(testDescription: "packing", settings: ["packing=true"]),
                Kind(testDescription: "masks of keys", settings: ["attention_mask=not_pad"]),
                Kind(testDescription: "8-bit moments", settings: ["optim=adamw_8bit"]),
                Kind(testDescription: "deterministic", settings: ["deterministic=true"]),
                Kind(testDescription: "checkpointing", settings: ["gradient_checkpointing=true"]),
                Kind(testDescription: "moving average", settings: ["ema_decay=0.9"]),
                Kind(
                    testDescription: "updates in backward passes",
                    settings: [
                        "optimizer_in_backward=true", "gradient_accumulation_steps=1",
                        "max_grad_norm=0",
                    ]),
                Kind(testDescription: "DPO", settings: ["stage=preference"], data: "pairs.json"),
                Kind(
                    testDescription: "SimPO",
                    settings: ["stage=preference", "preference_loss=simpo"], data: "pairs.json"),
            ]
            + ["none", "zero1", "zero2", "zero3"].map {
                Kind(
                    testDescription: "two processes, sharding \($0)",
                    settings: ["sharding=\($0)"], processes: 2)
            }
        static let lora = ["stage=instruct-lora"]
    }

    private func train(
        _ kind: Kind, on device: String, updates: Int = 4, report: String? = nil
    ) throws -> [Double] {
        let output = file("out-\(UUID().uuidString)")
        let settings =
            kind.settings.map { $0.replacing("=auto", with: "=\(output)-features") }
            + ["data_path=\(file(kind.data))", "max_steps=\(updates)"]
        let done = try MiphaProcess(
            fixture.arguments(output, settings, processes: kind.processes)
                + ["--device", device],
            environment: device == "cpu"
                ? [:] : PretendLibrary.environment(modes: [.hostile], report: report))
        try #require(done.status == 0, "\(kind.testDescription) on \(device): \(done.errors)")
        let text = try String(contentsOfFile: "\(output)/metrics.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").compactMap {
            try JSONValue(parsing: String($0))["loss"]?.doubleValue
        }
    }

    @Test(arguments: Kind.all)
    func `losses on the device are the CPU's`(_ kind: Kind) throws {
        let near = try train(kind, on: "cpu"), far = try train(kind, on: "pretend:1")
        try #require(near.count == 4 && far.count == 4)
        for (one, other) in zip(near, far) {
            #expect(abs(one - other) <= 2e-6 * abs(one), "\(near) \(far)")
        }
    }

    // MARK: Budgets

    /// What one update of two micro-batches does, from runs of two and of six.
    private func update(_ kind: Kind) throws -> [String: Double] {
        let counts = try [2, 6].map { updates in
            let report = file("report-\(UUID().uuidString)")
            _ = try train(kind, on: "pretend:1", updates: updates, report: report)
            return try PretendLibrary.readReport(report)
        }
        return counts[1].merging(counts[0]) { $0 - $1 }.mapValues { Double($0) / 4 }
    }

    @Test(
        arguments: Kind.all.filter {
            ["full", "align", "masks of keys", "feature cache", "8-bit moments", "DPO", "SimPO"]
                .contains($0.testDescription)
        })
    func `an update waits twice and sends each micro-batch in two copies`(_ kind: Kind) throws {
        let found = try update(kind)
        #expect(found["waits", default: 9] <= 2)
        #expect(found["copies_down", default: 9] <= 2)
        #expect(found["copies_up", default: 9] <= 4)
        #expect(found["waiting_copies_up"] == 0)
    }

    @Test func `a run says whether it is deterministic, and that the CPU is anyway`() throws {
        for (device, note) in [("cpu", true), ("pretend:1", false)] {
            let output = file("deterministic-\(note)")
            let done = try MiphaProcess(
                fixture.arguments(output, ["deterministic=true", "max_steps=1"])
                    + ["--device", device], environment: PretendLibrary.environment())
            try #require(done.status == 0, "\(done.errors)")
            #expect(done.errors.contains("deterministic: true changes nothing") == note)
            let starts = try JSONValue(contentsOf: "\(output)/environment.json")["starts"]
            let start = try #require(starts?.arrayValue?.first)
            #expect(start["deterministic"] == true)
            #expect((start["bfloat16_products_in_float32"] != nil) == note)
        }
        #expect(
            try fixture.weights(file("deterministic-true")).mapValues(\.count)
                == fixture.weights(file("deterministic-false")).mapValues(\.count))
    }

    @Test func `quantised weights and dropout move nothing`() throws {
        let plain = try update(Kind(testDescription: "LoRA", settings: Kind.lora))
        for settings in [["load_in_4bit=true"], ["load_in_8bit=true"], ["lora_dropout=0.1"]] {
            let other = try update(
                Kind(testDescription: settings[0], settings: Kind.lora + settings))
            for count in ["bytes_up", "bytes_down", "copies_up", "copies_down", "waits"] {
                #expect(other[count] == plain[count], "\(settings[0]): \(count)")
            }
        }
    }

    @Test func `a checkpoint in the background takes no memory of the device`() throws {
        let peaks = try ["save_steps=0", "save_steps=2"].map { setting in
            let report = file("report-\(setting)")
            _ = try train(
                Kind(testDescription: setting, settings: [setting]), on: "pretend:1",
                report: report)
            return try PretendLibrary.readReport(report)["peak_bytes:1", default: 0]
        }
        #expect(peaks[0] > 0 && Double(peaks[1]) <= 1.02 * Double(peaks[0]), "\(peaks)")
    }
}
