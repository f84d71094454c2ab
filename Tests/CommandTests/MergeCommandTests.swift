import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

@Suite(.enabled(if: MiphaProcess.executable != nil, "the executable mipha is not built"))
struct MergeCommandTests {
    @Test(arguments: ["lora", "rslora", "dora"])
    func `merge writes a complete model folder with PEFT's merged weights`(
        _ name: String
    ) throws {
        let sample = try SampleFolder()
        let adapter = PackagePaths.fixture("adapters/\(name)")
        let output = sample.temporary.file("merged")
        let run = try MiphaProcess([
            "merge", sample.model, "--adapter", adapter, "--output", output, "--threads", "1",
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.isEmpty)
        let files = FileManager.default
        #expect(
            try Set(files.contentsOfDirectory(atPath: sample.model))
                == Set(files.contentsOfDirectory(atPath: output)))
        let base = try SafetensorsFile(path: "\(sample.model)/model.safetensors")
        let merged = try SafetensorsFile(path: "\(output)/model.safetensors")
        #expect(Set(base.entries.map(\.name)) == Set(merged.entries.map(\.name)))
        let key = "model.layers.1.self_attn.q_proj.weight"
        let golden = try SafetensorsFile(path: "\(adapter)/expected.safetensors")
        let comparison = try Comparison(
            key, merged.floats(key), golden.floats("merged.q_proj"), .of(.operation))
        #expect(comparison.passes, "\(comparison)")
        let tower = "model.vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight"
        #expect(try merged.floats(tower) == base.floats(tower))
        let answer = try MiphaProcess(["generate", output, "--prompt", "Hi", "--max-tokens", "3"])
        #expect(answer.status == 0, "\(answer.errors)")
        let again = try MiphaProcess([
            "merge", sample.model, "--adapter", adapter, "--output", output,
        ])
        #expect(again.status != 0 && again.errors.contains("exists"), "\(again.errors)")
    }

    @Test func `merge takes what was trained in full from beside the adapter`() throws {
        let sample = try SampleFolder()
        let adapter = try sample.temporary.copy(
            of: PackagePaths.fixture("adapters/lora"), named: "adapter")
        let key = "model.mm_projector.0.bias"
        let count = try SafetensorsFile(path: "\(sample.model)/model.safetensors")
            .floats(key).count
        let values = (0..<count).map { Float($0) }
        var writer = try SafetensorsWriter(
            path: "\(adapter)/non_lora_trainables.safetensors",
            entries: [
                TensorDeclaration(
                    name: "base_model.model.\(key)", scalarType: .float32, shape: [count])
            ])
        try writer.write(values)
        try writer.finish()
        let output = sample.temporary.file("merged")
        let run = try MiphaProcess([
            "merge", sample.model, "--adapter", adapter, "--output", output,
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try SafetensorsFile(path: "\(output)/model.safetensors").floats(key) == values)
    }

    @Test func `merge says which files beside the adapter differ from the model's`() throws {
        let sample = try SampleFolder()
        let adapter = try sample.temporary.copy(
            of: PackagePaths.fixture("adapters/lora"), named: "adapter")
        for (name, text) in [
            ("generation_config.json", "{\"eos_token_id\": [1, 2]}"),
            ("chat_template.jinja", "{{ messages }}"),
        ] { try AtomicFile.write(text, to: "\(adapter)/\(name)") }
        // The same tokenizer, written in another way.
        let tokenizer = try JSONValue(contentsOf: "\(sample.model)/tokenizer.json")
        try AtomicFile.write(try tokenizer.text(.compact), to: "\(adapter)/tokenizer.json")
        let run = try MiphaProcess([
            "merge", sample.model, "--adapter", adapter, "--output",
            sample.temporary.file("merged"),
        ])
        #expect(run.status == 0, "\(run.errors)")
        for name in ["generation_config.json", "chat_template.jinja"] {
            #expect(
                run.errors.contains("\(adapter)/\(name): differs from that of \(sample.model)"))
        }
        #expect(!run.errors.contains("tokenizer.json: differs"), "\(run.errors)")
    }

    @Test func `merge refuses an adapter of another model and a folder that is none`() throws {
        let sample = try SampleFolder()
        let output = sample.temporary.file("merged")
        let lora = PackagePaths.fixture("adapters/lora")
        for (model, adapter, parts) in [
            (PackagePaths.fixture("goldens/linear"), lora, ["does not fit", "adapters/lora"]),
            (sample.model, sample.temporary.file("none"), ["adapter_config.json"]),
        ] {
            let run = try MiphaProcess([
                "merge", model, "--adapter", adapter, "--output", output,
            ])
            #expect(run.status == 2)
            #expect(run.errorLines.count == 1)
            for part in parts { #expect(run.errors.contains(part), "\(run.errors)") }
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }
}
