import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Reading and writing of `config.json`.
@Suite struct ConfigTests {
    private func config(_ text: String) throws -> MiphaConfig {
        try MiphaConfig(ConfigReader(file: "some/config.json", value: JSONValue(parsing: text)))
    }

    /// A golden config with members of one of its objects replaced.
    private func changed(
        _ folder: String, _ path: [String], _ changes: JSONObject
    ) throws -> ConfigReader {
        func change(_ object: JSONObject, _ path: ArraySlice<String>) -> JSONObject {
            guard let key = path.first else { return object.merging(changes) }
            let inner = object[key]?.objectValue ?? JSONObject()
            var result = object
            result[key] = .object(change(inner, path.dropFirst()))
            return result
        }
        let top = try ConfigReader(contentsOf: "\(folder)/config.json").object
        return try ConfigReader(
            file: "some/config.json", value: .object(change(top, path[...])))
    }

    @Test func `the official layout is read`() throws {
        let config = try MiphaConfig(folder: SmallModel.tiny)
        #expect(config.layout == .mipha)
        #expect(config.siglip.hiddenSize == 36)
        #expect(config.siglip.intermediateSize == 50)
        #expect(config.vision.towers[0].headCount == 4)
        #expect(config.vision.layerCount == 3)
        #expect(config.vision.usedLayerCount == 2)
        #expect(config.vision.grid.count == 16)
        #expect(config.projector.kind == .mlp(depth: 2))
        #expect(config.language.hiddenSize == 40)
        #expect(config.language.vocabularySize == 160)
        #expect(config.language.rotaryWidth == 8)
        #expect(config.phi.headHasBias)
        #expect(!config.phi.fusesProjections)
        #expect(config.imageAspectRatio == "pad")
        #expect(config.maximumLength == 2048)
        let square = try MiphaConfig(folder: SmallModel.square)
        #expect(square.projector.kind == .mlp(depth: 3))
    }

    @Test(arguments: [SmallModel.llava, SmallModel.classicLLaVA])
    func `both generations of the LLaVA layout mean the same`(_ folder: String) throws {
        let config = try MiphaConfig(folder: folder)
        #expect(config.layout == .llava)
        #expect(config.phi.partialRotaryFactor == 0.25)
        #expect(config.phi.ropeTheta == 2000)
        #expect(!config.phi.headHasBias)
        #expect(config.vision.towers[0].selectedLayer == -2)
        #expect(config.imageTokenID == 95)
        #expect(config.siglip.hasPoolingHead)
    }

    @Test func `the architecture distinguishes the fused model from the split one`() throws {
        let fused = try MiphaConfig(
            changed(SmallModel.tiny, [], ["architectures": ["MiphaPhi15ForCausalLM"]]))
        #expect(fused.phi.fusesProjections)
        let released = try MiphaConfig(
            changed(SmallModel.tiny, [], ["model_type": "mipha-phi"]))
        #expect(released.phi.fusesProjections)
    }

    @Test(arguments: [
        SmallModel.tiny, SmallModel.square, SmallModel.llava, SmallModel.classicLLaVA,
    ])
    func `a config survives writing and reading, with keys nobody knows`(
        _ folder: String
    ) throws {
        let parts = folder == SmallModel.tiny || folder == SmallModel.square
        let inner = parts ? ["vision_config", "vision_tower"] : ["vision_config"]
        let reader = try ConfigReader(
            file: "f",
            value: .object(
                changed(folder, inner, ["a_tower_key": [1, "two"]]).object.merging(
                    ["a_key_of_others": ["deep": 1.5], "_name_or_path": "somewhere"])))
        let config = try MiphaConfig(reader)
        let written = config.json(config.layout, dtype: "bfloat16")
        #expect(written["a_key_of_others"] == ["deep": 1.5])
        #expect(written["_name_or_path"] == "somewhere")
        #expect(written["torch_dtype"] == "bfloat16")
        let tower = parts ? written["vision_config"]?["vision_tower"] : written["vision_config"]
        #expect(tower?["a_tower_key"] == [1, "two"])
        for key in reader.keys { #expect(written[key] != nil, "\(key) was lost") }
        let text = try written.text()
        let again = try MiphaConfig(
            ConfigReader(file: "f", value: JSONValue(parsing: text)))
        #expect(again.vision.isEqual(config.vision))
        #expect(again.projector == config.projector)
        #expect(again.language.isEqual(config.language))
        #expect(again.imageTokenID == config.imageTokenID)
        #expect(again.imageAspectRatio == config.imageAspectRatio)
        #expect(try again.json(config.layout, dtype: "bfloat16").text() == text)
    }

    @Test(arguments: [MiphaConfig.mipha3B, .mipha1B7])
    func `a config made by hand survives writing and reading`(_ config: MiphaConfig) throws {
        let text = try config.json(.mipha, dtype: "float32").text()
        let again = try self.config(text)
        #expect(again.vision.isEqual(config.vision))
        #expect(again.projector == config.projector)
        #expect(again.language.isEqual(config.language))
        #expect(again.maximumLength == config.maximumLength)
        #expect(again.layout == .mipha)
    }

    @Test func `a model in the other layout means the same`() throws {
        var config = try MiphaConfig(folder: SmallModel.tiny)
        config.imageAspectRatio = "square"
        config.maximumLength = 77
        let text = try config.json(.llava, dtype: "float32").text()
        let again = try self.config(text)
        #expect(again.layout == .llava)
        #expect(again.imageAspectRatio == "square" && again.maximumLength == 77)
        #expect(again.vision.isEqual(config.vision))
        #expect(again.projector == config.projector)
        var language = config.phi
        language.headHasBias = false
        #expect(again.language.isEqual(language))
    }

    /// A wrong value, where it stands and what the message must name beside the file.
    static let wrongValues: [(path: [String], key: String, value: JSONValue, expected: String)] = [
        ([], "model_type", "llama", "mipha_phi"),
        ([], "hidden_size", "wide", "integer"),
        ([], "hidden_size", -40, "from 1"),
        ([], "num_attention_heads", 7, "divisor"),
        ([], "num_hidden_layers", 0, "from 1"),
        ([], "max_position_embeddings", 0, "from 1"),
        ([], "max_position_embeddings", -1, "from 1"),
        ([], "max_position_embeddings", .integer(.max), "from 1"),
        ([], "tokenizer_model_max_length", 0, "from 1"),
        ([], "tokenizer_model_max_length", -2048, "from 1"),
        ([], "tokenizer_model_max_length", .integer(.min), "from 1"),
        ([], "tokenizer_model_max_length", 2048.5, "from 1"),
        ([], "tokenizer_model_max_length", "long", "number"),
        ([], "partial_rotary_factor", 1.5, "share"),
        ([], "partial_rotary_factor", 0.01, "share"),
        ([], "partial_rotary_factor", 1e300, "share"),
        ([], "partial_rotary_factor", -1e300, "share"),
        ([], "rope_theta", 0, "positive"),
        ([], "hidden_act", "relu", "gelu_new"),
        ([], "num_key_value_heads", 1, "2"),
        ([], "tie_word_embeddings", true, "false"),
        ([], "qk_layernorm", true, "false"),
        ([], "resid_pdrop", 1.0, "probability"),
        ([], "vision_config", 3, "object"),
        (["vision_config"], "vision_tower", .null, "object"),
        (["vision_config", "vision_tower"], "patch_size", 31, "image_size"),
        (["vision_config", "vision_tower"], "num_attention_heads", 5, "divisor"),
        (["vision_config", "vision_tower"], "mm_vision_select_layer", -9, "layer"),
        (
            ["vision_config", "vision_tower"], "vision_model_name_or_path", "resnet-50",
            "SigLIP or CLIP"
        ),
        (["vision_config", "mm_projector"], "mm_projector_type", "qformer", "mlp{N}x_gelu"),
        (["vision_config", "mm_projector"], "mm_projector_type", "mlp0x_gelu", "mlp{N}x_gelu"),
        (["vision_config", "mm_projector"], "mm_projector_type", "identity", "map"),
        (["vision_config", "mm_projector"], "mm_hidden_size", 35, "36"),
        (["vision_config", "mm_projector"], "hidden_size", 41, "40"),
    ]

    @Test(arguments: ConfigTests.wrongValues.indices)
    func `a wrong value is refused by file and key`(_ index: Int) throws {
        let (path, key, value, expected) = Self.wrongValues[index]
        let reader = try changed(SmallModel.tiny, path, [key: value])
        let error = try #require(
            #expect(throws: CheckpointError.self) { _ = try MiphaConfig(reader) })
        let place = (path + [key]).joined(separator: ".")
        #expect(error.message.hasPrefix("some/config.json: \(place):"), "\(error)")
        #expect(error.message.contains(expected), "\(error)")
    }

    @Test func `wrong LLaVA parts are refused by file and key`() throws {
        let wrong: [(path: [String], key: String, value: JSONValue)] = [
            (["vision_config"], "model_type", "vit"),
            (["text_config"], "model_type", "gpt2"),
            ([], "vision_feature_select_strategy", "default"),
            ([], "projector_hidden_act", "relu"),
            ([], "multimodal_projector_bias", false),
            ([], "vision_feature_layer", 5),
        ]
        for (path, key, value) in wrong {
            let reader = try changed(SmallModel.llava, path, [key: value])
            let error = try #require(
                #expect(throws: CheckpointError.self, "\(key)") { _ = try MiphaConfig(reader) })
            #expect(error.message.contains("some/config.json"), "\(error)")
        }
        for value in [-5, 5] as [JSONValue] {
            let reader = try changed(SmallModel.llava, [], ["vision_feature_layer": value])
            let error = #expect(throws: CheckpointError.self) { _ = try MiphaConfig(reader) }
            let message = error?.message ?? ""
            #expect(message.hasPrefix("some/config.json: vision_feature_layer: expected a layer"))
            #expect(message.hasSuffix("found \(value.summary)"), "\(message)")
        }
        let rope = try changed(
            SmallModel.llava, ["text_config", "rope_parameters"], ["rope_type": "yarn"])
        #expect(throws: CheckpointError.self) { _ = try MiphaConfig(rope) }
    }

    /// Settings that change arithmetic and are not followed; the last key must be named.
    static let unfollowed: [(folder: String, path: [String], key: String, value: JSONValue)] = [
        (
            SmallModel.classicLLaVA, ["text_config"], "rope_scaling",
            ["type": "ntk", "factor": 4]
        ),
        (SmallModel.classicLLaVA, ["text_config"], "rope_scaling", ["rope_type": "dynamic"]),
        (SmallModel.classicLLaVA, ["text_config"], "rope_scaling", "linear"),
        (SmallModel.tiny, [], "rope_scaling", "linear"),
        (SmallModel.tiny, [], "rope_parameters", [2.0]),
        (SmallModel.llava, ["text_config"], "rope_scaling", ["rope_theta": 7]),
        (SmallModel.llava, ["text_config", "rope_parameters"], "type", "linear"),
        (SmallModel.llava, ["text_config", "rope_parameters"], "full_attention", ["a": 1]),
        (SmallModel.llava, ["text_config"], "head_dim", 8),
        (SmallModel.llava, ["text_config"], "sliding_window", 128),
        (SmallModel.llava, [], "vision_feature_select_strategy", .null),
        (SmallModel.llava, [], "quantization_config", ["bits": 4]),
        (SmallModel.tiny, [], "rope_scaling", ["type": "ntk", "factor": 2.0]),
        (SmallModel.tiny, [], "mm_use_im_start_end", true),
        (SmallModel.tiny, [], "pruned_heads", ["1": [0]]),
        (SmallModel.tiny, [], "use_s2", true),
        (SmallModel.tiny, ["vision_config", "vision_tower"], "mm_vision_select_feature", "cls"),
    ]

    @Test(arguments: unfollowed.indices)
    func `a setting that would change results is refused by name`(_ index: Int) throws {
        let (folder, path, key, value) = Self.unfollowed[index]
        let error = try #require(throws: CheckpointError.self) {
            _ = try MiphaConfig(changed(folder, path, [key: value]))
        }
        #expect(error.message.contains("some/config.json"), "\(error)")
        #expect(error.message.contains(key), "\(error)")
    }

    @Test func `the old form of the default rotary positions is read`() throws {
        for value: JSONValue in [.null, [:], ["type": "default"], ["rope_type": "default"]] {
            let config = try MiphaConfig(
                changed(SmallModel.classicLLaVA, ["text_config"], ["rope_scaling": value]))
            #expect(config.phi.ropeTheta == 2000)
        }
    }

    @Test func `dropout that training does not do is kept for training to refuse`() throws {
        for (folder, path, key) in [
            (SmallModel.tiny, [], "embd_pdrop"),
            (SmallModel.tiny, ["vision_config", "vision_tower"], "attention_dropout"),
            (SmallModel.llava, ["text_config"], "attention_dropout"),
        ] {
            let config = try MiphaConfig(changed(folder, path, [key: 0.1]))
            let findings = config.findings("f")
            #expect(findings.refused.isEmpty)
            #expect(findings.refusedInTraining.count == 1)
            #expect(findings.refusedInTraining.first?.contains(key) == true)
        }
    }

    @Test func `numbers too large to compute with are refused`() throws {
        let top = ["hidden_size", "num_hidden_layers", "vocab_size", "intermediate_size"]
        let tower = [
            "hidden_size", "num_hidden_layers", "image_size", "num_channels",
            "mm_vision_select_layer",
        ]
        let places =
            top.map { ([], $0) } + tower.map { (["vision_config", "vision_tower"], $0) }
        for (path, key) in places {
            for value in [Int.max, .max / 2, .min] {
                let reader = try changed(SmallModel.tiny, path, [key: .integer(value)])
                #expect(throws: CheckpointError.self, "\(key) \(value)") {
                    _ = try MiphaConfig(reader)
                }
            }
        }
    }

    @Test(arguments: [SmallModel.tiny, SmallModel.llava])
    func `a number that no text reaches is not a limit of lengths`(_ folder: String) throws {
        let key = "tokenizer_model_max_length"
        for value in [.integer(.max), 1e30, 1e19, 1_000_000_000] as [JSONValue] {
            let config = try MiphaConfig(changed(folder, [], [key: value]))
            #expect(config.maximumLength == MiphaConfig.unlimitedLength, "\(value)")
            let written = try self.config(config.json(config.layout, dtype: "float32").text())
            #expect(written.maximumLength == MiphaConfig.unlimitedLength)
        }
        let config = try MiphaConfig(changed(folder, [], [key: 999_999_999]))
        #expect(config.maximumLength == 999_999_999)
        let wrong = try changed(folder, [], [key: 0])
        let error = try #require(throws: CheckpointError.self) { _ = try MiphaConfig(wrong) }
        #expect(error.message.hasPrefix("some/config.json: \(key): expected"), "\(error)")
    }

    @Test func `a folder without a config says so`() throws {
        let folder = try TemporaryFolder()
        let error = try #require(
            #expect(throws: CheckpointError.self) { _ = try MiphaModel(folder: folder.path) })
        #expect(error.message.contains("config.json"))
    }
}
