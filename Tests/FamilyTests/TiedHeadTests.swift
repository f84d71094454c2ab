import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// A Llama whose head is its table of embeddings (Llama 3.2 1B, SmolLM2): files and gradients.
@Suite struct TiedHeadTests {
    private static let (table, head) = ("model.embed_tokens.weight", "lm_head.weight")

    private func logits(_ model: MiphaModel) throws -> [Float] {
        let batch = try FamilyCase.clipLlama.batch()
        return try withoutGradients { try model.logits(batch) }.values()
    }

    /// The model that the tied one must equal: with a head of its own, of the table's numbers.
    private func untied(use: CheckpointSource.Use = .inference) throws -> MiphaModel {
        try TiedFolder(.equal, isTied: false).model(use: use)
    }

    private func expectEqual(_ name: String, _ found: [Float], _ expected: [Float]) {
        let comparison = Comparison(name, found, expected, .of(.sameModel))
        #expect(comparison.passes, "\(comparison)")
    }

    @Test(arguments: [TiedFolder.StoredHead.absent, .equal])
    func `a tied model is read with and without a stored head`(
        _ stored: TiedFolder.StoredHead
    ) throws {
        let reference = try untied()
        let folder = try TiedFolder(stored)
        let model = try folder.model()
        #expect(model.store[Self.head] == nil)
        #expect(reference.store[Self.head] != nil)
        #expect(Set(model.store.names).union([Self.head]) == Set(reference.store.names))
        expectEqual("logits", try logits(model), try logits(reference))
        try withExtendedLifetime(folder) {
            let report = try ModelReport(ModelFolder(folder.path, for: "a test"))
            #expect(report.missing + report.unused + report.mismatched == [])
            #expect(report.parts.last?.parameters == 0)
        }
    }

    @Test(arguments: [TiedFolder.StoredHead.different, .short])
    func `a stored head that differs from the table is refused by name`(
        _ stored: TiedFolder.StoredHead
    ) throws {
        let folder = try TiedFolder(stored)
        let error = try #require(
            #expect(throws: ParameterError.self) { _ = try folder.model() })
        for part in [
            folder.path, "model.safetensors", "\"language_model.lm_head.weight\"",
            "\"language_model.model.embed_tokens.weight\"",
        ] { #expect(error.description.contains(part), "\(error)") }
        #expect(!error.description.contains("unexpected"), "\(error)")
        try withExtendedLifetime(folder) {
            let report = try ModelReport(ModelFolder(folder.path, for: "a test"))
            #expect(!report.isComplete && report.mismatched.count == 1, "\(report.mismatched)")
            #expect(report.mismatched.allSatisfy { error.description.contains($0) })
        }
    }

    @Test func `a model that is not tied still needs its head`() throws {
        let folder = try TiedFolder(.absent, isTied: false)
        let error = try #require(
            #expect(throws: ParameterError.self) { _ = try folder.model() })
        #expect(error.description.contains("missing: lm_head.weight"))
    }

    @Test(arguments: CheckpointLayout.allCases, [TiedFolder.StoredHead.absent, .equal])
    func `no head is written, and the model comes back tied`(
        _ layout: CheckpointLayout, _ stored: TiedFolder.StoredHead
    ) throws {
        let model = try TiedFolder(stored).model()
        let temporary = try TemporaryFolder()
        try model.save(to: temporary.path, options: MiphaModel.SaveOptions(layout: layout))
        let names = try Checkpoint(folder: temporary.path).names
        #expect(!names.contains { $0.contains("lm_head") })
        let config = try JSONValue(contentsOf: temporary.file("config.json"))
        #expect(config["tie_word_embeddings"] == true)
        if layout == .llava { #expect(config["text_config"]?["tie_word_embeddings"] == true) }
        let again = try MiphaModel(folder: temporary.path)
        #expect(again.config.layout == layout)
        #expect(again.config.language.isEqual(model.config.language))
        #expect(try haveSameBits(logits(again), logits(model)))
        // And once more into the other layout.
        let other = try TemporaryFolder()
        let back: CheckpointLayout = layout == .llava ? .mipha : .llava
        try again.save(to: other.path, options: MiphaModel.SaveOptions(layout: back))
        #expect(try haveSameBits(logits(MiphaModel(folder: other.path)), logits(model)))
    }

    @Test func `a head of its own is written as before`() throws {
        let temporary = try TemporaryFolder()
        try untied().save(to: temporary.path, options: MiphaModel.SaveOptions(layout: .llava))
        #expect(
            try Checkpoint(folder: temporary.path).names.contains("language_model.lm_head.weight"))
        let config = try JSONValue(contentsOf: temporary.file("config.json"))
        #expect(config["tie_word_embeddings"] == false)
    }

    @Test func `a table that was trained for both uses is read, one of PEFT's for one use is not`()
        throws
    {
        let (folder, target) = (try TiedFolder(.absent), try TemporaryFolder())
        let plan = AdapterPlan(rank: 2, targets: .names(["q_proj"]))
        let model = try folder.model(use: .training, adapters: plan)
        try #require(model.store[Self.table]).scale(by: 2)
        try model.saveAdapter(
            to: target.path, trained: model.store.adapterNames + [Self.table])
        try withExtendedLifetime((folder, target)) {
            let again = try MiphaModel(folder: folder.path, adapter: AdapterFolder(target.path))
            #expect(try haveSameBits(logits(again), logits(model)))
            // The same table as PEFT's modules_to_save.
            let file = try SafetensorsFile(path: target.file("adapter_model.safetensors"))
            let others = try SafetensorsFile(path: target.file("non_lora_trainables.safetensors"))
            var tensors = try file.entries.map { entry in
                (name: entry.name, tensor: try Tensor.mapped(entry, of: file))
            }
            for entry in others.entries {
                tensors.append(
                    ("base_model.model.\(entry.name)", try Tensor.mapped(entry, of: others)))
            }
            try SafetensorsFile.write(tensors, to: target.file("adapter_model.safetensors"))
            FileSystem.remove(target.file("non_lora_trainables.safetensors"))
            let error = try #require(
                #expect(throws: ParameterError.self) {
                    _ = try MiphaModel(folder: folder.path, adapter: AdapterFolder(target.path))
                })
            #expect(error.description.contains(Self.table), "\(error)")
            #expect(error.description.contains("merge the adapter with PEFT"), "\(error)")
        }
    }

    @Test func `a table with an adapter cannot be the head too`() throws {
        let folder = try TiedFolder(.absent)
        let plan = AdapterPlan(rank: 2, targets: .names(["embed_tokens"]))
        let error = try #require(
            #expect(throws: ParameterError.self) {
                _ = try folder.model(use: .training, adapters: plan)
            })
        #expect(error.description.contains("table of embeddings"))
    }
}
