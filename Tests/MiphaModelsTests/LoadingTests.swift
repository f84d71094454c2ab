import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Checkpoints that do not fit their config.
@Suite struct LoadingTests {
    /// Copies a model folder, passing each tensor through `change`, which may drop it.
    private func copy(
        of folder: String, to target: String,
        _ change: (TensorDeclaration) -> TensorDeclaration?
    ) throws {
        let checkpoint = try Checkpoint(folder: folder)
        var entries: [(TensorDeclaration, [UInt8])] = []
        for file in checkpoint.files {
            for entry in file.entries {
                guard let changed = change(entry.declaration) else { continue }
                let count = changed.shape.reduce(1, *) * changed.scalarType.byteCount
                let bytes = file.bytes(of: entry)
                entries.append((changed, Array((bytes + bytes).prefix(count))))
            }
        }
        var writer = try ShardedWriter(
            folder: target, entries: entries.map(\.0),
            maximumShardBytes: 5_000_000_000, metadata: ["format": "pt"])
        for (_, bytes) in entries { try writer.write(bytes) }
        try writer.finish()
        let config = try JSONValue(contentsOf: "\(folder)/config.json")
        try config.write(to: "\(target)/config.json")
    }

    @Test func `missing and unexpected names and wrong shapes are all reported at once`() throws {
        let folder = try TemporaryFolder()
        try copy(of: SmallModel.square, to: folder.path) { entry in
            switch entry.name {
            case "lm_head.bias", "model.layers.1.mlp.fc2.weight": nil
            case "model.layers.0.mlp.fc1.bias":
                TensorDeclaration(
                    name: "model.layers.0.mlp.fc9.bias", scalarType: entry.scalarType,
                    shape: entry.shape)
            case "model.mm_projector.0.bias", "model.embed_tokens.weight":
                TensorDeclaration(
                    name: entry.name, scalarType: entry.scalarType,
                    shape: [entry.shape[0] - 1] + entry.shape.dropFirst())
            default: entry
            }
        }
        let error = try #require(
            #expect(throws: ParameterError.self) { _ = try MiphaModel(folder: folder.path) })
        let text = error.description
        #expect(text.contains(folder.path))
        for name in [
            "lm_head.bias", "model.layers.1.mlp.fc2.weight", "model.layers.0.mlp.fc1.bias",
            "model.layers.0.mlp.fc9.bias", "model.mm_projector.0.bias",
            "model.embed_tokens.weight", "[32]", "[31]",
        ] { #expect(text.contains(name), "\(name) is not in: \(text)") }
    }

    @Test func `entries that old checkpoints carry are dropped on purpose`() throws {
        let folder = try TemporaryFolder()
        let extra = "model.layers.0.self_attn.rotary_emb.inv_freq"
        let position = "model.vision_tower.vision_model.embeddings.position_ids"
        let checkpoint = try Checkpoint(folder: SmallModel.square)
        let entries =
            checkpoint.entries.map(\.declaration) + [
                TensorDeclaration(name: extra, scalarType: .float32, shape: [4]),
                TensorDeclaration(name: position, scalarType: .int64, shape: [1, 9]),
            ]
        var writer = try SafetensorsWriter(
            path: folder.file("model.safetensors"), entries: entries)
        for file in checkpoint.files {
            for entry in file.entries { try writer.write(file.bytes(of: entry)) }
        }
        try writer.write(Array(repeating: 0 as UInt8, count: 16))
        try writer.write(Array(repeating: 0 as UInt8, count: 72))
        try writer.finish()
        try JSONValue(contentsOf: "\(SmallModel.square)/config.json")
            .write(to: folder.file("config.json"))
        let model = try MiphaModel(folder: folder.path)
        #expect(
            try haveSameBits(
                sampleLogits(model), sampleLogits(MiphaModel(folder: SmallModel.square))))
    }

    @Test func `a folder without weights says what it looked for`() throws {
        let folder = try TemporaryFolder()
        try JSONValue(contentsOf: "\(SmallModel.square)/config.json")
            .write(to: folder.file("config.json"))
        let error = try #require(
            #expect(throws: CheckpointError.self) { _ = try MiphaModel(folder: folder.path) })
        #expect(error.message.contains("model.safetensors"))
    }

    @Test func `the layouts of transformers 4, 5 and its modules hold the same model`() throws {
        let expected = try sampleLogits(MiphaModel(folder: SmallModel.llava))
        let classic = try sampleLogits(MiphaModel(folder: SmallModel.classicLLaVA))
        #expect(haveSameBits(classic, expected))
        let folder = try TemporaryFolder()
        let renamed = [
            ("language_model.model.", "model.language_model."),
            ("language_model.lm_head.", "lm_head."), ("vision_tower.", "model.vision_tower."),
            ("multi_modal_projector.", "model.multi_modal_projector."),
        ]
        try copy(of: SmallModel.llava, to: folder.path) { entry in
            let rule = renamed.first { entry.name.hasPrefix($0.0) }
            return TensorDeclaration(
                name: (rule?.1 ?? "") + entry.name.dropFirst(rule?.0.count ?? 0),
                scalarType: entry.scalarType, shape: entry.shape)
        }
        #expect(
            try haveSameBits(sampleLogits(MiphaModel(folder: folder.path)), expected))
    }
}
