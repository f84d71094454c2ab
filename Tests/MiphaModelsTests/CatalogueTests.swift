import MiphaCheckpoints
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// The published models' parameter names and shapes, without any weights.
@Suite struct CatalogueTests {
    /// Names with shapes, as the published checkpoints list them.
    private struct Expected {
        var shapes: [String: [Int]] = [:]

        mutating func affine(_ name: String, _ output: Int, _ input: Int) {
            shapes["\(name).weight"] = [output, input]
            shapes["\(name).bias"] = [output]
        }

        mutating func norm(_ name: String, _ width: Int) {
            shapes["\(name).weight"] = [width]
            shapes["\(name).bias"] = [width]
        }

        mutating func addTower() {
            let tower = "model.vision_tower.vision_model"
            shapes["\(tower).embeddings.patch_embedding.weight"] = [1152, 3, 14, 14]
            shapes["\(tower).embeddings.patch_embedding.bias"] = [1152]
            shapes["\(tower).embeddings.position_embedding.weight"] = [729, 1152]
            for layer in 0...26 {
                let block = "\(tower).encoder.layers.\(layer)"
                norm("\(block).layer_norm1", 1152)
                norm("\(block).layer_norm2", 1152)
                for map in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                    affine("\(block).self_attn.\(map)", 1152, 1152)
                }
                affine("\(block).mlp.fc1", 4304, 1152)
                affine("\(block).mlp.fc2", 1152, 4304)
            }
            norm("\(tower).post_layernorm", 1152)
            shapes["\(tower).head.probe"] = [1, 1, 1152]
            shapes["\(tower).head.attention.in_proj_weight"] = [3456, 1152]
            shapes["\(tower).head.attention.in_proj_bias"] = [3456]
            affine("\(tower).head.attention.out_proj", 1152, 1152)
            norm("\(tower).head.layernorm", 1152)
            affine("\(tower).head.mlp.fc1", 4304, 1152)
            affine("\(tower).head.mlp.fc2", 1152, 4304)
        }

        mutating func addDecoder(width: Int, layers: Int, isFused: Bool) {
            shapes["model.embed_tokens.weight"] = [51200, width]
            for layer in 0..<layers {
                let block = "model.layers.\(layer)"
                norm("\(block).input_layernorm", width)
                if isFused {
                    affine("\(block).self_attn.query_key_value", 3 * width, width)
                } else {
                    for map in ["q_proj", "k_proj", "v_proj"] {
                        affine("\(block).self_attn.\(map)", width, width)
                    }
                }
                affine("\(block).self_attn.dense", width, width)
                affine("\(block).mlp.fc1", 4 * width, width)
                affine("\(block).mlp.fc2", width, 4 * width)
            }
            norm("model.final_layernorm", width)
            affine("lm_head", 51200, width)
            affine("model.mm_projector.0", width, 1152)
            affine("model.mm_projector.2", width, width)
        }
    }

    private func check(
        _ config: MiphaConfig, width: Int, layers: Int, isFused: Bool, total: Int
    ) throws {
        var expected = Expected()
        expected.addTower()
        expected.addDecoder(width: width, layers: layers, isFused: isFused)
        let store = try MiphaModel(config, source: DryRunSource()).store
        let found = Dictionary(
            uniqueKeysWithValues: store.parameters.map { ($0.name, $0.tensor.shape) })
        #expect(Set(expected.shapes.keys).subtracting(found.keys).sorted() == [], "missing")
        #expect(Set(found.keys).subtracting(expected.shapes.keys).sorted() == [], "unexpected")
        for (name, shape) in expected.shapes { #expect(found[name] == shape, "\(name)") }
        #expect(store.elementCount == total)
        #expect(expected.shapes.values.reduce(0) { $0 + $1.reduce(1, *) } == total)
    }

    @Test func `Mipha-3B has the published names, shapes and 3,217,417,280 parameters`() throws {
        try check(
            .mipha3B, width: 2560, layers: 32, isFused: false, total: 3_217_417_280)
    }

    @Test func `Mipha-1.7B has the published names, shapes and 1,853,054,016 parameters`() throws {
        try check(.mipha1B7, width: 2048, layers: 24, isFused: true, total: 1_853_054_016)
    }

    @Test func `the published models have the paper's arithmetic`() {
        for config in [MiphaConfig.mipha3B, .mipha1B7] {
            #expect(config.vision.grid.count == 729)
            #expect(config.vision.usedLayerCount == 26)
            #expect(config.siglip.headWidth == 72)
            #expect(config.siglip.layerNormEpsilon == 1e-6)
            #expect(config.language.rotaryWidth == 32)
            #expect(config.phi.layerNormEpsilon == 1e-5)
            #expect(config.phi.activation == .geluNew)
            #expect(config.imageAspectRatio == "pad")
        }
        #expect(MiphaConfig.mipha3B.phi.headWidth == 80)
        #expect(MiphaConfig.mipha3B.phi.residualDropout == 0.1)
        #expect(MiphaConfig.mipha1B7.phi.headWidth == 64)
        #expect(MiphaConfig.mipha1B7.phi.residualDropout == 0)
    }
}
