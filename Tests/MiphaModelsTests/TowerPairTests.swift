import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Two vision towers side by side.
@Suite struct TowerPairTests {
    private static let siglip = SigLIPConfig(
        hiddenSize: 16, intermediateSize: 24, layerCount: 3, headCount: 2, imageSize: 14,
        patchSize: 7)
    private static let clip = CLIPConfig(
        hiddenSize: 12, intermediateSize: 20, layerCount: 5, headCount: 2, imageSize: 9,
        patchSize: 4)

    private static func config(
        _ first: any TowerFamily = siglip, _ second: any TowerFamily = clip
    ) throws -> MiphaConfig {
        MiphaConfig(
            vision: try TowerPair(first, second),
            language: PhiConfig(
                vocabularySize: 97, hiddenSize: 16, intermediateSize: 24, layerCount: 2,
                headCount: 2, partialRotaryFactor: 0.5))
    }

    private static func model() throws -> MiphaModel {
        let generator = try RandomGenerator(seed: 11)
        let model = try MiphaModel(
            config(), source: InitializerSource(generator: generator, dtype: .float32))
        // Attention of fresh weights is almost the same everywhere.
        for (name, tensor) in model.store.parameters where !name.contains("norm") {
            try tensor.assign(.normal(tensor.shape, deviation: 0.3, generator: generator))
        }
        return model
    }

    /// Pixels of the towers, and of both as a batch has them.
    private static func pixels(_ count: Int) throws -> (parts: [Tensor], both: Tensor) {
        let parts = [
            try randomTensor([count, 3, 14, 14], seed: 1),
            try randomTensor([count, 3, 9, 9], seed: 2),
        ]
        return (
            parts, try .concatenating(parts.map { try $0.reshaped([count, -1]) }, along: 1)
        )
    }

    @Test(arguments: [1, 3])
    func `features are those of each tower alone, patch by patch, to the last bit`(
        _ count: Int
    ) throws {
        let model = try Self.model()
        #expect(model.tower.inputs.map(\.sizes) == [[3, 14, 14], [3, 9, 9]])
        #expect(model.tower.inputs.sizes == [3 * 14 * 14 + 3 * 9 * 9])
        let pixels = try Self.pixels(count)
        let together = try withoutGradients { try model.tower(pixels.both) }
        #expect(together.shape == [count, 4, 28])
        var start = 0
        for (number, tower) in model.config.vision.towers.enumerated() {
            let root = number == 0 ? "vision_tower" : "vision_tower_2"
            let store = ParameterStore(source: StoreSource(store: model.store))
            let alone = try tower.tower(store.scope(.tower)["model"][root]["vision_model"])
            let expected = try withoutGradients { try alone(pixels.parts[number]) }
            let found = try together.narrowed(2, from: start, length: tower.grid.width)
            #expect(
                try haveSameBits(
                    found.contiguous().values(as: Float.self), expected.values(as: Float.self)))
            start += tower.grid.width
        }
    }

    @Test func `last blocks run together, and the shallower tower waits before its first`() throws {
        let model = try Self.model()
        #expect(model.config.vision.usedLayerCount == 4 && model.config.vision.layerCount == 5)
        func blocks(_ depth: ParameterDepth) -> Set<String> {
            let facts = model.store.facts.filter { $0.place == ParameterPlace(.tower, depth) }
            return Set(
                facts.map { fact in
                    let names = fact.name.split(separator: ".")
                    return names[1] + " "
                        + (names.firstIndex(of: "layers").map { names[$0 + 1] } ?? "")
                }.map(String.init))
        }
        #expect(blocks(.block(0)) == ["vision_tower_2 0"])
        #expect(blocks(.block(2)) == ["vision_tower 0", "vision_tower_2 2"])
        #expect(blocks(.block(3)) == ["vision_tower 1", "vision_tower_2 3"])
        #expect(blocks(.block(4)) == ["vision_tower 2", "vision_tower_2 4"])
        #expect(model.store.facts.allSatisfy { $0.part != .tower || $0.block != 4 || !$0.isRun })
        #expect(model.tower.segments(dropout: nil).count == 5)
    }

    @Test func `other grids are refused with both`() throws {
        let finer = CLIPConfig(
            hiddenSize: 12, intermediateSize: 20, layerCount: 3, headCount: 2, imageSize: 9,
            patchSize: 3)
        var keeping = Self.clip
        keeping.keepsClassToken = true
        for (second, found) in [
            (finer, "3 x 3 patches of CLIP"), (keeping, "2 x 2 patches and 1 class token of CLIP"),
        ] {
            let error = #expect(throws: CheckpointError.self) { try TowerPair(Self.siglip, second) }
            let message = error?.message ?? ""
            #expect(message.contains("expected 2 x 2 patches") && message.contains("SigLIP"))
            #expect(message.hasSuffix("found \(found)"), "\(message)")
        }
        #expect(try TowerPair(keeping, keeping).grid.count == 5)
        var top = try #require(Self.config().json(.mipha, dtype: "float32").objectValue)
        var parts = try #require(top["vision_config"]?.objectValue)
        var tower = try #require(parts["vision_tower_2"]?.objectValue)
        tower["patch_size"] = 3
        parts["vision_tower_2"] = .object(tower)
        top["vision_config"] = .object(parts)
        let error = #expect(throws: CheckpointError.self) {
            try MiphaConfig(ConfigReader(file: "config.json", value: .object(top)))
        }
        #expect(
            error?.message
                == "config.json: vision_config.vision_tower_2: expected 2 x 2 patches as the first "
                + "tower has, SigLIP, found 3 x 3 patches of CLIP")
    }

    @Test func `the official layout holds both, and that of transformers is refused`() throws {
        let model = try Self.model()
        let folder = try TemporaryFolder()
        try model.save(to: folder.path)
        let again = try MiphaModel(folder: folder.path)
        #expect(again.config.vision.isEqual(model.config.vision))
        #expect(again.config.vision.towers.map { type(of: $0).family.id } == ["siglip", "clip"])
        #expect(again.config.tokensPerImage == 4 && again.config.projector.inputSize == 28)
        let batch = MiphaBatch(
            ids: [[5, MarkerID.image, 7]], pixels: try Self.pixels(1).both)
        let (one, two) = try withoutGradients {
            (
                try model.logits(batch).values(as: Float.self),
                try again.logits(batch).values(as: Float.self)
            )
        }
        #expect(haveSameBits(one, two))
        let error = #expect(throws: ParameterError.self) {
            try model.save(
                to: folder.path, options: MiphaModel.SaveOptions(layout: .llava))
        }
        #expect(
            error?.description.contains("hf-llava has a place for one vision tower") == true)
        #expect(error?.description.contains("SigLIP and CLIP") == true)
    }

    @Test func `two towers of one family are told apart, and order counts`() throws {
        let pair = try TowerPair(Self.clip, Self.clip)
        let config = try Self.config(Self.clip, Self.clip)
        let names = try MiphaModel(config, source: DryRunSource()).store.names
        #expect(names.count == Set(names).count)
        #expect(!pair.isEqual(Self.clip) && !Self.clip.isEqual(pair))
        #expect(try TowerPair(Self.clip, Self.siglip) != TowerPair(Self.siglip, Self.clip))
        #expect(
            pair.summary.hasSuffix("side by side 4 tokens of 24")
                && pair.summary.contains(Self.clip.summary + " + " + Self.clip.summary))
        #expect(pair.report["family"] == "clip+clip")
        #expect(pair.report["towers"] == [.object(Self.clip.report), .object(Self.clip.report)])
    }

    /// The parameters of another store.
    private struct StoreSource: ParameterSource {
        let store: ParameterStore

        func parameter(
            _ fact: ParameterFact, shape: [Int], initializer: Initializer
        ) throws -> Tensor? { store[fact.name] }

        func leftover(besides used: Set<String>) -> [String] { [] }
    }
}
