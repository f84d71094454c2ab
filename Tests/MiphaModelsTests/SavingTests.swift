import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Model folders written and read again.
@Suite struct SavingTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Tensors that differ between two model folders in presence, type, shape or bytes.
    private func differences(_ first: String, _ second: String) throws -> [String] {
        let (a, b) = (try Checkpoint(folder: first), try Checkpoint(folder: second))
        return Set(a.names).union(b.names).sorted().filter { name in
            guard let (fileA, entryA) = a.find(name), let (fileB, entryB) = b.find(name) else {
                return true
            }
            return entryA.declaration != entryB.declaration
                || fileA.bytes(of: entryA) != fileB.bytes(of: entryB)
        }
    }

    @Test(arguments: [SmallModel.tiny, SmallModel.square])
    func `an official folder is saved with the same bytes for every name`(
        _ source: String
    ) throws {
        let model = try MiphaModel(folder: source)
        try model.save(to: folder.path)
        #expect(try differences(source, folder.path) == [])
        let again = try MiphaModel(folder: folder.path)
        #expect(again.config.language.isEqual(model.config.language))
        #expect(try haveSameBits(sampleLogits(again), sampleLogits(model)))
    }

    @Test func `a small limit gives shards with an index that hold the same`() throws {
        let model = try MiphaModel(folder: SmallModel.tiny)
        try model.save(
            to: folder.path, options: MiphaModel.SaveOptions(maximumShardBytes: 60_000))
        #expect(try Checkpoint(folder: folder.path).files.count > 3)
        #expect(try differences(SmallModel.tiny, folder.path) == [])
        #expect(
            try haveSameBits(sampleLogits(MiphaModel(folder: folder.path)), sampleLogits(model)))
    }

    @Test func `a bfloat16 model is saved as such`() throws {
        let model = try MiphaModel(folder: SmallModel.square, dtype: .bfloat16)
        try model.save(to: folder.path)
        let again = try MiphaModel(folder: folder.path)
        #expect(again.dtype == .bfloat16)
        #expect(try haveSameBits(sampleLogits(again), sampleLogits(model)))
        let config = try JSONValue(contentsOf: folder.file("config.json"))
        #expect(config["torch_dtype"] == "bfloat16")
    }

    @Test func `a LLaVA folder is saved with the same bytes in the names of transformers 4`() throws
    {
        let model = try MiphaModel(folder: SmallModel.llava)
        try model.save(to: folder.path, options: MiphaModel.SaveOptions(layout: .llava))
        #expect(try differences(SmallModel.classicLLaVA, folder.path) == [])
        #expect(
            try haveSameBits(sampleLogits(MiphaModel(folder: folder.path)), sampleLogits(model)))
    }

    @Test func `a LLaVA model becomes an official one with a zero bias of the head`() throws {
        let model = try MiphaModel(folder: SmallModel.llava)
        try model.save(to: folder.path, options: MiphaModel.SaveOptions(layout: .mipha))
        let again = try MiphaModel(folder: folder.path)
        #expect(again.config.layout == .mipha)
        #expect(try again.store["lm_head.bias"]?.absoluteMaximum() == 0)
        #expect(try haveSameBits(sampleLogits(again), sampleLogits(model)))
    }

    @Test func `a zero bias of the head may be left out`() throws {
        let model = try MiphaModel(folder: SmallModel.tiny, use: .training)
        try model.store["lm_head.bias"]?.setZero()
        try model.save(to: folder.path, options: MiphaModel.SaveOptions(layout: .llava))
        let again = try MiphaModel(folder: folder.path)
        #expect(again.config.layout == .llava)
        #expect(again.store["lm_head.bias"] == nil)
        #expect(try haveSameBits(sampleLogits(again), sampleLogits(model)))
    }

    @Test func `a bias of the head that counts is refused unless dropping it is asked for`() throws
    {
        let model = try MiphaModel(folder: SmallModel.tiny)
        let error = try #require(
            #expect(throws: ParameterError.self) {
                try model.save(to: folder.path, options: MiphaModel.SaveOptions(layout: .llava))
            })
        #expect(error.description.contains("LlavaForConditionalGeneration"))
        #expect(error.description.contains("bias"))
        let dropping = MiphaModel.SaveOptions(layout: .llava, dropsHeadBias: true)
        try model.save(to: folder.path, options: dropping)
        let without = try MiphaModel(folder: SmallModel.tiny, use: .training)
        try without.store["lm_head.bias"]?.setZero()
        #expect(
            try haveSameBits(
                sampleLogits(MiphaModel(folder: folder.path)), sampleLogits(without)))
    }

    @Test func `a projector that LLaVA cannot express is refused by name`() throws {
        let model = try MiphaModel(folder: SmallModel.square)
        let error = try #require(
            #expect(throws: ParameterError.self) {
                try model.save(
                    to: folder.path,
                    options: MiphaModel.SaveOptions(layout: .llava, dropsHeadBias: true))
            })
        #expect(error.description.contains("projector"))
    }

    @Test func `a model with fused projections survives saving`() throws {
        var config = try MiphaConfig(folder: SmallModel.tiny)
        config.phi.fusesProjections = true
        let generator = try RandomGenerator(seed: 2)
        let model = try MiphaModel(config, source: InitializerSource(generator: generator))
        try model.save(to: folder.path)
        let again = try MiphaModel(folder: folder.path)
        #expect(again.config.phi.fusesProjections)
        #expect(try haveSameBits(sampleLogits(again), sampleLogits(model)))
    }
}
