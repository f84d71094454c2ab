/// Ids that stand for something else than a word.
public enum MarkerID {
    /// Stands for an image in a list of ids.
    public static let image = -200
    /// Label of a position that is not learned.
    public static let ignored = -100
}

/// A batch whose image markers do not fit its images.
public struct SpliceError: Error, Sendable, CustomStringConvertible {
    /// The expected and the found values.
    public let description: String
}

/// The source of every position of a spliced batch: a word, an image's feature, or padding.
///
/// Each marker takes the next image of the batch and becomes all its feature vectors; labels over
/// them are ignored. A row without markers takes no image. (The reference lets such a row own an
/// unused image, to please its sharded optimiser.)
/// Reference: `prepare_inputs_labels_for_multimodal` in Mipha's `mipha_arch.py`.
public struct SplicePlan: Sendable, Equatable {
    /// All text ids, row after row, without markers.
    public let textIDs: [Int]
    /// For each position, row-major: an index into text ids, then features, then one zero vector.
    public let sources: [Int]
    /// Labels by position, one list per row; ignored over images and padding.
    public let labels: [[Int]]
    /// The ranges of the samples of each row; one sample fills a row that is not packed.
    public let documents: [[Range<Int>]]
    /// Number of positions of every row after padding.
    public let columns: Int

    /// Number of rows.
    public var rows: Int { documents.count }
    /// Number of real positions of each row.
    public var lengths: [Int] { documents.map { $0.last?.upperBound ?? 0 } }

    /// Plans a batch.
    ///
    /// - Parameters:
    ///   - ids: ids with markers, one list per sample.
    ///   - labels: one label per id; `nil` ignores all.
    ///   - tokensPerImage: feature vectors of one image.
    ///   - imageCount: images of the whole batch, in the order of the samples.
    ///   - pictures: the image of each marker, where samples share some; `nil`: each its own.
    ///   - packing: the samples of each row; `nil`: a row each.
    /// - Throws: `SpliceError` when markers and images do not fit, an id is negative, or
    ///   `packing` does not hold every sample once.
    public init(
        ids: [[Int]], labels: [[Int]]? = nil, tokensPerImage: Int, imageCount: Int,
        pictures: [Int]? = nil, packing: [[Int]]? = nil
    ) throws(SpliceError) {
        let markers = ids.reduce(0) { $0 + $1.count { $0 == MarkerID.image } }
        let places = pictures?.count ?? imageCount
        guard markers == places else {
            throw SpliceError(
                description: "the batch has \(markers) image markers and \(places) images")
        }
        if let wrong = pictures?.first(where: { !(0..<imageCount).contains($0) }) {
            throw SpliceError(
                description: "a marker stands for image \(wrong) of the batch's \(imageCount)")
        }
        guard labels == nil || labels?.count == ids.count else {
            throw SpliceError(
                description:
                    "the batch has \(ids.count) rows of ids and \(labels?.count ?? 0) of labels")
        }
        if let packing, packing.joined().sorted() != Array(ids.indices) {
            throw SpliceError(
                description:
                    "the rows of a packed batch must hold each of its \(ids.count) samples once")
        }
        let textCount = ids.reduce(0) { $0 + $1.count } - markers
        var splicing = Splicing(
            textCount: textCount, tokensPerImage: tokensPerImage, pictures: pictures, texts: [],
            marker: 0)
        splicing.texts.reserveCapacity(textCount)
        var samples: [(sources: [Int], labels: [Int])] = []
        for (row, rowIDs) in ids.enumerated() {
            samples.append(try splicing.append(rowIDs, labels: labels?[row], row: row))
        }
        let rows = packing ?? ids.indices.map { [$0] }
        documents = rows.map { row in
            var start = 0
            return row.map { sample in
                defer { start += samples[sample].sources.count }
                return start..<start + samples[sample].sources.count
            }
        }
        let columns = documents.map { $0.last?.upperBound ?? 0 }.max() ?? 0
        let zero = textCount + imageCount * tokensPerImage
        textIDs = splicing.texts
        self.columns = columns
        sources = rows.flatMap { row in
            Self.pad(row.flatMap { samples[$0].sources }, to: columns, with: zero)
        }
        self.labels = rows.map { row in
            Self.pad(row.flatMap { samples[$0].labels }, to: columns, with: MarkerID.ignored)
        }
    }

    /// The state of walking through the samples.
    private struct Splicing {
        let textCount, tokensPerImage: Int
        let pictures: [Int]?
        var texts: [Int]
        var marker: Int

        /// Sources and labels of one sample's positions.
        mutating func append(
            _ ids: [Int], labels: [Int]?, row: Int
        ) throws(SpliceError) -> (sources: [Int], labels: [Int]) {
            if let labels, labels.count != ids.count {
                throw SpliceError(
                    description: "row \(row) has \(ids.count) ids and \(labels.count) labels")
            }
            var sources: [Int] = []
            var spliced: [Int] = []
            for (place, id) in ids.enumerated() {
                if id == MarkerID.image {
                    let first = textCount + (pictures?[marker] ?? marker) * tokensPerImage
                    sources.append(contentsOf: first..<first + tokensPerImage)
                    spliced.append(
                        contentsOf: repeatElement(MarkerID.ignored, count: tokensPerImage))
                    marker += 1
                } else if id >= 0 {
                    sources.append(texts.count)
                    texts.append(id)
                    spliced.append(labels?[place] ?? MarkerID.ignored)
                } else {
                    throw SpliceError(description: "row \(row), place \(place): unknown id \(id)")
                }
            }
            return (sources, spliced)
        }
    }

    private static func pad(_ row: [Int], to count: Int, with filler: Int) -> [Int] {
        row + Array(repeating: filler, count: count - row.count)
    }

    /// Positions whose successor is learned, as indices into the flattened batch, with targets.
    public var supervised: (positions: [Int], targets: [Int]) {
        var positions: [Int] = []
        var targets: [Int] = []
        for (row, labels) in labels.enumerated() {
            for document in documents[row] {
                for place in document.dropFirst() where labels[place] != MarkerID.ignored {
                    positions.append(row * columns + place - 1)
                    targets.append(labels[place])
                }
            }
        }
        return (positions, targets)
    }

    /// Number of learned positions of every sample, row by row; their sum is that of
    /// ``supervised``.
    public var supervisedCounts: [Int] {
        var counts: [Int] = []
        for (row, labels) in labels.enumerated() {
            for document in documents[row] {
                counts.append(document.dropFirst().count { labels[$0] != MarkerID.ignored })
            }
        }
        return counts
    }

    /// The layout of the tokens.
    ///
    /// Padding is on the right and needs no mask: causal attention never looks there.
    public var layout: SequenceLayout {
        if documents.contains(where: { $0.count > 1 }) {
            return SequenceLayout(documents: documents, tokenCount: columns)
        }
        return .contiguous(count: columns)
    }

    /// The layout under masks over text ids, spread as the reference does it: the mask of the ids
    /// is pushed to the end of the row, and everything before it is real.
    ///
    /// - Parameter idMasks: one truth value per id, markers included.
    public func layout(idMasks: [[Bool]]) -> SequenceLayout {
        let masks = zip(idMasks, lengths).map { mask, length in
            Array(repeating: true, count: max(0, length - mask.count)) + mask
                + Array(repeating: false, count: columns - length)
        }
        return SequenceLayout(positions: [Array(0..<columns)], keyMask: masks)
    }
    /// The layout of the tokens of this plan's batch.
    func layout(of batch: MiphaBatch) -> SequenceLayout {
        batch.idMasks.map { layout(idMasks: $0) } ?? layout
    }
}
