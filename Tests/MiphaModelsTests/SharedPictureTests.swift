import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTorch
import Testing

/// Rows that share images.
@Suite struct SharedPictureTests {
    private let ids = [[5, MarkerID.image, 7], [1, 2], [MarkerID.image, 3, MarkerID.image]]

    @Test func `each marker stands for the image that it names`() throws {
        let plan = try SplicePlan(
            ids: ids, tokensPerImage: 2, imageCount: 2, pictures: [1, 0, 1])
        // Five words, then two places of each image, then the zero vector.
        #expect(plan.sources[0..<5] == [0, 7, 8, 1, 9])
        #expect(plan.sources[10..<15] == [5, 6, 4, 7, 8])
    }

    @Test func `markers and named images that do not fit are refused`() {
        for pictures in [[0, 1], [0, 1, 2], [0, -1, 1]] {
            #expect(throws: SpliceError.self) {
                try SplicePlan(ids: ids, tokensPerImage: 2, imageCount: 2, pictures: pictures)
            }
        }
    }

    @Test func `a shared image counts as one given to each row`() throws {
        let model = try MiphaModel(folder: SmallModel.tiny, use: .training)
        let side = model.tower.inputs[0].width
        let both = try randomTensor([2, 3, side, side], seed: 3)
        let places = [1, 0, 1]
        let separate = try Tensor.concatenating(
            places.map { try both.narrowed(0, from: $0, length: 1) }, along: 0)
        func run(_ pixels: Tensor, _ pictures: [Int]?) throws -> (Float, [String: [Float]]) {
            try model.store.train { _ in true }
            let batch = MiphaBatch(ids: ids, labels: ids, pixels: pixels, pictures: pictures)
            let chain = try model.lossChain(batch, dropout: nil)
            return try withGradients {
                let loss = try chain.segments.run(chain.input)
                try loss.backward()
                var gradients: [String: [Float]] = [:]
                for (name, tensor) in model.store.parameters {
                    gradients[name] = try tensor.gradient()?.values()
                    try tensor.setGradient(nil)
                }
                return (Float(try loss.detached().item()), gradients)
            }
        }
        let (shared, gradients) = try run(both, places)
        let (loss, expected) = try run(separate, nil)
        #expect(abs(shared - loss) <= 1e-6 * loss)
        for (name, values) in expected {
            let largest = values.reduce(0) { max($0, abs($1)) }
            let found = try #require(gradients[name])
            let limit = 2e-5 * largest + 2e-7
            #expect(zip(found, values).allSatisfy { abs($0 - $1) <= limit }, "\(name)")
        }
    }
}
