import MiphaData
import MiphaImaging
import MiphaModels
import MiphaTorch

/// Makes batches of samples: a row of each, or two of a pair of answers, which share its images.
struct Collator {
    /// Masks attention keys that equal this id, as the reference does; `nil` masks none.
    let maskedKeyID: Int?
    /// Whether all rows are packed into one, one after another.
    var packs = false

    /// Makes a batch.
    ///
    /// - Parameter features: what keeps a frozen tower's features, which then take the place of
    ///   pixels; `nil` where the tower learns.
    /// - Throws: `TensorError`; `TrainingError` for an image without pixels where the tower learns.
    func batch(_ samples: [TrainingSample], features: FeatureStore? = nil) throws -> MiphaBatch {
        let images = samples.flatMap(\.images)
        let rows = samples.flatMap(\.rows)
        let masks = maskedKeyID.map { id in rows.map { $0.ids.map { $0 != id } } }
        var batch = MiphaBatch(
            ids: rows.map(\.ids), labels: rows.map(\.labels),
            pixels: features == nil ? try Self.pixels(images) : nil,
            pictures: samples.contains(where: \.isPair) ? Self.shared(samples) : nil,
            idMasks: masks, packing: packs ? [Array(rows.indices)] : nil)
        batch.features = try features?.features(of: images)
        return batch
    }

    /// Pixels of all images, as `MiphaBatch` has them.
    private static func pixels(_ images: [SampleImage]) throws -> Tensor? {
        let prepared = images.compactMap(\.prepared)
        guard prepared.count == images.count else {
            throw TrainingError(.failed, "an image was not decoded, but its tower learns")
        }
        guard let first = prepared.first else { return nil }
        return try .joining(prepared.values, shape: [prepared.count] + first.pixels.sizes)
    }

    /// The image of each marker, row by row.
    private static func shared(_ samples: [TrainingSample]) -> [Int] {
        var pictures: [Int] = []
        var first = 0
        for sample in samples {
            for _ in sample.rows { pictures += first..<first + sample.images.count }
            first += sample.images.count
        }
        return pictures
    }
}
