import MiphaData

/// Numbers of samples that a run asked for, that its policy had to leave out or change, and
/// that had nothing to learn from.
struct SampleUsability {
    private(set) var asked = 0
    private(set) var bad = 0
    /// Samples without a supervised position.
    private(set) var idle = 0

    init(asked: Int = 0, bad: Int = 0, idle: Int = 0) {
        (self.asked, self.bad, self.idle) = (asked, bad, idle)
    }

    /// Bad samples that say nothing yet about a data set.
    static let tolerance = 10

    /// Counts micro-batches.
    mutating func add(_ batches: [SampleLoader.MicroBatch]) {
        for batch in batches {
            asked += batch.indices.count + batch.badSamples.count { $0.action == .skipped }
            bad += batch.badSamples.count
            idle += batch.samples.count { [$0].supervisedCount == 0 }
        }
    }

    /// Whether the samples are bad beyond what a run may accept.
    static func isExceeded(bad: Int, asked: Int, share: Double) -> Bool {
        bad > tolerance && Double(bad) > share * Double(asked)
    }
}
