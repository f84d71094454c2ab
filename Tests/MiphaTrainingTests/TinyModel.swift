import MiphaData
import MiphaDeviceSupport
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining

/// A tiny random model in memory with batches of random ids and images.
struct TinyModel {
    let model: MiphaModel

    init(dropout: Double = 0.1) throws {
        let config = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 16, intermediateSize: 24, layerCount: 3, headCount: 2, imageSize: 14,
                patchSize: 7),
            language: PhiConfig(
                vocabularySize: 97, hiddenSize: 16, intermediateSize: 24, layerCount: 3,
                headCount: 2, partialRotaryFactor: 0.5, residualDropout: dropout))
        model = try MiphaModel(
            config, source: InitializerSource(generator: RandomGenerator(seed: 11)))
    }

    /// Another model of the same shape.
    init(model: MiphaModel) {
        self.model = model
    }

    /// Rows of different lengths; row `r` supervises its last `answers[r]` ids.
    func batch(answers: [Int], pictures: Bool, seed: UInt64 = 1) throws -> MiphaBatch {
        var random = SplitMix64(seed: seed)
        var batch = MiphaBatch(ids: [], labels: [])
        for (row, answer) in answers.enumerated() {
            let length = 4 + answer + row % 3
            var ids = (0..<length).map { _ in Int.random(in: 0..<97, using: &random) }
            if pictures { ids[1] = MarkerID.image }
            batch.ids.append(ids)
            batch.labels?.append(
                ids.indices.map { $0 < length - answer ? MarkerID.ignored : ids[$0] })
        }
        if pictures {
            batch.pixels = try Tensor(
                random.floats(answers.count * 3 * 14 * 14), shape: [answers.count, 3, 14, 14])
        }
        return batch
    }

    /// Hands the gradients of all parameters out and drops them.
    func takeGradients() throws -> [String: [Float]] {
        var gradients: [String: [Float]] = [:]
        for (name, tensor) in model.store.parameters {
            if let gradient = try tensor.gradient() {
                gradients[name] = try gradient.values(as: Float.self)
                try tensor.setGradient(nil)
            }
        }
        return gradients
    }
}

extension MiphaBatch {
    /// The rows of a range with their images, one per row.
    func rows(_ range: Range<Int>) throws -> MiphaBatch {
        MiphaBatch(
            ids: Array(ids[range]), labels: labels.map { Array($0[range]) },
            pixels: try pixels?.narrowed(0, from: range.lowerBound, length: range.count))
    }

    /// Number of supervised ids.
    var supervisedCount: Int {
        (labels ?? []).reduce(0) { $0 + $1.dropFirst().count { $0 != MarkerID.ignored } }
    }
}

extension SampleImage {
    /// Wraps the values of an image of 14 x 14 pixels.
    init(tiny values: [Float]) throws {
        self.init(PreparedImage(try PixelBlock(height: 14, width: 14, values: values)))
    }

    /// An image of 14 x 14 random values.
    static func random(_ generator: inout SplitMix64) throws -> SampleImage {
        try SampleImage(tiny: generator.floats(3 * 14 * 14))
    }
}
