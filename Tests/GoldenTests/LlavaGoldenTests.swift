import MiphaDeviceSupport
import MiphaModels
import MiphaTestSupport
import MiphaTorch
import Testing

/// `LlavaForConditionalGeneration` checkpoints against transformers.
@Suite struct LlavaGoldenTests {
    private func model(_ spelling: String) throws -> MiphaModel {
        try MiphaModel(folder: PackagePaths.fixture("goldens/llava-hf/\(spelling)"))
    }

    /// The prompts with their images.
    private func batches(_ inputs: GoldenFile) throws -> [MiphaBatch] {
        let pixels = try Tensor(
            inputs.floats("pixel_values"), shape: inputs.shape("pixel_values"))
        let images = try inputs.rows("images")
        return try inputs.rows("ids").enumerated().map { row, ids in
            let own = images[row]
            return MiphaBatch(
                ids: [ids], pixels: own.isEmpty ? nil : try pixels.selecting(Tensor(own)))
        }
    }

    @Test(arguments: ["v5", "classic"])
    func `logits equal transformers'`(_ spelling: String) throws {
        let model = try model(spelling)
        #expect(model.config.layout == .llava)
        let inputs = try GoldenFile("llava-hf/inputs.safetensors")
        let expected = try GoldenFile("llava-hf/expected.safetensors")
        for (row, batch) in try batches(inputs).enumerated() {
            let logits = try withoutGradients { try model.logits(batch) }
            try requireClose(
                "logits, prompt \(row)", logits, expected.floats("logits.\(row)"),
                .of(.activation))
        }
    }

    @Test(arguments: ["v5", "classic"])
    func `greedy decoding chooses transformers' tokens`(_ spelling: String) throws {
        let model = try model(spelling)
        let inputs = try GoldenFile("llava-hf/inputs.safetensors")
        let expected = try GoldenFile("llava-hf/expected.safetensors")
        for (row, batch) in try batches(inputs).enumerated() {
            let ids = try expected.integers("generated.\(row)")
            #expect(try greedy(model, batch, steps: ids.count).ids == ids, "prompt \(row)")
        }
    }

    @Test func `the image token of the config is known and stands once for each patch`() throws {
        let model = try model("v5")
        let inputs = try GoldenFile("llava-hf/inputs.safetensors")
        let token = try #require(model.config.imageTokenID)
        let expanded = try inputs.rows("input_ids")
        for (row, ids) in try inputs.rows("ids").enumerated() {
            let spread = ids.flatMap {
                $0 == MarkerID.image
                    ? Array(repeating: token, count: model.tower.grid.count) : [$0]
            }
            #expect(spread == expanded[row])
        }
    }
}
