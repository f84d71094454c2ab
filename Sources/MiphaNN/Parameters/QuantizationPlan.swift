public import MiphaTorch

/// Which linear layers hold their frozen matrix in few bits.
public struct QuantizationPlan: Sendable, Equatable {
    /// How the matrices are held.
    public var format: QuantizationFormat
    /// Parts of the model that are considered, by consecutive components of the path.
    ///
    /// Everything when empty. Mipha's `train.py` leaves tower, projector and head alone, as the default
    /// does.
    public var within: [String]
    /// Parts of the model that are left alone, by consecutive components of the path.
    public var excluding: [String]

    /// Creates a plan.
    public init(
        format: QuantizationFormat, within: [String] = ["model.layers"], excluding: [String] = []
    ) {
        self.format = format
        self.within = within
        self.excluding = excluding
    }

    /// Whether the layer at a path is quantised.
    package func covers(_ path: String) -> Bool {
        (within.isEmpty || within.contains { AdapterPlan.path(path, contains: $0) })
            && !excluding.contains { AdapterPlan.path(path, contains: $0) }
    }
}
