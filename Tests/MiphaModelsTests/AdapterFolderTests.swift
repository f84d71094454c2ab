import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Folders of adapters as people have them: incomplete, contradictory, written by other scripts.
@Suite struct AdapterFolderTests {
    static let layer = "base_model.model.model.layers.1.self_attn.q_proj"

    /// The message with which a folder, or the model with it, is refused.
    private func refusal(_ draft: AdapterDraft) throws -> String {
        let temporary = try TemporaryFolder()
        let error = try #require(throws: (any Error).self) {
            let adapter = try draft.write(to: temporary.path)
            _ = try MiphaModel(folder: SmallModel.square, adapter: adapter)
        }
        let text = "\(error)"
        #expect(!text.contains("\n") && text.contains(temporary.path), "\(text)")
        return text
    }

    private func logits(_ draft: AdapterDraft, as type: DType = .float32) throws -> [Float] {
        let temporary = try TemporaryFolder()
        let adapter = try draft.write(to: temporary.path, as: type)
        return try sampleLogits(MiphaModel(folder: SmallModel.square, adapter: adapter))
    }

    // MARK: What is missing

    @Test(arguments: [
        ("lora", ["lora_B.weight"]), ("lora", ["lora_A.weight"]),
        ("dora", ["lora_magnitude_vector"]), ("dora", ["lora_B.weight", "lora_magnitude_vector"]),
    ])
    func `a layer that lacks a part is refused with the names of the parts`(
        _ fixture: String, _ ends: [String]
    ) throws {
        var draft = try AdapterDraft("adapters/\(fixture)")
        for end in ends { draft.remove("\(Self.layer.dropFirst(20)).\(end)") }
        let text = try refusal(draft)
        for end in ends { #expect(text.contains("\(Self.layer).\(end)"), "\(text)") }
        #expect(!text.contains("k_proj"), "\(text)")
    }

    @Test func `all missing parts are named, and of many the first twenty and how many more`()
        throws
    {
        var draft = try AdapterDraft("adapters/dora")
        draft.remove("lora_B.weight", "lora_magnitude_vector")
        let text = try refusal(draft)
        #expect(text.contains(" and 4 more"), "\(text)")
        #expect(text.components(separatedBy: "lora_B.weight").count > 5)
    }

    @Test func `a layer of target_modules that is missing altogether is named`() throws {
        var draft = try AdapterDraft()
        draft.tensors = draft.tensors.filter { !$0.key.hasPrefix(Self.layer) }
        let text = try refusal(draft)
        #expect(text.contains("it lacks \(Self.layer).lora_A.weight, which"), "\(text)")
    }

    @Test func `layers that the config leaves out need not be there`() throws {
        var draft = try AdapterDraft()
        draft.tensors = draft.tensors.filter { !$0.key.hasPrefix(Self.layer) }
        draft.config["exclude_modules"] = ["1.self_attn.q_proj"]
        #expect(try logits(draft).count > 0)
    }

    @Test(
        arguments: [
            ("modules_to_save", JSONValue.array(["lm_head"]), "base_model.model.lm_head.weight"),
            ("modules_to_save", ["lm_heads"], "lm_heads (modules_to_save)"),
            ("bias", "lora_only", "layers.1.self_attn.q_proj.bias"),
            ("bias", "all", "model.final_layernorm.bias"),
        ] as [(String, JSONValue, String)])
    func `what the config says was trained in full must be there`(
        _ key: String, _ value: JSONValue, _ expected: String
    ) throws {
        var draft = try AdapterDraft()
        draft.config[key] = value
        let text = try refusal(draft)
        #expect(text.contains(expected), "\(text)")
    }

    // MARK: What contradicts itself

    @Test(
        arguments: [
            ("r", JSONValue.integer(4), "expected the rank 4"),
            ("rank_pattern", ["layers.1.*q_proj": 2], "expected the rank 2"),
            ("target_modules", ["v_proj"], "leave model.layers."),
            ("target_modules", "model.*v_proj", "leave model.layers."),
            ("exclude_modules", ["q_proj"], "leave model.layers."),
            ("layers_to_transform", [0], "leave model.layers.1."),
            ("target_modules", "(", "target_modules: expected a regular expression"),
            (
                "target_modules", ".*(?<!out)_proj",
                "target_modules: expected a regular expression without lookbehind"
            ),
            (
                "exclude_modules", ".*(?<=out)_proj",
                "put a lookahead in front, such as (?!.*out_proj$).*_proj for .*(?<!out)_proj"
            ),
            ("alpha_pattern", ["[": 2], "alpha_pattern.[: expected a regular expression"),
            ("layers_pattern", "(", "layers_pattern: expected a regular expression"),
            ("rank_pattern", ["q_proj": "four"], "rank_pattern.q_proj: expected an integer"),
        ] as [(String, JSONValue, String)])
    func `a config that does not fit the tensors is refused by name`(
        _ key: String, _ value: JSONValue, _ expected: String
    ) throws {
        var draft = try AdapterDraft()
        draft.config[key] = value
        let text = try refusal(draft)
        #expect(text.contains(expected), "\(text)")
    }

    @Test func `lengths without use_dora, and tables under it, are refused`() throws {
        var draft = try AdapterDraft("adapters/dora")
        draft.config["use_dora"] = false
        #expect(try refusal(draft).contains("use_dora: expected true"))
        draft = try AdapterDraft("adapter-options/table")
        draft.config["use_dora"] = true
        #expect(
            try refusal(draft).contains("use_dora: expected false for an adapter of the embedding"))
    }

    @Test func `a tensor that is of no model, of no matrix or there twice is refused by name`()
        throws
    {
        var draft = try AdapterDraft()
        draft.tensors["base_model.model.score.weight"] = ([1, 2], [0, 1])
        #expect(try refusal(draft).contains("\"base_model.model.score.weight\""))
        draft = try AdapterDraft()
        draft.tensors["\(Self.layer).lora_A.weight"]?.shape = [3, 32, 1, 1]
        #expect(try refusal(draft).contains("expected a matrix"))
        draft = try AdapterDraft()
        draft.tensors["model.layers.1.self_attn.q_proj.lora_A.weight"] = (
            [3, 32], .init(repeating: 0, count: 96)
        )
        #expect(try refusal(draft).contains("is the same parameter"))
        draft = try AdapterDraft()
        draft.tensors["\(Self.layer).lora_diag"] = ([3], [1, 1, 1])
        #expect(
            try refusal(draft).contains("unexpected: model.layers.1.self_attn.q_proj.lora_diag"))
    }

    // MARK: What is spelt otherwise

    @Test(arguments: [
        ("base_model.model.", ""), (".lora_A.weight", ".lora_A.default.weight"),
        (".lora_B.weight", ".lora_B.default.weight"), ("base_model.model.model.", "model.model."),
        (".lora_magnitude_vector", ".lora_magnitude_vector.default.weight"),
        (".lora_magnitude_vector", ".lora_magnitude_vector.weight"),
    ])
    func `names of other scripts mean the same`(_ old: String, _ new: String) throws {
        let plain = try AdapterDraft("adapters/dora")
        var draft = plain
        draft.rename { $0.replacing(old, with: new) }
        #expect(draft.tensors.keys != plain.tensors.keys)
        #expect(try logits(draft) == logits(plain))
    }

    @Test func `modules in full may carry PEFT's wrapper in their names`() throws {
        let plain = try AdapterDraft("adapter-options/saved")
        var draft = plain
        draft.rename { name in
            name.contains("lora_")
                ? name
                : name.replacing(".weight", with: ".modules_to_save.default.weight")
                    .replacing(".bias", with: ".modules_to_save.bias")
        }
        #expect(draft.tensors.keys != plain.tensors.keys)
        #expect(try logits(draft) == logits(plain))
    }

    @Test func `weights in half precision are computed`() throws {
        let draft = try AdapterDraft()
        let half = try logits(draft, as: .float16)
        let full = try logits(draft)
        #expect(half != full)
        let apart = zip(half, full).map { abs($0 - $1) }.max() ?? 1
        #expect(apart < 0.02, "\(apart)")
    }

    // MARK: What stands beside

    @Test(arguments: ["non_lora_trainables", "mm_projector", "adapter_model"])
    func `files of torch_save are read where there are no safetensors`(_ name: String) throws {
        let temporary = try TemporaryFolder()
        let draft = try AdapterDraft()
        _ = try draft.write(to: temporary.path)
        let plain = try logits(draft)
        let manager = FileManager.default
        let isMatrices = name == "adapter_model"
        try manager.copyItem(
            atPath: PackagePaths.fixture("torch-save/\(isMatrices ? "adapter" : "projector").bin"),
            toPath: temporary.file("\(name).bin"))
        if isMatrices {
            // The safetensors count while they are there.
            var other = draft
            other.config["lora_alpha"] = 1
            _ = try other.write(to: temporary.path)
            let both = try sampleLogits(
                MiphaModel(folder: SmallModel.square, adapter: AdapterFolder(temporary.path)))
            #expect(both == (try logits(other)))
            _ = try draft.write(to: temporary.path)
            try manager.removeItem(atPath: temporary.file("adapter_model.safetensors"))
        }
        let adapter = try AdapterFolder(temporary.path)
        let model = try MiphaModel(folder: SmallModel.square, adapter: adapter)
        #expect((try sampleLogits(model) == plain) == isMatrices)
        guard !isMatrices else { return }
        let bias = try model.store["model.mm_projector.0.bias"]?.values(as: Float.self) ?? []
        #expect(bias.count > 1 && bias.allSatisfy { $0 == 2 })
        // The same parameter in two files.
        try manager.copyItem(
            atPath: temporary.file("\(name).bin"),
            toPath: temporary.file(
                name == "mm_projector" ? "non_lora_trainables.bin" : "mm_projector.bin"))
        let error = try #require(throws: CheckpointError.self) {
            try AdapterFolder(temporary.path)
        }
        #expect(error.message.contains("is the same parameter"), "\(error)")
    }

    @Test func `a damaged file of torch_save is refused, not passed over`() throws {
        let temporary = try TemporaryFolder()
        _ = try AdapterDraft().write(to: temporary.path)
        try Data([0x80, 2, 0x2E]).write(to: URL(filePath: temporary.file("mm_projector.bin")))
        let error = try #require(throws: CheckpointError.self) {
            try AdapterFolder(temporary.path)
        }
        #expect(
            error.message.contains("mm_projector.bin: expected a file of torch.save in PyTorch 1.6")
        )
    }

    @Test func `a checkpoint's other files are not part of the adapter`() throws {
        let temporary = try TemporaryFolder()
        for name in ["optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state.pth"] {
            try Data([1]).write(to: URL(filePath: temporary.file(name)))
        }
        #expect(try AdapterDraft().write(to: temporary.path).notes == [])
    }

    @Test func `what is passed over gives a note`() throws {
        var draft = try AdapterDraft()
        draft.config["use_something_new"] = true
        draft.config["alpha_pattern"] = ["lm_head": 3, "q_proj": 8]
        var notes = try draft.read().notes
        #expect(notes.count == 2)
        #expect(notes[0].contains("use_something_new") && notes[1].contains("fits lm_head"))
        draft = try AdapterDraft()
        draft.config["target_modules"] = .null
        notes = try draft.read().notes
        #expect(notes.count == 1 && notes[0].contains("target_modules: null"), "\(notes)")
    }

    @Test func `the lookahead that is proposed means what the lookbehind does`() throws {
        let targets = try AdapterTargets(
            ConfigReader(
                file: "targets", value: ["target_modules": "(?!.*out_proj$).*_proj"]))
        for (name, isSelected) in [
            ("model.layers.0.q_proj", true), ("tower.layers.1.out_proj", false),
            ("tower.out_projector.k_proj", true), ("model.layers.0.fc1", false),
        ] {
            #expect(targets.selects(name, isLinear: true) == isSelected, "\(name)")
        }
    }

    @Test func `which modules a config means, and how strongly, is what PEFT says`() throws {
        let path = PackagePaths.fixture("adapter-options/targets.json")
        let cases = try #require(try JSONValue(contentsOf: path).arrayValue)
        #expect(cases.count >= 15)
        for item in cases {
            let config = try #require(item["config"])
            let targets = try AdapterTargets(ConfigReader(file: "targets", value: config))
            for member in try #require(item["modules"]?.objectValue).members {
                let isLinear = member.key != "lm_head" && member.key != "model.embed_tokens"
                let isSelected = targets.selects(member.key, isLinear: isLinear)
                let found = targets.strength(of: member.key)
                let expected = member.value.arrayValue?.compactMap(\.doubleValue)
                #expect(
                    (isSelected ? [Double(found.rank), found.alpha] : nil) == expected,
                    "\(member.key) under \(config)")
            }
        }
    }
}
