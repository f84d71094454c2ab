import MiphaModels

/// One micro-batch as far as its memory depends on it.
package struct PlannedBatch: Equatable {
    private let samples: [SampleShapes.Shape]
    private let packs: Bool
    /// Number of positions with padding.
    let positions: Int
    /// Number of images.
    let pictures: Int
    /// Number of supervised positions.
    let supervised: Int

    /// - Parameter packs: whether all samples stand in one row.
    package init(_ samples: [SampleShapes.Shape], packs: Bool = false) {
        self.samples = samples
        self.packs = packs
        let lengths = samples.flatMap(\.rows)
        positions = packs ? lengths.reduce(0, +) : lengths.count * (lengths.max() ?? 0)
        pictures = samples.reduce(0) { $0 + $1.pictures }
        supervised = samples.reduce(0) { $0 + $1.supervised }
    }

    /// A batch of this shape, without pixels.
    ///
    /// - Parameter masksKeys: whether attention takes a mask.
    func batch(masksKeys: Bool) -> MiphaBatch {
        var (ids, labels, places) = ([[Int]](), [[Int]](), [Int]())
        var first = 0
        for sample in samples {
            for (words, supervised) in sample.texts {
                let row =
                    Array(repeating: MarkerID.image, count: sample.pictures)
                    + Array(repeating: 0, count: words)
                // Nothing comes before the first position, and images are not learned.
                let learned = max(0, min(supervised, words, row.count - 1))
                ids.append(row)
                labels.append(
                    Array(repeating: MarkerID.ignored, count: row.count - learned)
                        + Array(repeating: 0, count: learned))
                places += first..<first + sample.pictures
            }
            first += sample.pictures
        }
        return MiphaBatch(
            ids: ids, labels: labels,
            pictures: ids.count > samples.count ? places : nil,
            idMasks: masksKeys ? ids.map { $0.map { _ in true } } : nil,
            packing: packs ? [Array(ids.indices)] : nil)
    }
}
