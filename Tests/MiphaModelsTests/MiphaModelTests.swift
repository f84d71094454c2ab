import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// The whole model and its parts.
@Suite struct MiphaModelTests {
    private func scratch(_ kind: ProjectorKind, towerWidth: Int = 12) throws -> MiphaModel {
        let config = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: towerWidth, intermediateSize: 20, layerCount: 2, headCount: 2,
                imageSize: 9, patchSize: 4),
            projector: kind, language: smallConfig(layers: 2))
        let generator = try RandomGenerator(seed: 1)
        return try MiphaModel(config, source: InitializerSource(generator: generator))
    }

    @Test func `each kind of projector has its names`() throws {
        func names(_ model: MiphaModel) -> [String] {
            model.store.names.filter { $0.contains("mm_projector") }
        }
        let prefix = "model.mm_projector"
        #expect(try names(scratch(.linear)) == ["\(prefix).weight", "\(prefix).bias"])
        #expect(try names(scratch(.identity, towerWidth: 24)) == [])
        #expect(
            try names(scratch(.mlp(depth: 3))) == [
                "\(prefix).0.weight", "\(prefix).0.bias", "\(prefix).2.weight",
                "\(prefix).2.bias", "\(prefix).4.weight", "\(prefix).4.bias",
            ])
        #expect(try names(scratch(.mlp(depth: 1))) == ["\(prefix).0.weight", "\(prefix).0.bias"])
    }

    @Test(arguments: [ProjectorKind.linear, .identity, .mlp(depth: 1), .mlp(depth: 2)])
    func `a model from scratch runs and can be trained`(_ kind: ProjectorKind) throws {
        let model = try scratch(kind, towerWidth: kind == .identity ? 24 : 12)
        var batch = try sampleBatch(model)
        batch.labels = [[-100, -100, -100, 7, 11, 3]]
        let logits = try withoutGradients { try model.logits(batch) }
        #expect(logits.shape == [1, 5 + 4, 50])
        let chain = try model.lossChain(batch, dropout: nil)
        #expect(chain.supervisedCount == 3)
        #expect(chain.positionCount == 9)
        let loss = try withoutGradients { try chain.segments.run(chain.input) }.item() / 3
        // All logits are near zero at the start: log 50 = 3.91.
        #expect(abs(loss - 3.91) < 0.4)
    }

    @Test func `a segment knows its parameters and no others`() throws {
        let model = try scratch(.mlp(depth: 2))
        var batch = try sampleBatch(model)
        batch.labels = batch.ids
        let chain = try model.lossChain(batch, dropout: nil)
        let unused = ["post_layernorm", ".head.", "encoder.layers.1."]
        for fact in model.store.facts {
            let name = fact.name
            let readers = chain.segments.filter { $0.reads(fact) }.map(\.name)
            let expected = name.contains("vision") && unused.contains { name.contains($0) } ? 0 : 1
            #expect(readers.count == expected, "\(name) is read by \(readers)")
            #expect(fact.isRun == (expected == 1), "\(name)")
        }
        let text = MiphaBatch(ids: [[1, 2, 3]], labels: [[1, 2, 3]])
        let withoutPictures = try model.lossChain(text, dropout: nil)
        let projector = model.store.facts.filter { $0.part == .projector }
        #expect(projector.count == 4)
        #expect(!withoutPictures.segments.contains { projector.contains(where: $0.reads) })
    }

    @Test func `images change the row they stand in and no other`() throws {
        let model = try MiphaModel(folder: SmallModel.tiny)
        let pixels = try randomTensor([2, 3, 30, 30], seed: 1)
        let ids = [[1, MarkerID.image, 2], [3, 4, MarkerID.image]]
        let before = try withoutGradients { try model.logits(MiphaBatch(ids: ids, pixels: pixels)) }
        let other = try pixels.cloned()
        try other.narrowed(0, from: 1, length: 1).setZero()
        let after = try withoutGradients { try model.logits(MiphaBatch(ids: ids, pixels: other)) }
        let change = try after - before
        #expect(try change.narrowed(0, from: 0, length: 1).absoluteMaximum() == 0)
        let second = try change.narrowed(0, from: 1, length: 1)
        #expect(try second.narrowed(1, from: 0, length: 2).absoluteMaximum() < 1e-4)
        #expect(try second.narrowed(1, from: 2, length: 16).absoluteMaximum() > 1e-2)
    }

    @Test func `images of another size are refused`() throws {
        let model = try MiphaModel(folder: SmallModel.tiny)
        let pixels = try randomTensor([1, 3, 22, 30], seed: 1)
        #expect(throws: (any Error).self) {
            _ = try model.logits(MiphaBatch(ids: [[1, MarkerID.image]], pixels: pixels))
        }
    }

    @Test func `an id beyond the vocabulary is an error`() throws {
        let model = try MiphaModel(folder: SmallModel.tiny)
        #expect(throws: TensorError.self) { _ = try model.logits(MiphaBatch(ids: [[1, 160]])) }
        #expect(throws: SpliceError.self) {
            _ = try model.logits(MiphaBatch(ids: [[1, MarkerID.image]]))
        }
    }
}
