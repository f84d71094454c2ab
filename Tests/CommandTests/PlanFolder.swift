import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport

/// A model large enough for its memory to stand out from that of the program, and data for it.
struct PlanFolder {
    static let (width, layers, vocabulary, side, patch) = (256, 4, 24_000, 112, 16)
    let temporary: TemporaryFolder
    let model: String

    init() throws {
        temporary = try TemporaryFolder()
        model = try temporary.copy(of: PackagePaths.fixture("tokenizers/small"), named: "model")
        try Self.writeWeights(to: "\(model)/model.safetensors")
        try Self.config.write(to: "\(model)/config.json")
        let processor: JSONValue = [
            "do_normalize": true, "do_rescale": true, "do_resize": true,
            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
            "image_processor_type": "SiglipImageProcessor", "resample": 3,
            "rescale_factor": 0.00392156862745098,
            "size": ["height": .integer(Self.side), "width": .integer(Self.side)],
        ]
        try processor.write(to: "\(model)/preprocessor_config.json")
        let picture = temporary.file("picture.png")
        try FileManager.default.copyItem(
            atPath: PackagePaths.fixture("images/grey8.png"), toPath: picture)
        let items = (0..<32).map { index in
            let answer = Array(repeating: "it is number \(index)", count: 4 + index % 5)
            return JSONValue.object([
                "id": .integer(index), "image": .string(picture),
                "conversations": [
                    ["from": "human", "value": "<image>\nNumber?"],
                    ["from": "gpt", "value": .string(answer.joined(separator: " and "))],
                ],
            ])
        }
        try JSONValue.array(items).write(to: temporary.file("data.json"))
    }

    /// Writes a run file of two updates.
    func run(_ settings: [String]) throws -> String {
        let path = temporary.file("run.yaml")
        let lines =
            [
                "model: \(model)", "output_dir: \(temporary.file("out"))",
                "data_path: \(temporary.file("data.json"))", "max_steps: 2", "save_steps: 0",
                "tensorboard: false",
            ] + settings
        try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: path)
        return path
    }

    private static var shapes: [(name: String, shape: [Int])] {
        var shapes: [(name: String, shape: [Int])] = []
        func affine(_ name: String, _ outputs: Int, _ inputs: Int) {
            shapes += [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
        }
        func norm(_ name: String) {
            shapes += [("\(name).weight", [width]), ("\(name).bias", [width])]
        }
        let tower = "model.vision_tower.vision_model"
        let patches = (side / patch) * (side / patch)
        shapes += [
            ("\(tower).embeddings.patch_embedding.weight", [width, 3, patch, patch]),
            ("\(tower).embeddings.patch_embedding.bias", [width]),
            ("\(tower).embeddings.position_embedding.weight", [patches, width]),
        ]
        for index in 0..<layers {
            let block = "\(tower).encoder.layers.\(index)"
            for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                affine("\(block).self_attn.\(part)", width, width)
            }
            norm("\(block).layer_norm1")
            norm("\(block).layer_norm2")
            affine("\(block).mlp.fc1", 4 * width, width)
            affine("\(block).mlp.fc2", width, 4 * width)
        }
        norm("\(tower).post_layernorm")
        affine("model.mm_projector.0", width, width)
        affine("model.mm_projector.2", width, width)
        shapes.append(("model.embed_tokens.weight", [vocabulary, width]))
        for index in 0..<layers {
            let block = "model.layers.\(index)"
            norm("\(block).input_layernorm")
            for part in ["q_proj", "k_proj", "v_proj", "dense"] {
                affine("\(block).self_attn.\(part)", width, width)
            }
            affine("\(block).mlp.fc1", 4 * width, width)
            affine("\(block).mlp.fc2", width, 4 * width)
        }
        norm("model.final_layernorm")
        affine("lm_head", vocabulary, width)
        return shapes
    }

    private static func writeWeights(to path: String) throws {
        let declarations = shapes.map {
            TensorDeclaration(name: $0.name, scalarType: .float32, shape: $0.shape)
        }
        var generator = SplitMix64(seed: 4)
        let drawn = generator.floats(1 << 16).map { $0 * 0.02 }
        var writer = try SafetensorsWriter(path: path, entries: declarations)
        for declaration in declarations {
            let count = declaration.shape.reduce(1, *)
            let isScale =
                declaration.name.contains("norm") && declaration.name.hasSuffix(".weight")
            try writer.write(
                (0..<count).map { isScale ? 1 : drawn[($0 * 31) & 0xFFFF] })
        }
        try writer.finish()
    }

    private static var config: JSONValue {
        [
            "architectures": ["MiphaPhiForCausalLM"], "model_type": "mipha_phi",
            "hidden_act": "gelu_new", "hidden_size": .integer(width),
            "intermediate_size": .integer(4 * width), "num_attention_heads": 4,
            "num_hidden_layers": .integer(layers), "vocab_size": .integer(vocabulary),
            "partial_rotary_factor": 0.5, "image_aspect_ratio": "pad",
            "vision_config": [
                "mm_projector": [
                    "hidden_size": .integer(width), "mm_hidden_size": .integer(width),
                    "mm_projector_type": "mlp2x_gelu",
                ],
                "vision_tower": [
                    "hidden_size": .integer(width), "image_size": .integer(side),
                    "intermediate_size": .integer(4 * width), "num_attention_heads": 4,
                    "num_hidden_layers": .integer(layers), "patch_size": .integer(patch),
                    "mm_vision_select_layer": -2, "vision_use_head": false,
                    "vision_model_name_or_path": "siglip",
                ],
            ],
        ]
    }
}
