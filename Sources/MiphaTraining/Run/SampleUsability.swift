import MiphaData

/// How many samples a run asked for, and how many of them its policy had to leave out or change.
struct SampleUsability {
    private(set) var asked = 0
    private(set) var bad = 0

    init(asked: Int = 0, bad: Int = 0) {
        (self.asked, self.bad) = (asked, bad)
    }

    /// Bad samples that say nothing yet about a data set.
    static let tolerance = 10

    /// Counts micro-batches.
    mutating func add(_ batches: [SampleLoader.MicroBatch]) {
        for batch in batches {
            asked += batch.indices.count + batch.badSamples.count { $0.action == .skipped }
            bad += batch.badSamples.count
        }
    }

    /// Whether the samples are bad beyond what a run may accept.
    static func isExceeded(bad: Int, asked: Int, share: Double) -> Bool {
        bad > tolerance && Double(bad) > share * Double(asked)
    }
}
