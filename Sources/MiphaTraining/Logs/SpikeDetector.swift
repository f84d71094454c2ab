/// Finds losses that are far above the usual: above `factor` times the median of the last 64.
package struct SpikeDetector: Sendable {
    private static let window = 64
    /// Losses before the first judgement.
    private static let start = 16

    private let factor: Double
    /// The last losses, oldest first.
    package private(set) var recent: [Double]

    /// Starts with the losses of before; a factor of 0 finds nothing.
    package init(factor: Double, recent: [Double] = []) {
        self.factor = factor
        self.recent = recent
    }

    /// Takes the loss of an update in.
    ///
    /// - Returns: the median it was held against, when it is a spike.
    package mutating func spike(_ loss: Double) -> Double? {
        var found: Double?
        if factor > 0, recent.count >= Self.start {
            let sorted = recent.sorted()
            let middle = sorted.count / 2
            let median =
                sorted.count.isMultiple(of: 2)
                ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
            if loss > factor * median { found = median }
        }
        recent.append(loss)
        if recent.count > Self.window { recent.removeFirst() }
        return found
    }
}
