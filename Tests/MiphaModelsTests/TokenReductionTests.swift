import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Projectors that put squares of patches together.
@Suite struct TokenReductionTests {
    private static func config(
        _ kind: ProjectorKind, side: Int = 28, patch: Int = 7, tower: (any TowerFamily)? = nil
    ) -> MiphaConfig {
        MiphaConfig(
            vision: tower
                ?? SigLIPConfig(
                    hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 2,
                    imageSize: side, patchSize: patch, hasPoolingHead: false),
            projector: kind,
            language: PhiConfig(
                vocabularySize: 97, hiddenSize: 24, intermediateSize: 32, layerCount: 1,
                headCount: 2, partialRotaryFactor: 0.5))
    }

    private static let kinds: [(ProjectorKind, name: String, width: Int)] = [
        (.reduced(.pixelShuffle(side: 2), depth: 2), "pixel_shuffle2_mlp2x_gelu", 64),
        (.reduced(.averagePool(side: 2), depth: 1), "avg_pool2_mlp1x_gelu", 16),
        (.reduced(.averagePool(side: 4), depth: 3), "avg_pool4_mlp3x_gelu", 16),
    ]

    @Test(arguments: kinds.indices)
    func `an image has fewer tokens everywhere, and the name says how many`(_ index: Int) throws {
        let (kind, name, width) = Self.kinds[index]
        let config = Self.config(kind)
        let tokens = index == 2 ? 1 : 4
        #expect(config.tokensPerImage == tokens && config.vision.grid.count == 16)
        #expect(kind.name == name)
        let written = try config.json(.mipha, dtype: "float32").text()
        let again = try MiphaConfig(
            ConfigReader(file: "f", value: JSONValue(parsing: written)))
        #expect(again.projector == config.projector && again.projector.inputSize == 16)
        let model = try MiphaModel(
            config, source: InitializerSource(generator: RandomGenerator(seed: 2)))
        #expect(model.store["model.mm_projector.0.weight"]?.shape == [24, width])
        let batch = try sampleBatch(model)
        #expect(try model.plan(for: batch).lengths == [5 + tokens])
        let logits = try withoutGradients { try model.logits(batch) }
        #expect(logits.shape == [1, 5 + tokens, 97])
    }

    @Test func `what is put together is what stands in a square`() throws {
        let (rows, columns, width) = (4, 6, 3)
        let values = (0..<2 * rows * columns * width).map { Float($0 * 7 % 53) }
        let features = try Tensor(values, shape: [2, rows * columns, width], device: .underTest)
        func value(_ image: Int, _ row: Int, _ column: Int, _ channel: Int) -> Float {
            values[((image * rows + row) * columns + column) * width + channel]
        }
        var (shuffled, pooled) = ([Float](), [Float]())
        for image in 0..<2 {
            for row in stride(from: 0, to: rows, by: 2) {
                for column in stride(from: 0, to: columns, by: 2) {
                    let square = [(0, 0), (0, 1), (1, 0), (1, 1)].map { (row + $0, column + $1) }
                    for (row, column) in square {
                        shuffled += (0..<width).map { value(image, row, column, $0) }
                    }
                    pooled += (0..<width).map { channel in
                        square.reduce(0) { $0 + value(image, $1.0, $1.1, channel) } / 4
                    }
                }
            }
        }
        let shuffle = TokenReduction.pixelShuffle(side: 2)
        let pool = TokenReduction.averagePool(side: 2)
        let found = try shuffle(features, rows: rows, columns: columns)
        #expect(found.shape == [2, 6, 12])
        #expect(try found.values(as: Float.self) == shuffled)
        let mean = try pool(features, rows: rows, columns: columns)
        #expect(mean.shape == [2, 6, 3])
        #expect(try mean.values(as: Float.self) == pooled)
    }

    @Test(arguments: [
        "pixel_shuffle1_mlp2x_gelu", "pixel_shuffle_mlp2x_gelu", "avg_pool02_mlp2x_gelu",
        "avg_pool17_mlp2x_gelu", "avg_pool2", "max_pool2_mlp2x_gelu", "avg_pool2_mlp0x_gelu",
        "avg_pool2_linear", "avg_pool+2_mlp2x_gelu", "_mlp2x_gelu",
    ])
    func `another name is refused with the known ones`(_ name: String) throws {
        let error = try #require(Self.refusal { $0["mm_projector_type"] = .string(name) })
        #expect(error.message.contains("mm_projector_type: expected identity, linear"))
        #expect(error.message.contains("avg_pool{R}_mlp{N}x_gelu"))
    }

    @Test func `a grid that the square does not divide is refused with both`() throws {
        let error = try #require(
            Self.refusal { $0["mm_projector_type"] = "avg_pool3_mlp2x_gelu" })
        #expect(error.message.contains("mm_projector.mm_projector_type: expected a projector for"))
        #expect(error.message.contains("that 3 divides, and the tower has 4 x 4"), "\(error)")
        let config = Self.config(Self.kinds[0].0)
        #expect(try config.resized(to: 42).tokensPerImage == 9)
        let resized = #expect(throws: CheckpointError.self) { try config.resized(to: 35) }
        #expect(resized?.message.contains("image_size: expected a size whose patches") == true)
    }

    @Test func `features with other tokens than patches are refused`() throws {
        let tower = CLIPConfig(
            hiddenSize: 12, intermediateSize: 20, layerCount: 3, headCount: 2, imageSize: 8,
            patchSize: 4, keepsClassToken: true)
        let config = Self.config(Self.kinds[0].0, tower: tower)
        let error = #expect(throws: ParameterError.self) {
            try MiphaModel(config, source: DryRunSource())
        }
        #expect(error?.description.contains("begin with 1 that are no patches") == true)
    }

    @Test func `only the official layout has a place for them`() throws {
        let model = try MiphaModel(
            Self.config(Self.kinds[0].0),
            source: InitializerSource(generator: RandomGenerator(seed: 2)))
        let folder = try TemporaryFolder()
        let error = #expect(throws: ParameterError.self) {
            try model.save(
                to: folder.path,
                options: MiphaModel.SaveOptions(layout: .llava, dropsHeadBias: true))
        }
        #expect(
            error?.description.contains(
                "hf-llava has no place for the projector pixel_shuffle2_mlp2x_gelu") == true)
    }

    /// What a config with another `mm_projector` is refused with.
    private static func refusal(
        _ change: (inout JSONObject) -> Void
    ) throws -> CheckpointError? {
        let text = config(.mlp(depth: 2)).json(.mipha, dtype: "float32")
        var top = try #require(text.objectValue)
        var parts = try #require(top["vision_config"]?.objectValue)
        var projector = try #require(parts["mm_projector"]?.objectValue)
        change(&projector)
        parts["mm_projector"] = .object(projector)
        top["vision_config"] = .object(parts)
        return #expect(throws: CheckpointError.self) {
            try MiphaConfig(ConfigReader(file: "f", value: .object(top)))
        }
    }
}
