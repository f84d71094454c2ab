import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// The first Mipha-1.7B's kind of Phi, whose projections are one map, in transformers' layout and
/// back.
@Suite struct FusedConversionTests {
    private let official, converted: TemporaryFolder
    private let model: MiphaModel

    /// A fused model with a head's bias of zeros, in its official folder.
    init() throws {
        (official, converted) = (try TemporaryFolder(), try TemporaryFolder())
        model = try Self.model(.float32)
        try model.save(to: official.path)
    }

    private static func model(_ dtype: DType) throws -> MiphaModel {
        var config = try MiphaConfig(folder: SmallModel.tiny)
        config.phi.fusesProjections = true
        let generator = try RandomGenerator(seed: 11)
        let model = try MiphaModel(
            config, source: InitializerSource(generator: generator, dtype: dtype))
        for fact in model.store.facts where fact.part == .language && fact.block != nil {
            let tensor = try #require(model.store[fact.name])
            let noise = try Tensor.normal(
                tensor.shape, deviation: 0.1, generator: generator, dtype: dtype, device: .underTest
            )
            try tensor.accumulate(noise)
        }
        return model
    }

    private func save(_ model: MiphaModel, as layout: CheckpointLayout, to folder: String) throws {
        try model.save(to: folder, options: MiphaModel.SaveOptions(layout: layout))
    }

    /// Names of tensors that differ between two folders in presence, type, shape or bytes.
    private func differences(_ first: String, _ second: String) throws -> [String] {
        let (a, b) = (try Checkpoint(folder: first), try Checkpoint(folder: second))
        return Set(a.names).union(b.names).sorted().filter { name in
            guard let (fileA, entryA) = a.find(name), let (fileB, entryB) = b.find(name) else {
                return true
            }
            return !fileA.holdsSame(entryA, as: entryB, of: fileB)
        }
    }

    @Test func `the way to transformers' layout and back keeps every byte`() throws {
        try save(model, as: .llava, to: converted.path)
        let split = try MiphaModel(folder: converted.path)
        #expect(split.config.layout == .llava)
        #expect(!split.config.phi.fusesProjections && split.config.phi.splitsFusedProjections)
        let found = try sampleLogits(split)
        let comparison = Comparison(
            "logits", found, try sampleLogits(model), Tolerance(relative: 2e-5))
        #expect(comparison.passes, "\(comparison)")

        let back = try TemporaryFolder()
        try save(split, as: .mipha, to: back.path)
        #expect(try differences(official.path, back.path) == [])
        let (before, after) = (
            try JSONValue(contentsOf: official.file("config.json")),
            try JSONValue(contentsOf: back.file("config.json"))
        )
        #expect(before["architectures"] == ["MiphaPhi15ForCausalLM"])
        #expect(after["architectures"] == before["architectures"])
        #expect(after["mipha_fuses_projections"] == nil)
        #expect(
            try haveSameBits(sampleLogits(MiphaModel(folder: back.path)), sampleLogits(model)))
    }

    @Test func `the folder has transformers' names and the rows of each head in order`() throws {
        try save(model, as: .llava, to: converted.path)
        let checkpoint = try Checkpoint(folder: converted.path)
        #expect(!checkpoint.names.contains { $0.contains("query_key_value") })
        let config = try JSONValue(contentsOf: converted.file("config.json"))
        #expect(config["text_config"]?["model_type"] == "phi")
        #expect(config["text_config"]?["mipha_fuses_projections"] == true)
        let phi = model.config.phi
        let (width, inner) = (phi.headWidth, phi.hiddenSize)
        for layer in 0..<phi.layerCount {
            let fused = try #require(
                model.store["model.layers.\(layer).self_attn.query_key_value.weight"]
            ).values(as: Float.self)
            for (place, part) in ["q_proj", "k_proj", "v_proj"].enumerated() {
                let name = "language_model.model.layers.\(layer).self_attn.\(part).weight"
                let (file, entry) = try #require(checkpoint.find(name))
                #expect(entry.shape == [inner, inner])
                let rows = try file.floats(name)
                for row in 0..<inner {
                    let from = ((row / width * 3 + place) * width + row % width) * inner
                    #expect(
                        rows[row * inner..<(row + 1) * inner].elementsEqual(
                            fused[from..<from + inner]), "\(name), row \(row)")
                }
            }
        }
    }

    @Test func `a model in bfloat16 keeps every byte too`() throws {
        let half = try Self.model(.bfloat16)
        try save(half, as: .mipha, to: official.path)
        try save(half, as: .llava, to: converted.path)
        let back = try TemporaryFolder()
        try save(MiphaModel(folder: converted.path), as: .mipha, to: back.path)
        #expect(try differences(official.path, back.path) == [])
    }

    @Test func `a model of transformers that never was fused stays split`() throws {
        try save(MiphaModel(folder: SmallModel.llava), as: .llava, to: converted.path)
        let again = try MiphaModel(folder: converted.path)
        let back = try TemporaryFolder()
        try save(again, as: .mipha, to: back.path)
        let config = try MiphaConfig(folder: back.path)
        #expect(!config.phi.fusesProjections && !config.phi.splitsFusedProjections)
        let text = try JSONValue(contentsOf: converted.file("config.json"))["text_config"]
        #expect(text?["mipha_fuses_projections"] == nil)
    }

    @Test func `an adapter of the fused map is folded in before the map is split`() throws {
        let plan = AdapterPlan(rank: 2, alpha: 4, dropout: 0, targets: .names(["query_key_value"]))
        let adapted = try MiphaModel(folder: official.path, use: .training, adapters: plan)
        let generator = try RandomGenerator(seed: 4)
        for name in adapted.store.adapterNames {
            let tensor = try #require(adapted.store[name])
            try tensor.assign(.normal(tensor.shape, deviation: 0.1, generator: generator))
        }
        try save(adapted, as: .llava, to: converted.path)
        let merged = Comparison(
            "merged", try sampleLogits(MiphaModel(folder: converted.path)),
            try sampleLogits(adapted), Tolerance(relative: 2e-5))
        #expect(merged.passes, "\(merged)")
        #expect(
            !Comparison(
                "learned", try sampleLogits(adapted), try sampleLogits(model),
                Tolerance(relative: 2e-5)
            ).passes)
    }

    @Test func `a head's bias that counts is refused, or dropped when that is asked for`() throws {
        let biased = try MiphaModel(folder: official.path, use: .training)
        let bias = try #require(biased.store["lm_head.bias"])
        try bias.assign(.full(bias.shape, 0.5))
        let error = try #require(
            #expect(throws: ParameterError.self) {
                try save(biased, as: .llava, to: converted.path)
            })
        #expect(error.description.contains("LlavaForConditionalGeneration"))
        #expect(try Checkpoint.isMissing(in: converted.path))
        try biased.save(
            to: converted.path,
            options: MiphaModel.SaveOptions(layout: .llava, dropsHeadBias: true))
        let without = Comparison(
            "without", try sampleLogits(MiphaModel(folder: converted.path)),
            try sampleLogits(model), Tolerance(relative: 2e-5))
        #expect(without.passes, "\(without)")
    }
}

extension Checkpoint {
    /// Whether a folder has no weights, complete or in the making.
    fileprivate static func isMissing(in folder: String) throws -> Bool {
        try FileSystem.list(folder).allSatisfy { !$0.contains("safetensors") }
    }
}
