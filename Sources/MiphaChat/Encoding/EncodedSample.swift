/// Token ids and labels of one conversation, image markers not yet expanded.
public struct EncodedSample: Sendable, Hashable {
    /// Ids; `ImageMarker.id` (-200) stands for one image.
    public var ids: [Int]
    /// For each id itself or `IgnoredLabel.id` (-100); not shifted.
    public var labels: [Int]
    /// How many ids the maximum length cut off.
    public var truncatedCount: Int
    /// What the reference's algorithm did, nil under the offsets policy.
    public var referenceOutcome: ReferenceOutcome?

    /// Makes a sample.
    public init(
        ids: [Int], labels: [Int], truncatedCount: Int = 0,
        referenceOutcome: ReferenceOutcome? = nil
    ) {
        self.ids = ids
        self.labels = labels
        self.truncatedCount = truncatedCount
        self.referenceOutcome = referenceOutcome
    }

    /// How many image markers are left; markers are cut from the end, so the first images remain.
    public var imageCount: Int { ids.count { $0 == ImageMarker.id } }

    /// How many positions count in the loss; with zero the mean loss is undefined and the trainer
    /// must leave the sample out of the mean.
    public var supervisedCount: Int { labels.count { $0 != IgnoredLabel.id } }

    mutating func truncate(to limit: Int?) {
        guard let limit, ids.count > limit else { return }
        truncatedCount += ids.count - limit
        ids.removeSubrange(limit...)
        labels.removeSubrange(limit...)
    }
}

/// What the reference's label mask did with a sample.
public enum ReferenceOutcome: Sendable, Hashable {
    /// All rounds were found and the token counts agreed.
    case kept
    /// The counts disagreed but the sample is at least as long as the maximum, so it was not masked.
    case keptUnchecked(counted: Int, expected: Int)
    /// The counts disagreed and every label was set to -100.
    case masked(counted: Int, expected: Int)

    /// Whether every label was set to -100.
    public var isMasked: Bool {
        if case .masked = self { return true }
        return false
    }
}
