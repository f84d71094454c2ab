public import MiphaFiles

/// Something in a run that did not end it but should be known; a line of `incidents.jsonl`.
public struct Incident: Sendable, Equatable {
    /// What happened.
    public enum Kind: String, Sendable, CaseIterable {
        /// An update with a loss or gradients that are not finite changed no weight.
        case skippedUpdate = "skipped_update"
        /// A loss far above the running median.
        case lossSpike = "loss_spike"
        /// A sample was left out or changed by the policy for bad samples.
        case badSample = "bad_sample"
        /// Samples without a single supervised position: cut off or masked.
        case nothingToLearn = "nothing_to_learn"
        /// A checkpoint could not be written.
        case checkpointFailed = "checkpoint_failed"
        /// A checkpoint was found damaged and passed over.
        case checkpointDamaged = "checkpoint_damaged"
        /// A checkpoint, damaged or of later updates than the run goes on from, got another name.
        case checkpointSetAside = "checkpoint_set_aside"
        /// The feature cache takes no more entries, because one could not be written.
        case featureCacheFailed = "feature_cache_failed"
        /// The run goes on on another kind of device, whose generators cannot go on from the saved
        /// state.
        case deviceChanged = "device_changed"
    }

    /// What happened.
    public let kind: Kind
    /// Number of updates done, the one concerned included.
    public let step: Int
    /// Ids of the samples concerned.
    public let samples: [String]
    /// More in words.
    public let message: String
    /// The process concerned, where it is one of several.
    public var rank: Int?

    /// Creates an incident.
    public init(_ kind: Kind, step: Int, samples: [String] = [], message: String) {
        self.kind = kind
        self.step = step
        self.samples = samples
        self.message = message
    }

    /// The members of the line.
    public var json: JSONObject {
        var line: JSONObject = [
            "kind": .string(kind.rawValue), "step": .integer(step), "message": .string(message),
            "samples": .array(samples.map { .string($0) }),
        ]
        if let rank { line["rank"] = .integer(rank) }
        return line
    }
}
