/// What happens to a sample that cannot be read, encoded or decoded.
public enum BadSamplePolicy: String, Sendable, CaseIterable {
    /// The run stops at its micro-batch with the error.
    case fail
    /// The sample is left out and recorded; its micro-batch has fewer samples, or none.
    case skip
    /// An image that cannot be had is replaced by one of the mean colour, and recorded; a sample
    /// that is bad in another way is left out and recorded.
    case blank
}

/// A sample that a run could not use as it is.
public struct BadSample: Sendable, Equatable {
    /// What was done with it.
    public enum Action: String, Sendable {
        /// It was left out.
        case skipped
        /// Its images that could not be had were replaced.
        case blanked
    }

    /// The micro-batch, counted from the start of the run.
    public let microBatch: Int
    /// The number of the sample in its source.
    public let sample: Int
    /// The sample's identifier, where it is known.
    public let id: String?
    /// File and item.
    public let place: String
    /// What was done.
    public let action: Action
    /// Why: one message for each bad image, else one.
    public let reasons: [String]
}
