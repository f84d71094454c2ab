import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// The names of towers, whose roots are facts of their families.
@Suite struct DialectTests {
    /// A tower with another root in official names than in transformers', which has none.
    private static let rootless = PartFamily(
        id: "other", title: "Other", modelType: "other", officialRoot: "other",
        modules: ["embeddings", "encoder", "layernorm"], dropped: ["embeddings.position_ids"])

    @Test func `a tower without a root in transformers has its names in every dialect`() throws {
        let maps = try CheckpointLayout.llava.dialects(towers: [Self.rootless])
        #expect(maps.count == 3)
        let stored = ["vision_tower", "vision_tower", "model.vision_tower"]
        for (map, root) in zip(maps, stored) {
            let canonical = "model.vision_tower.other.encoder.layer.3.norm1.weight"
            let external = "\(root).encoder.layer.3.norm1.weight"
            #expect(map.canonical(external) == .name(canonical))
            #expect(map.external(canonical) == external)
            #expect(map.canonical("\(root).embeddings.position_ids") == .dropped)
        }
        let official = try CheckpointLayout.mipha.dialects(towers: [Self.rootless])
        #expect(official.count == 1)
        #expect(
            official[0].canonical("model.vision_tower.other.embeddings.position_ids") == .dropped)
    }

    @Test func `families with other roots have dialects of their own`() throws {
        let known = [SigLIPConfig.family, CLIPConfig.family]
        let towers = known + [Self.rootless]
        let maps = try CheckpointLayout.llava.dialects(towers: towers)
        #expect(maps.map(\.dialect).count == 6)
        let alone = try CheckpointLayout.llava.dialects(towers: known)
        let name = "vision_tower.embeddings.x"
        for (map, old) in zip(maps, alone) {
            #expect(map.canonical(name) == old.canonical(name))
        }
        #expect(maps[1].canonical(name) == .name("model.vision_tower.vision_model.embeddings.x"))
        #expect(maps[4].canonical(name) == .name("model.vision_tower.other.embeddings.x"))
    }

    @Test func `old and new names of renamed modules are read, and the old ones written`() throws {
        var tower = DINOv2Config()
        (tower.hiddenSize, tower.layerCount, tower.headCount) = (24, 3, 2)
        let config = MiphaConfig(
            vision: tower,
            language: PhiConfig(
                vocabularySize: 97, hiddenSize: 16, intermediateSize: 24, layerCount: 2,
                headCount: 2, partialRotaryFactor: 0.5))
        let names = [
            ("attention.attention.query.weight", "attention.q_proj.weight"),
            ("attention.attention.key.bias", "attention.k_proj.bias"),
            ("attention.attention.value.bias", "attention.v_proj.bias"),
            ("attention.output.dense.weight", "attention.o_proj.weight"),
            ("layer_scale1.lambda1", "layer_scale1.lambda1"),
            ("mlp.fc1.weight", "mlp.fc1.weight"), ("norm2.bias", "norm2.bias"),
        ]
        let roots: [(CheckpointLayout, String)] = [
            (.llava, "vision_tower"), (.llava, "model.vision_tower"),
            (.mipha, "model.vision_tower.dinov2"),
        ]
        for (layout, root) in roots {
            let written = try config.dialects(layout)
            let read = try layout.readDialects()
            for (old, new) in names {
                let canonical = "model.vision_tower.dinov2.encoder.layer.3.\(old)"
                let stored = ["\(root).encoder.layer.3.\(old)", "\(root).encoder.layer.3.\(new)"]
                #expect(written.contains { $0.external(canonical) == stored[0] })
                #expect(old == new || !written.contains { $0.external(canonical) == stored[1] })
                for name in stored {
                    #expect(
                        read.contains { $0.canonical(name) == .name(canonical) }, "\(name)")
                }
            }
        }
    }

    @Test(arguments: CheckpointLayout.allCases)
    func `a folder in new names of modules is read like one in old names`(
        _ layout: CheckpointLayout
    ) throws {
        var tower = DINOv2Config()
        (tower.hiddenSize, tower.layerCount, tower.headCount) = (24, 3, 2)
        (tower.tableImageSize, tower.imageSize) = (28, 28)
        let config = MiphaConfig(
            vision: tower,
            language: PhiConfig(
                vocabularySize: 97, hiddenSize: 16, intermediateSize: 24, layerCount: 2,
                headCount: 2, partialRotaryFactor: 0.5))
        let model = try MiphaModel(
            config, source: InitializerSource(generator: RandomGenerator(seed: 3)))
        let temporary = try TemporaryFolder()
        try model.save(
            to: temporary.path,
            options: MiphaModel.SaveOptions(layout: layout, dropsHeadBias: true))
        let path = temporary.file("model.safetensors")
        let old = try SafetensorsFile(path: path)
        let values = try old.entries.map { try old.floats($0.name) }
        let names = old.entries.map { entry in
            entry.name
                .replacing("attention.attention.query", with: "attention.q_proj")
                .replacing("attention.attention.key", with: "attention.k_proj")
                .replacing("attention.attention.value", with: "attention.v_proj")
                .replacing("attention.output.dense", with: "attention.o_proj")
        }
        #expect(zip(names, old.entries).count { $0 != $1.name } == 3 * 8)
        var writer = try SafetensorsWriter(
            path: path,
            entries: zip(names, old.entries).map {
                TensorDeclaration(name: $0, scalarType: .float32, shape: $1.shape)
            })
        for value in values { try writer.write(value) }
        try writer.finish()
        let again = try MiphaModel(folder: temporary.path)
        for (name, tensor) in again.store.parameters {
            let other = try #require(model.store[name])
            #expect(
                try haveSameBits(tensor.values(as: Float.self), other.values(as: Float.self)),
                "\(name)")
        }
    }
}
