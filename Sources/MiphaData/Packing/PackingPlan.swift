/// Which samples share a row of a packed batch.
///
/// Packing is cheap next to an epoch, so there are two ways: pack the order of each epoch anew, and
/// the number of rows changes a little; or pack all samples once and let a ``BatchPlan`` order the
/// rows, and every epoch has the same number of updates, which is what training does.
public struct PackingPlan: Sendable, Hashable {
    /// How samples are put into rows.
    public enum Method: Sendable, Hashable {
        /// In order; a sample that does not fit begins a new row.
        case sequential
        /// Of each `window` samples in a row of the order the longest first, each into the first
        /// row with room; rows and the samples in them then stand by their first place in the order.
        case firstFitDecreasing(window: Int)
    }

    /// Positions of a row.
    public let capacity: Int
    /// Samples longer than a row, in order; they are in no row.
    public let leftOut: [Int]
    /// Positions in use.
    public let usedPositions: Int

    private let samples: [Int32]
    private let starts: [Int32]

    /// The number of rows.
    public var count: Int { starts.count - 1 }
    /// The number of samples in all rows.
    public var sampleCount: Int { samples.count }

    /// The part of all positions that is in use, 0…1.
    public var fill: Double {
        count == 0 ? 0 : Double(usedPositions) / (Double(count) * Double(capacity))
    }

    /// Packs samples.
    ///
    /// - Parameters:
    ///   - order: numbers of samples, such as an epoch's; a number may come again.
    ///   - lengths: positions of each sample after splicing, by its number.
    ///   - capacity: positions of a row.
    ///   - method: how samples are put into rows.
    ///   - leavesOutOverlong: whether samples longer than a row are left out instead of refused.
    /// - Throws: `DataError` for a capacity or window below 1, a negative length, or a sample longer
    ///   than a row.
    public init(
        order: [Int], lengths: [Int32], capacity: Int,
        method: Method = .firstFitDecreasing(window: 4096), leavesOutOverlong: Bool = false
    ) throws(DataError) {
        guard (1...Int(Int32.max)).contains(capacity) else {
            throw DataError(
                .invalidOption,
                "positions of a row: expected 1 to \(Int32.max), found \(capacity)")
        }
        var packer = RowPacker(capacity: capacity)
        var leftOut: [Int] = []
        var fitting: [Int] = []
        fitting.reserveCapacity(order.count)
        for sample in order {
            guard lengths.indices.contains(sample), lengths[sample] >= 0 else {
                throw DataError(
                    .invalidOption, "lengths: expected a length of sample \(sample), found none")
            }
            if Int(lengths[sample]) <= capacity {
                fitting.append(sample)
            } else if leavesOutOverlong {
                leftOut.append(sample)
            } else {
                throw DataError(
                    .overlongSample,
                    "sample \(sample): expected at most \(capacity) positions, the length of a "
                        + "packed row, found \(lengths[sample]); make rows longer, cut samples, or "
                        + "leave out what is too long")
            }
        }
        switch method {
        case .sequential: packer.packSequentially(fitting, lengths)
        case .firstFitDecreasing(let window):
            guard window > 0 else {
                throw DataError(
                    .invalidOption,
                    "window of packing: expected at least 1 sample, found \(window)")
            }
            for start in stride(from: 0, to: fitting.count, by: window) {
                packer.packDecreasing(
                    fitting[start..<min(start + min(window, fitting.count), fitting.count)],
                    lengths)
            }
        }
        self.capacity = capacity
        self.leftOut = leftOut
        usedPositions = fitting.reduce(0) { $0 + Int(lengths[$1]) }
        samples = packer.samples
        starts = packer.starts
    }

    /// The samples of a row in order.
    public func row(_ number: Int) -> [Int] {
        samples[Int(starts[number])..<Int(starts[number + 1])].map { Int($0) }
    }
}
