import MiphaChat
import MiphaData
import MiphaModels

/// The sizes of a run's samples, without their images' pixels.
///
/// Every sample is encoded where there are few; of many, some spread evenly over the data are, and the
/// others follow from their number of words.
package struct SampleShapes: Sendable {
    /// One sample.
    package struct Shape: Sendable, Equatable {
        /// Text ids, without the images' markers.
        var words: Int
        var pictures: Int
        var supervised: Int
        var patches: Int
        /// Text ids of the row of the rejected answer, beside those in `words`; of a pair only.
        var rejected: Int?

        package init(
            words: Int, pictures: Int, supervised: Int, patches: Int, rejected: Int? = nil
        ) {
            self.words = words
            self.pictures = pictures
            self.supervised = supervised
            self.patches = patches
            self.rejected = rejected
        }

        /// Text ids of each row, and how many of them are supervised.
        var texts: [(words: Int, supervised: Int)] {
            guard let rejected else { return [(words, supervised)] }
            let first = supervised * words / max(1, ids)
            return [(words, first), (rejected, supervised - first)]
        }
        /// Positions of each row after the images are spliced in.
        var rows: [Int] {
            [words, rejected].compactMap { $0.map { $0 + pictures * patches } }
        }
        /// Positions of all rows.
        var positions: Int { rows.reduce(0, +) }
        /// Text ids of all rows.
        var ids: Int { words + (rejected ?? 0) }
        /// Bytes of the prepared sample.
        ///
        /// - Parameter image: bytes of each of its images.
        func bytes(image: Int) -> Int {
            2 * (ids + rows.count * pictures) * MemoryLayout<Int>.size + pictures * image
        }
    }

    /// The most samples that are all encoded.
    static let exactLimit = 20_000
    /// Samples that are encoded of larger sets.
    private static let probeCount = 2_000

    /// Number of samples.
    var count: Int { data.count }
    /// Whether all lengths are counted, not estimated.
    let isExact: Bool
    private let data: TrainingDataSet
    private let patches: Int
    private let known: [Shape]
    /// Text ids and supervised positions a word where lengths are estimated.
    private let idsPerWord: Double
    private let supervisedShare: Double
    private let isOfPairs: Bool

    init(_ data: TrainingDataSet, patches: Int, limit: Int = exactLimit) throws {
        self.data = data
        self.patches = patches
        let samples = (0..<min(data.count, Self.probeCount)).lazy
        isOfPairs = samples.compactMap { try? data.source.sample($0) }.first?.answers != nil
        isExact = data.count <= limit
        guard !isExact else {
            var shapes: [Shape] = []
            for number in 0..<data.count { shapes.append(Self.shape(data, number, patches)) }
            known = shapes
            (idsPerWord, supervisedShare) = (0, 0)
            return
        }
        known = []
        let stride = max(1, data.count / min(Self.probeCount, data.count))
        var (words, ids, supervised) = (0, 0, 0)
        for number in Swift.stride(from: 0, to: data.count, by: stride) {
            let shape = Self.shape(data, number, patches)
            ids += shape.ids
            supervised += shape.supervised
            words += data.source.wordCount(number)
        }
        idsPerWord = Double(ids) / Double(max(1, words))
        supervisedShare = Double(supervised) / Double(max(1, ids))
    }

    /// The shape of a sample, counted or estimated.
    subscript(number: Int) -> Shape {
        if isExact { return known[number] }
        let limit = data.encoder.options.maximumLength ?? .max
        let all = Int((Double(data.source.wordCount(number)) * idsPerWord).rounded())
        let row = min(limit, isOfPairs ? all / 2 : all)
        let ids = isOfPairs ? 2 * row : row
        return Shape(
            words: row, pictures: data.source.pictureCount(number),
            supervised: Int((Double(ids) * supervisedShare).rounded()), patches: patches,
            rejected: isOfPairs ? row : nil)
    }

    /// The shape of a sample, counted.
    func exact(_ number: Int) -> Shape {
        isExact ? known[number] : Self.shape(data, number, patches)
    }

    /// A sample that cannot be encoded takes no part; training's policy decides what becomes of it.
    private static func shape(_ data: TrainingDataSet, _ number: Int, _ patches: Int) -> Shape {
        guard let rows = try? data.rows(number), let first = rows.first else {
            return Shape(words: 0, pictures: 0, supervised: 0, patches: patches)
        }
        let supervised = rows.reduce(0) { sum, row in
            sum
                + zip(row.ids, row.labels).dropFirst().count { id, label in
                    label != MarkerID.ignored && id != MarkerID.image
                }
        }
        let pictures = first.imageCount
        return Shape(
            words: first.ids.count - pictures, pictures: pictures, supervised: supervised,
            patches: patches, rejected: rows.count == 2 ? rows[1].ids.count - pictures : nil)
    }
}
