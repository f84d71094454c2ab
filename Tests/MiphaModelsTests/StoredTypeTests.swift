import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Weights whose parts are stored in other element types.
@Suite struct StoredTypeTests {
    /// A copy of a small model with its tensors in the types that `rule` names.
    private func folder(
        stated: String?, _ rule: (String) -> DType
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var config = try ConfigReader(contentsOf: "\(SmallModel.square)/config.json").object
        config["torch_dtype"] = stated.map { .string($0) }
        try JSONValue.object(config).write(to: folder.file("config.json"))
        let file = try SafetensorsFile(path: "\(SmallModel.square)/model.safetensors")
        let tensors = try file.entries.map { entry in
            (
                name: entry.name,
                tensor: try Tensor.mapped(entry, of: file).to(dtype: rule(entry.name))
            )
        }
        try SafetensorsFile.write(tensors, to: folder.file("model.safetensors"))
        return folder
    }

    private static let parts: [(String, @Sendable (String) -> Bool)] = [
        ("tower", { $0.contains("vision") }), ("norms", { $0.contains("norm") }),
        ("projector", { $0.contains("mm_projector") }), ("head", { $0.contains("lm_head") }),
        ("embeddings", { $0.contains("embed_tokens") }),
    ]

    @Test func `parts in other types are computed in the one that the config names`() throws {
        for (name, isOther) in Self.parts {
            for other in [DType.float32, .float16, .float64] {
                let mixed = try folder(stated: "bfloat16") { isOther($0) ? other : .bfloat16 }
                let model = try MiphaModel(folder: mixed.path)
                let wanted = try MiphaModel(folder: mixed.path, dtype: .bfloat16)
                #expect(model.store.parameters.allSatisfy { $0.tensor.dtype == .bfloat16 })
                #expect(try sampleLogits(model) == sampleLogits(wanted), "\(name) \(other)")
                let notes = try MiphaModel.storedTypes(
                    folder: mixed.path, MiphaConfig(folder: mixed.path)
                ).notes
                #expect(notes.count == 1)
                for part in [mixed.file("model.safetensors"), "\(other)", "--dtype", "bfloat16"] {
                    #expect(notes[0].contains(part), "\(notes[0])")
                }
            }
        }
    }

    @Test func `without a word in the config the embeddings' type counts`() throws {
        let mixed = try folder(stated: nil) { $0.contains("vision") ? .float32 : .bfloat16 }
        #expect(try MiphaModel(folder: mixed.path).dtype == .bfloat16)
        #expect(
            try MiphaModel(folder: mixed.path).store.parameters.allSatisfy {
                $0.tensor.dtype == .bfloat16
            })
    }

    @Test func `one type is kept as it is stored, and reported where the config says another`()
        throws
    {
        let plain = try folder(stated: "float32") { _ in .float32 }
        let config = try MiphaConfig(folder: plain.path)
        #expect(try MiphaModel.storedTypes(folder: plain.path, config).notes.isEmpty)
        let half = try folder(stated: "float32") { _ in .bfloat16 }
        #expect(try MiphaModel(folder: half.path).dtype == .bfloat16)
        let notes = try MiphaModel.storedTypes(
            folder: half.path, MiphaConfig(folder: half.path)
        ).notes
        #expect(notes.count == 1 && notes[0].contains("float32"))
    }

    @Test func `double precision is computed in single`() throws {
        let double = try folder(stated: nil) { _ in .float64 }
        let model = try MiphaModel(folder: double.path)
        #expect(model.dtype == .float32)
        #expect(try sampleLogits(model) == sampleLogits(MiphaModel(folder: SmallModel.square)))
    }

    @Test(arguments: [DType.int8, .int64, .uint8, .float8E4M3, .float8E5M2, .bool])
    func `numbers that are not weights are refused with tensor and type`(_ type: DType) throws {
        let name = "model.layers.1.mlp.fc2.weight"
        let odd = try folder(stated: nil) { $0 == name ? type : .float32 }
        for dtype in [nil, DType.float32] {
            let error = try #require(throws: ParameterError.self) {
                _ = try MiphaModel(folder: odd.path, dtype: dtype)
            }
            for part in ["model.safetensors", name, type.scalarType.rawValue, "bfloat16"] {
                #expect("\(error)".contains(part), "\(error)")
            }
        }
    }
}
