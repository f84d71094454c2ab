import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

/// Adapters from `mipha train` to the commands that run models.
@Suite(.enabled(if: MiphaProcess.executable != nil, "the executable mipha is not built"))
struct AdapterCommandTests {
    private let sample: SampleFolder
    private let adapter: String
    private let ids: String
    private let notes: String

    init() throws {
        let sample = try SampleFolder()
        self.sample = sample
        adapter = sample.temporary.file("runs/lora")
        ids = try sample.write("[5, -200, 9, 31, 7]", to: "ids.json")
        let items = (0..<4).map { index -> JSONValue in
            [
                "id": .string("s\(index)"), "image": .string(sample.picture),
                "conversations": [
                    ["from": "human", "value": .string("<image>\nNumber \(index)?")],
                    ["from": "gpt", "value": .string("it is \(index)")],
                ],
            ]
        }
        try JSONValue.array(items).write(to: sample.temporary.file("data.json"))
        let run = try sample.write(
            """
            model: \(sample.model)
            output_dir: \(adapter)
            stage: instruct-lora
            tune: {tower: lora}
            lora_r: 2
            lora_alpha: 32
            load_in_4bit: true
            data_path: \(sample.temporary.file("data.json"))
            max_steps: 4
            save_steps: 4
            per_device_train_batch_size: 2
            learning_rate: 1.0e-2
            image_aspect_ratio: square
            ema_decay: 0.5

            """, to: "run.yaml")
        let train = try MiphaProcess(["train", run])
        try #require(train.status == 0, "\(train.errors)")
        notes = train.errors
    }

    private func logits(_ arguments: [String]) throws -> [Float] {
        let output = sample.temporary.file("logits.safetensors")
        let run = try MiphaProcess(
            ["forward"] + arguments
                + ["--ids", ids, "--image", sample.picture, "--output", output])
        try #require(run.status == 0, "\(run.errors)")
        return try SafetensorsFile(path: output).floats("logits")
    }

    @Test func `training prints the adapters and what is held in four bits`() {
        for part in ["adapters: LoRA on ", "rank 2, alpha 32.0", "frozen in nf4: "] {
            #expect(notes.contains(part), "\(notes)")
        }
    }

    @Test func `an adapter runs over its model, by itself, and merged`() throws {
        let over = try logits([sample.model, "--adapter", adapter])
        #expect(try over != logits([sample.model]))
        #expect(try logits([adapter]) == over)
        #expect(try logits(["\(adapter)/checkpoint-4"]) == over)
        #expect(try logits(["\(adapter)/ema"]) != over)
        let merged = sample.temporary.file("merged")
        let merge = try MiphaProcess([
            "merge", sample.model, "--adapter", adapter, "--output", merged,
        ])
        #expect(merge.status == 0, "\(merge.errors)")
        let comparison = try Comparison("merged", logits([merged]), over, .of(.sameModel))
        #expect(comparison.passes, "\(comparison)")
        // The treatment of images is that of training.
        for (folder, expected) in [(merged, "square"), (sample.model, "pad")] {
            let config = try JSONValue(contentsOf: "\(folder)/config.json")
            #expect(config["image_aspect_ratio"]?.stringValue == expected)
        }
    }

    @Test(arguments: ["generate", "loss"])
    func `other commands take adapters too`(_ command: String) throws {
        let rest =
            command == "generate"
            ? ["--prompt", "Hi", "--image", sample.picture, "--max-tokens", "3"]
            : [
                "--data", sample.temporary.file("data.json"), "--images", "/",
                "--output", sample.temporary.file("loss.safetensors"),
            ]
        for model in [[sample.model, "--adapter", adapter], [adapter]] {
            let run = try MiphaProcess([command] + model + rest)
            #expect(run.status == 0, "\(run.errors)")
        }
    }

    @Test func `an adapter inside the model's folder is reported with the way to apply it`() throws
    {
        for name in try FileManager.default.contentsOfDirectory(atPath: adapter)
        where name.hasPrefix("adapter_") {
            try FileManager.default.copyItem(
                atPath: "\(adapter)/\(name)", toPath: "\(sample.model)/\(name)")
        }
        let part = "\(sample.model)/adapter_config.json: an adapter beside the model"
        let question = ["--prompt", "Hi", "--max-tokens", "1"]
        let run = sample.temporary.file("run.yaml")
        let output = "output_dir=\(sample.temporary.file("again"))"
        for arguments in [
            ["generate", sample.model] + question, ["inspect", sample.model],
            ["train", run, "--set", output],
        ] {
            let run = try MiphaProcess(arguments)
            #expect(run.status == 0, "\(run.errors)")
            let text = run.output + run.errors
            #expect(text.contains(part), "\(text)")
            #expect(text.contains("--adapter \(sample.model) applies it"))
        }
        let applied = try MiphaProcess(
            ["generate", sample.model, "--adapter", sample.model] + question)
        #expect(applied.status == 0 && !applied.errors.contains(part), "\(applied.errors)")
    }

    @Test func `a conversation is with the adapter`() throws {
        func turns(_ model: [String]) throws -> JSONValue? {
            let saved = sample.temporary.file("chat.json")
            let run = try MiphaProcess(
                ["chat"] + model + ["--image", sample.picture, "--max-tokens", "6"],
                input: "Number 1?\n/save \(saved)\n")
            try #require(run.status == 0, "\(run.errors)")
            return try JSONValue(contentsOf: saved).arrayValue?.first?["conversations"]
        }
        let over = try #require(try turns([sample.model, "--adapter", adapter]))
        #expect(over.arrayValue?.count == 2)
        #expect(try turns([adapter]) == over)
        #expect(try turns([sample.model]) != over)
    }

    @Test func `an evaluation is with the adapter`() throws {
        let data = try sample.temporary.folder("custom")
        try FileManager.default.copyItem(atPath: sample.picture, toPath: "\(data)/0.png")
        let lines = try (0..<4).map { index -> String in
            let item: JSONValue = [
                "question_id": .integer(index), "image": "0.png",
                "text": .string("Number \(index)?"), "answer": .string("it is \(index)"),
            ]
            return try item.text(.compact)
        }
        try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: "\(data)/questions.jsonl")
        func answers(_ name: String, _ model: [String]) throws -> String {
            let output = sample.temporary.file(name)
            let run = try MiphaProcess(
                ["eval"] + model + [
                    "--benchmark", "custom:exact", "--data", data, "--output", output,
                    "--max-tokens", "6",
                ])
            try #require(run.status == 0, "\(run.errors)")
            return try String(
                contentsOfFile: "\(output)/custom/predictions.jsonl", encoding: .utf8)
        }
        let over = try answers("over", [sample.model, "--adapter", adapter])
        #expect(over.split(separator: "\n").count == 4)
        #expect(try answers("alone", [adapter]) == over)
        #expect(try answers("base", [sample.model]) != over)
        // Answers of the model alone are not taken for those with its adapter.
        #expect(
            try answers("base", [sample.model, "--adapter", adapter, "--resume"]) == over)
    }

    @Test func `a model that is not where the adapter says is asked for`() throws {
        let config = "\(adapter)/adapter_config.json"
        guard case .object(var object) = try JSONValue(contentsOf: config) else { return }
        for (name, parts) in [
            (
                JSONValue.string("gone/model"),
                ["no model folder at gone/model or \(adapter)/gone/model"]
            ),
            (.null, ["base_model_name_or_path: expected the folder of a model"]),
        ] {
            object["base_model_name_or_path"] = name
            try JSONValue.object(object).write(to: config)
            let run = try MiphaProcess(["generate", adapter, "--prompt", "Hi"])
            #expect(run.status == 2)
            #expect(run.errorLines.count == 1)
            for part in parts + [config, "--adapter"] {
                #expect(run.errors.contains(part), "\(run.errors)")
            }
        }
        object["base_model_name_or_path"] = "../../model"
        try JSONValue.object(object).write(to: config)
        #expect(try MiphaProcess(["generate", adapter, "--prompt", "Hi"]).status == 0)
    }

    @Test func `an adapter in the place of a model is refused where it cannot stand for one`()
        throws
    {
        for (arguments, part) in [
            (
                ["generate", adapter, "--adapter", adapter, "--prompt", "Hi"],
                "is an adapter itself"
            ),
            (["inspect", adapter], "found an adapter of \(sample.model)"),
            (
                ["merge", adapter, "--adapter", adapter, "--output", adapter + "-merged"],
                "is an adapter; expected the folder of the model"
            ),
        ] {
            let run = try MiphaProcess(arguments)
            #expect(run.status == 2, "\(run.errors)")
            #expect(run.errors.contains(part), "\(run.errors)")
        }
    }
}
