import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Files of Phi in their first names (`phi-msft`).
@Suite struct OriginalPhiTests {
    private static let config: JSONValue = [
        "model_type": "phi-msft", "activation_function": "gelu_new", "embd_pdrop": 0.0,
        "layer_norm_epsilon": 1e-05, "n_embd": 24, "n_head": 3, "n_head_kv": .null,
        "n_inner": .null, "n_layer": 2, "n_positions": 2048, "resid_pdrop": 0.0, "rotary_dim": 4,
        "tie_word_embeddings": false, "vocab_size": 50,
    ]

    private static func reader(_ changes: [String: JSONValue] = [:]) throws -> ConfigReader {
        var object = try #require(config.objectValue)
        for (key, value) in changes { object[key] = value }
        return try ConfigReader(file: "f", value: .object(object))
    }

    /// The tensors of such a file.
    private static var stored: [TensorDeclaration] {
        func tensor(_ name: String, _ shape: [Int]) -> TensorDeclaration {
            TensorDeclaration(name: name, scalarType: .float32, shape: shape)
        }
        func affine(_ name: String, _ output: Int, _ input: Int?) -> [TensorDeclaration] {
            [
                tensor("\(name).weight", [output] + [input].compactMap(\.self)),
                tensor("\(name).bias", [output]),
            ]
        }
        let blocks = (0..<2).flatMap { index in
            let block = "transformer.h.\(index)"
            return affine("\(block).ln", 24, nil) + affine("\(block).mixer.Wqkv", 72, 24)
                + affine("\(block).mixer.out_proj", 24, 24) + affine("\(block).mlp.fc1", 96, 24)
                + affine("\(block).mlp.fc2", 24, 96)
        }
        return [tensor("transformer.embd.wte.weight", [50, 24])] + blocks
            + affine("lm_head.ln", 24, nil) + affine("lm_head.linear", 50, 24)
    }

    private func shapes(_ config: PhiConfig) throws -> [String: [Int]] {
        let store = ParameterStore(source: DryRunSource())
        _ = try config.model(store.scope(.language))
        return Dictionary(
            uniqueKeysWithValues: store.parameters.map { ($0.name, $0.tensor.shape) })
    }

    @Test func `the config is that of transformers' names`() throws {
        let config = try PhiConfig(original: Self.reader())
        #expect(
            config
                == PhiConfig(
                    vocabularySize: 50, hiddenSize: 24, intermediateSize: 96, layerCount: 2,
                    headCount: 3, partialRotaryFactor: 0.5))
        #expect(config.rotaryWidth == 4)
    }

    @Test(
        arguments: [
            ("n_head", 5, "divisor"), ("rotary_dim", 3, "even"), ("rotary_dim", 10, "even"),
            ("n_head_kv", 1, "3"), ("n_layer", 0, "from 1"),
            ("activation_function", "relu", "gelu"),
        ] as [(String, JSONValue, String)])
    func `a wrong field is refused by its name`(
        _ key: String, _ value: JSONValue, _ expected: String
    ) throws {
        let error = try #require(
            #expect(throws: CheckpointError.self) {
                try PhiConfig(original: Self.reader([key: value]))
            })
        #expect(error.message.contains(expected), "\(error)")
    }

    @Test(arguments: [false, true])
    func `the tensors become the model's, and theirs again`(_ isFused: Bool) throws {
        var config = try PhiConfig(original: Self.reader())
        config.fusesProjections = isFused
        let map = try WeightMap("a test", config.rulesFromOriginal)
        let outputs = try map.plan(Self.stored).outputs
        let found = Dictionary(uniqueKeysWithValues: outputs.map { ($0.name, $0.shape) })
        #expect(try found == shapes(config))
        let back = try map.inverse.plan(outputs).outputs
        #expect(Set(back.map(\.name)) == Set(Self.stored.map(\.name)))
        for tensor in Self.stored {
            #expect(back.first { $0.name == tensor.name }?.shape == tensor.shape)
        }
    }
}
