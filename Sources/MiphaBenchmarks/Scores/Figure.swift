/// A number of a score, such as an accuracy over one kind of question.
public struct Figure: Sendable {
    /// How a figure reads.
    public enum Unit: String, Sendable {
        /// 0 to 100.
        case percent
        /// 0 to 1.
        case fraction
        /// Any other scale, such as MME's sums.
        case points
        /// A number of things.
        case count
    }

    /// A 95 % confidence interval.
    public struct Interval: Sendable, Equatable {
        /// Lower end.
        public let low: Double
        /// Upper end.
        public let high: Double

        /// Makes an interval.
        public init(low: Double, high: Double) {
            self.low = low
            self.high = high
        }
    }

    /// What is counted: `accuracy`, `f1`, `anls`.
    public var name: String
    /// The kind of part this figure is about (`answer_type`, `category`), nil over everything.
    public var dimension: String?
    /// Which part (`yes/no`), nil over everything.
    public var part: String?
    /// The value, all digits, on the scale of `unit`.
    public var value: Double
    /// The scale.
    public var unit: Unit
    /// Number of questions it is computed from; nil where that has no meaning.
    public var count: Int?
    /// The value as a function of the recorded evidence, for intervals; nil gives none.
    public var statistic: Statistic?
    /// The interval, when it was computed.
    public var interval: Interval?

    /// Makes a figure.
    public init(
        _ name: String, dimension: String? = nil, part: String? = nil, value: Double,
        unit: Unit = .percent, count: Int? = nil, statistic: Statistic? = nil
    ) {
        self.name = name
        self.dimension = dimension
        self.part = part
        self.value = value
        self.unit = unit
        self.count = count
        self.statistic = statistic
    }

    /// The name with the part: `accuracy (answer_type yes/no)`.
    public var label: String {
        guard let part else { return name }
        return "\(name) (\(dimension.map { "\($0) " } ?? "")\(part))"
    }
}
