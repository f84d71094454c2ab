import MiphaFiles

/// Collects what a benchmark's scorer finds: items, evidence, figures and notes.
///
/// Sums are taken in the order of the items, one after the other, as the Python scorers do, so that
/// figures agree to the last digit.
public struct ScoreRecorder {
    /// The sum of scores and the number of items of a part.
    public struct Tally: Sendable {
        /// The part, empty over everything.
        public let part: String
        /// Sum of the scores, added in order.
        public var total = 0.0
        /// Number of items.
        public var count = 0
        let totalColumn: Int
        let countColumn: Int

        /// The plain mean; 0 without items.
        public var mean: Double { count == 0 ? 0 : total / Double(count) }

        /// The mean as a statistic, times `scale`.
        public func statistic(scale: Double) -> Statistic {
            .quotient(.product(.constant(scale), .column(totalColumn)), .column(countColumn))
        }
    }

    /// Figures, the headline first.
    public private(set) var figures: [Figure] = []
    /// Number of items by what became of them.
    public private(set) var counts: [ScoredItem.Status: Int] = [:]
    /// Remarks for people.
    public private(set) var notes: [String] = []
    /// What figures are made of.
    public private(set) var evidence = Evidence()
    /// Items that were not understood, up to ``unresolvedLimit``.
    public private(set) var unresolved: [ScoredItem] = []
    /// All items, when they are kept.
    public private(set) var items: [ScoredItem] = []

    /// How many items that were not understood are listed.
    public static let unresolvedLimit = 1000

    /// Whether questions without an answer are left out, as when only some were asked.
    public var leavesOutMissing = false

    /// The cluster of items that are left out; nothing is contributed to it.
    public static let leftOut = -1

    /// Whether every item so far is, letter by letter, one of its right answers.
    private(set) var isPerfect = true

    /// The questions that count and how often each may still come; nil for all.
    var remaining: [ItemKey: Int]?

    private let keepsItems: Bool
    private let sink: ((ScoredItem) throws(EvaluationError) -> Void)?
    private var overallTally: Tally?
    private var dimensions: [(name: String, parts: [Tally], places: [ExactString: Int])] = []

    /// Makes a recorder.
    ///
    /// - Parameters:
    ///   - keepsItems: whether `items` is filled.
    ///   - sink: called with every item as it is recorded.
    public init(
        keepsItems: Bool = false, sink: ((ScoredItem) throws(EvaluationError) -> Void)? = nil
    ) {
        self.keepsItems = keepsItems
        self.sink = sink
    }

    /// Number of items.
    public var itemCount: Int { counts.values.reduce(0, +) }

    /// Records an item; its score is added to the overall mean and the means of its parts.
    ///
    /// - Returns: the item's cluster, for further evidence; ``leftOut`` for an item that is left out.
    @discardableResult
    public mutating func record(_ item: ScoredItem) throws(EvaluationError) -> Int {
        if leavesOutMissing, item.status == .missing { return Self.leftOut }
        if remaining != nil {
            let key = ItemKey(item)
            guard let count = remaining?[key], count > 0 else { return Self.leftOut }
            remaining?[key] = count - 1
        }
        counts[item.status, default: 0] += 1
        if item.status != .scored, unresolved.count < Self.unresolvedLimit {
            unresolved.append(item)
        }
        if isPerfect {
            isPerfect = item.expected.contains { PythonText.equal($0, item.prediction) }
        }
        if keepsItems { items.append(item) }
        try sink?(item)
        let cluster = evidence.cluster(
            named: item.cluster.isEmpty ? item.id.text : item.cluster)
        var overall = overallTally ?? makeTally("", "")
        add(item.score, cluster, to: &overall)
        overallTally = overall
        for group in item.groups { record(item.score, cluster, group) }
        return cluster
    }

    private mutating func record(_ score: Double, _ cluster: Int, _ group: ScoredItem.Group) {
        let dimension: Int
        if let known = dimensions.firstIndex(where: {
            PythonText.equal($0.name, group.dimension)
        }) {
            dimension = known
        } else {
            dimension = dimensions.count
            dimensions.append((group.dimension, [], [:]))
        }
        let place: Int
        if let known = dimensions[dimension].places[ExactString(group.part)] {
            place = known
        } else {
            place = dimensions[dimension].parts.count
            dimensions[dimension].places[ExactString(group.part)] = place
            dimensions[dimension].parts.append(makeTally(group.dimension, group.part))
        }
        var tally = dimensions[dimension].parts[place]
        add(score, cluster, to: &tally)
        dimensions[dimension].parts[place] = tally
    }

    private mutating func makeTally(_ dimension: String, _ part: String) -> Tally {
        Tally(
            part: part, totalColumn: evidence.makeColumn("total \(dimension) \(part)"),
            countColumn: evidence.makeColumn("count \(dimension) \(part)"))
    }

    private mutating func add(_ score: Double, _ cluster: Int, to tally: inout Tally) {
        tally.total += score
        tally.count += 1
        evidence.add(score, to: tally.totalColumn, cluster: cluster)
        evidence.add(1, to: tally.countColumn, cluster: cluster)
    }

    /// Scores over all items so far.
    public var overall: Tally {
        overallTally ?? Tally(part: "", totalColumn: 0, countColumn: 0)
    }

    /// Scores by part, in the order parts came.
    public func tallies(_ dimension: String) -> [Tally] {
        dimensions.first { $0.name == dimension }?.parts ?? []
    }

    /// Makes a column of evidence beside the scores, for figures that are not means.
    public mutating func makeColumn() -> Int {
        evidence.makeColumn("column \(evidence.columnCount)")
    }

    /// Adds to a column made before.
    public mutating func contribute(_ value: Double, to column: Int, cluster: Int) {
        guard cluster != Self.leftOut else { return }
        evidence.add(value, to: column, cluster: cluster)
    }

    /// Adds a figure; the first is the headline.
    public mutating func add(_ figure: Figure) {
        figures.append(figure)
    }

    /// Adds the mean over all items as the headline `name`, and those by each of `dimensions`.
    ///
    /// - Parameter value: turns sum and count into the figure, with the official scorer's rounding.
    public mutating func addMeans(
        _ name: String, by dimensionNames: [String] = [], unit: Figure.Unit = .percent,
        value: (_ total: Double, _ count: Int) -> Double = { 100 * $0 / Double(max($1, 1)) }
    ) {
        let scale = unit == .percent ? 100.0 : 1
        let all = overall
        add(
            Figure(
                name, value: value(all.total, all.count), unit: unit, count: all.count,
                statistic: all.count == 0 ? nil : all.statistic(scale: scale)))
        for dimension in dimensionNames {
            for tally in tallies(dimension) {
                add(
                    Figure(
                        name, dimension: dimension, part: tally.part,
                        value: value(tally.total, tally.count), unit: unit, count: tally.count,
                        statistic: tally.statistic(scale: scale)))
            }
        }
    }

    /// Remarks that questions without an answer count as wrong, unless they are left out.
    public mutating func noteMissing(_ count: Int) {
        if count > 0, !leavesOutMissing {
            note("\(count) questions have no answer and count as wrong")
        }
    }

    /// Adds a remark.
    public mutating func note(_ text: String) {
        notes.append(text)
    }

    /// Puts intervals beside the figures that have a statistic.
    public mutating func addIntervals(_ bootstrap: Bootstrap) {
        let places = figures.indices.filter { figures[$0].statistic != nil }
        let intervals = bootstrap.intervals(
            of: places.compactMap { figures[$0].statistic }, evidence)
        for (place, interval) in zip(places, intervals) { figures[place].interval = interval }
    }
}
