import MiphaCheckpoints
import MiphaModels
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
}
