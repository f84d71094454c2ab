import MiphaCheckpoints
import MiphaModels
import Testing

/// The names of towers, whose roots are facts of their families.
@Suite struct DialectTests {
    /// A tower like DINOv2's: another root in official names than in transformers', which has none.
    private static let rootless = PartFamily(
        id: "dinov2", title: "DINOv2", modelType: "dinov2", officialRoot: "dinov2",
        modules: ["embeddings", "encoder", "layernorm"], dropped: ["embeddings.position_ids"])

    @Test func `a tower without a root in transformers has its names in every dialect`() throws {
        let maps = try CheckpointLayout.llava.dialects(towers: [Self.rootless])
        #expect(maps.count == 3)
        let stored = ["vision_tower", "vision_tower", "model.vision_tower"]
        for (map, root) in zip(maps, stored) {
            let canonical = "model.vision_tower.dinov2.encoder.layer.3.norm1.weight"
            let external = "\(root).encoder.layer.3.norm1.weight"
            #expect(map.canonical(external) == .name(canonical))
            #expect(map.external(canonical) == external)
            #expect(map.canonical("\(root).embeddings.position_ids") == .dropped)
        }
        let official = try CheckpointLayout.mipha.dialects(towers: [Self.rootless])
        #expect(official.count == 1)
        #expect(
            official[0].canonical("model.vision_tower.dinov2.embeddings.position_ids") == .dropped)
    }

    @Test func `families with other roots have dialects of their own`() throws {
        let known = TowerCatalogue.all.map { $0.family }
        let towers = known + [Self.rootless]
        let maps = try CheckpointLayout.llava.dialects(towers: towers)
        #expect(maps.map(\.dialect).count == 6)
        let alone = try CheckpointLayout.llava.dialects(towers: known)
        let name = "vision_tower.embeddings.x"
        for (map, old) in zip(maps, alone) {
            #expect(map.canonical(name) == old.canonical(name))
        }
        #expect(maps[1].canonical(name) == .name("model.vision_tower.vision_model.embeddings.x"))
        #expect(maps[4].canonical(name) == .name("model.vision_tower.dinov2.embeddings.x"))
    }
}
