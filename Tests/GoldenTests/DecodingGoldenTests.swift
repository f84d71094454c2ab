import MiphaModels
import MiphaTestSupport
import MiphaTorch
import Testing

/// Chooses the most likely id `steps` times, running the whole row again each time.
func greedy(
    _ model: MiphaModel, _ prompt: MiphaBatch, steps: Int
) throws -> (ids: [Int], first: Tensor, last: Tensor) {
    var batch = prompt
    var chosen: [Int] = []
    var rows: [Tensor] = []
    for _ in 0..<steps {
        let logits = try withoutGradients { try model.logits(batch) }
        let last = try logits.narrowed(1, from: logits.size(1) - 1, length: 1).reshaped([-1])
        let id = try last.argmax().values(as: Int.self)[0]
        rows.append(last)
        chosen.append(id)
        batch.ids[0].append(id)
    }
    return (chosen, rows[0], rows[steps - 1])
}

/// Decoding without a cache against transformers.
@Suite struct DecodingGoldenTests {
    @Test(arguments: [(GoldenCase.tiny, 0), (.tiny, 1), (.tiny, 2), (.square, 0), (.square, 1)])
    func `greedy decoding chooses the reference's tokens`(
        _ golden: GoldenCase, _ prompt: Int
    ) throws {
        let file = try golden.file("generate.safetensors")
        let model = try golden.model()
        let images = try file.integers("images.\(prompt)")
        let pixels = try Tensor(file.floats("pixel_values"), shape: file.shape("pixel_values"))
        let batch = MiphaBatch(
            ids: [try file.integers("prompt.\(prompt)")],
            pixels: images.isEmpty ? nil : try pixels.selecting(Tensor(images)))
        let expected = try file.integers("ids.\(prompt)")
        let found = try greedy(model, batch, steps: expected.count)
        #expect(found.ids == expected)
        try requireClose(
            "first logits", found.first, file.floats("first.\(prompt)"), .of(.activation))
        try requireClose(
            "last logits", found.last, file.floats("last.\(prompt)"), .of(.activation))
    }
}
