/// Samples of one batch as right-padded rows.
///
/// Image markers still count one position each; splicing expands them and the mask.
public struct PaddedBatch: Sendable, Hashable {
    /// Which positions attention may look at.
    public enum MaskPolicy: Sendable, Hashable {
        /// Every position of the sample.
        case length
        /// Positions whose id is not the pad id, as the reference does.
        ///
        /// For Phi the pad id is the end-of-text id, so the ends of turns inside a conversation are
        /// hidden from attention in training but seen at inference.
        case notPad
    }

    /// `[rows * columns]` ids, row by row, pad id behind each row's end.
    public let ids: [Int]
    /// `[rows * columns]` labels, `IgnoredLabel.id` behind each row's end.
    public let labels: [Int]
    /// `[rows * columns]`, true where attention may look.
    public let mask: [Bool]
    /// The number of samples.
    public let rows: Int
    /// The length of the longest sample.
    public let columns: Int
    /// The length of each row without padding.
    public let lengths: [Int]

    /// Pads samples on the right; no shifting of labels.
    ///
    /// - Parameters:
    ///   - samples: rows in order.
    ///   - padID: the id behind the ends of short rows.
    ///   - maskPolicy: which positions attention may look at.
    ///   - maximumLength: positions kept of each row from its start, nil for all.
    public init(
        _ samples: [EncodedSample], padID: Int, maskPolicy: MaskPolicy = .length,
        maximumLength: Int? = nil
    ) {
        let limit = max(maximumLength ?? Int.max, 0)
        let lengths = samples.map { min($0.ids.count, limit) }
        let columns = lengths.max() ?? 0
        var ids: [Int] = []
        var labels: [Int] = []
        var mask: [Bool] = []
        ids.reserveCapacity(columns * samples.count)
        labels.reserveCapacity(columns * samples.count)
        mask.reserveCapacity(columns * samples.count)
        for (sample, length) in zip(samples, lengths) {
            let padding = columns - length
            ids += sample.ids.prefix(length)
            ids += repeatElement(padID, count: padding)
            labels += sample.labels.prefix(length)
            labels += repeatElement(IgnoredLabel.id, count: padding)
            switch maskPolicy {
            case .length: mask += repeatElement(true, count: length)
            case .notPad: mask += sample.ids.prefix(length).map { $0 != padID }
            }
            mask += repeatElement(false, count: padding)
        }
        self.ids = ids
        self.labels = labels
        self.mask = mask
        self.rows = samples.count
        self.columns = columns
        self.lengths = lengths
    }
}
