/// One sample ready for a batch.
///
/// It is one row of ids or, for a pair of answers, two that begin with the same question and share its
/// images.
public struct TrainingSample: Sendable, Equatable {
    /// Ids and labels of one text.
    public struct Row: Sendable, Equatable {
        /// Ids with image markers.
        public let ids: [Int]
        /// Labels, one per id.
        public let labels: [Int]

        /// Makes a row.
        public init(ids: [Int], labels: [Int]) {
            self.ids = ids
            self.labels = labels
        }
    }

    /// The rows: one, or that of the chosen answer and that of the rejected one.
    public let rows: [Row]
    /// The images; each row has a marker for each.
    public let images: [SampleImage]

    /// Ids with image markers; of the chosen answer's row in a pair.
    public var ids: [Int] { rows[0].ids }
    /// Labels, one per id; of the chosen answer's row in a pair.
    public var labels: [Int] { rows[0].labels }
    /// Whether this is a pair of answers.
    public var isPair: Bool { rows.count == 2 }

    /// Makes a sample.
    public init(ids: [Int], labels: [Int], images: [SampleImage]) {
        rows = [Row(ids: ids, labels: labels)]
        self.images = images
    }

    /// Makes a pair of answers.
    public init(chosen: Row, rejected: Row, images: [SampleImage]) {
        rows = [chosen, rejected]
        self.images = images
    }

    /// The memory that ids, labels and images take, in bytes.
    public var byteCount: Int {
        rows.reduce(0) { $0 + ($1.ids.count + $1.labels.count) * MemoryLayout<Int>.size }
            + images.reduce(0) { $0 + $1.byteCount }
    }
}
