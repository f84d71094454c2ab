public import MiphaFiles

/// The difference between two sets of answers to the same questions.
///
/// Both sides are drawn with the same images, so what makes an image hard for both cancels out.
/// The p-value is that of a permutation test: under the hypothesis that the sides do not differ, it
/// does not matter which side an image's answers are counted on.
public struct PairedComparison: Sendable {
    /// The difference of one figure.
    public struct Difference: Sendable {
        /// The figure's name with its part.
        public let label: String
        /// The scale of the values.
        public let unit: Figure.Unit
        /// The value of the first side.
        public let first: Double
        /// The value of the second side.
        public let second: Double
        /// 95 % interval of `second - first`; nil when there is no evidence.
        public let interval: Figure.Interval?
        /// Two-sided p-value of no difference.
        public let pValue: Double?

        /// The second value less the first.
        public var difference: Double { second - first }
    }

    /// An answer whose score changed.
    public struct Flip: Sendable {
        /// The first side's item.
        public let first: ScoredItem
        /// The second side's item.
        public let second: ScoredItem
    }

    /// Differences, the headline first.
    public let differences: [Difference]
    /// Answers that got another score, in the order of the first side.
    public let flips: [Flip]
    /// Number of questions compared: of partial runs those that both sides answered, else all
    /// that were scored, among them those that a side left without an answer.
    public let questionCount: Int
    /// Of partial runs, how many answers of each side are to questions that the other side has
    /// not answered, and count in no figure.
    public let leftOut: (first: Int, second: Int)

    /// Compares two scored sides; both recorders must have kept their items.
    ///
    /// - Throws: `EvaluationError` when the sides are about different questions.
    public init(
        _ first: ScoreRecorder, _ second: ScoreRecorder, draws: Int = 2000,
        seed: UInt64 = 20_240_311
    ) throws(EvaluationError) {
        try self.init(first, second, asked: nil, draws: draws, seed: seed)
    }

    /// Compares what two recorders hold.
    ///
    /// - Parameter asked: how many questions each side answered before those that the other lacks
    ///   were left out; nil when none were. Then a scorer's own sums may hold more than the
    ///   evidence, so that values are computed from the evidence.
    init(
        _ first: ScoreRecorder, _ second: ScoreRecorder, asked: (first: Int, second: Int)?,
        draws: Int = 2000, seed: UInt64 = 20_240_311
    ) throws(EvaluationError) {
        let flips = try Self.flips(first, second)
        let places = first.figures.indices.compactMap { place -> (Int, Int)? in
            let figure = first.figures[place]
            guard figure.unit != .count, asked == nil || figure.statistic != nil,
                let other = second.figures.firstIndex(where: {
                    PythonText.equal($0.label, figure.label)
                })
            else { return nil }
            return (place, other)
        }
        let sides = try PairedEvidence(first.evidence, second.evidence)
        let pairs = places.map { (first.figures[$0.0], second.figures[$0.1]) }
        let tests = sides.test(
            pairs.map { ($0.0.statistic, $0.1.statistic) }, draws: draws, seed: seed)
        let sums = (first.evidence.sums, second.evidence.sums)
        func value(_ figure: Figure, _ sums: [Double]) -> Double {
            asked == nil ? figure.value : figure.statistic?.value(sums) ?? figure.value
        }
        differences = zip(pairs, tests).map { pair, test in
            Difference(
                label: pair.0.label, unit: pair.0.unit, first: value(pair.0, sums.0),
                second: value(pair.1, sums.1),
                interval: test?.interval, pValue: test?.pValue)
        }
        leftOut = asked.map { ($0.first - first.itemCount, $0.second - second.itemCount) } ?? (0, 0)
        self.flips = flips
        questionCount = first.itemCount
    }

    private static func flips(
        _ first: ScoreRecorder, _ second: ScoreRecorder
    ) throws(EvaluationError) -> [Flip] {
        func mismatch(_ what: String) -> EvaluationError {
            EvaluationError(.mismatch, "the two sides answer different questions: \(what)")
        }
        guard first.items.count == second.items.count else {
            throw mismatch("\(first.items.count) against \(second.items.count)")
        }
        // Of questions with one id and the same right answers their order decides.
        var others = Dictionary(grouping: second.items, by: { ItemKey($0) }).mapValues { $0[...] }
        var flips: [Flip] = []
        for left in first.items {
            guard let right = others[ItemKey(left)]?.popFirst() else {
                throw mismatch("the second side has no \(left.id)")
            }
            if left.score != right.score { flips.append(Flip(first: left, second: right)) }
        }
        return flips
    }

    /// The comparison as a JSON object.
    public var json: JSONValue {
        [
            "questions": .integer(questionCount),
            "left_out": [.integer(leftOut.first), .integer(leftOut.second)],
            "differences": .array(
                differences.map { item in
                    [
                        "figure": .string(item.label), "first": .double(item.first),
                        "second": .double(item.second), "difference": .double(item.difference),
                        "interval": item.interval.map { [.double($0.low), .double($0.high)] }
                            ?? .null,
                        "p_value": item.pValue.map { .double($0) } ?? .null,
                    ]
                }),
            "flips": .array(
                flips.map { ["first": $0.first.json, "second": $0.second.json] }),
        ]
    }
}

/// Two sides' evidence over the same clusters.
struct PairedEvidence {
    struct Test {
        let interval: Figure.Interval
        let pValue: Double?
    }

    private let first: GroupedEvidence
    private let second: GroupedEvidence
    /// The first side's column of each of the second side's, and the other way round; nil unless
    /// both sides have the same ones, which the same scorer over the same questions gives them.
    private let columns: (toFirst: [Int], toSecond: [Int])?
    /// The second side's cluster of each of the first side's.
    private let partners: [Int]

    init(_ first: Evidence, _ second: Evidence) throws(EvaluationError) {
        let partners = Self.places(of: first.clusterNames, in: second.clusterNames)
        guard partners.count == first.clusterNames.count,
            partners.count == second.clusterNames.count
        else {
            throw EvaluationError(
                .mismatch, "the two sides are about different images; nothing can be paired")
        }
        self.partners = partners
        let toFirst = Self.places(of: second.columnNames, in: first.columnNames)
        let toSecond = Self.places(of: first.columnNames, in: second.columnNames)
        columns =
            toFirst.count == second.columnCount && toSecond.count == first.columnCount
            ? (toFirst, toSecond) : nil
        self.first = first.grouped()
        self.second = second.grouped()
    }

    /// Where names stand among others, those that are not there left out.
    private static func places(of names: [String], in others: [String]) -> [Int] {
        var places: [ExactString: Int] = [:]
        for (index, name) in others.enumerated() { places[ExactString(name)] = index }
        return names.compactMap { places[ExactString($0)] }
    }

    /// An interval and a p-value for each pair of statistics; nil where one is missing.
    func test(
        _ pairs: [(Statistic?, Statistic?)], draws: Int, seed: UInt64
    ) -> [Test?] {
        guard partners.count > 1 else { return pairs.map { _ in nil } }
        var generator = SplitMix64(seed: seed)
        let observed = differences(pairs) { _ in (1, false) }
        var drawn = [[Double]](repeating: [], count: pairs.count)
        var extreme = [Int](repeating: 0, count: pairs.count)
        for _ in 0..<draws {
            var weights = [Double](repeating: 0, count: partners.count)
            for _ in partners { weights[generator.below(partners.count)] += 1 }
            for (index, value) in differences(pairs, { (weights[$0], false) }).enumerated() {
                drawn[index].append(value ?? 0)
            }
            guard columns != nil else { continue }
            var swaps = [Bool](repeating: false, count: partners.count)
            for index in swaps.indices { swaps[index] = generator.next() & 1 == 1 }
            for (index, value) in differences(pairs, { (1, swaps[$0]) }).enumerated() {
                // Sums in another order differ in the last digits.
                let bound = abs(observed[index] ?? 0) * (1 - 1e-9)
                if abs(value ?? 0) >= bound { extreme[index] += 1 }
            }
        }
        return pairs.indices.map { index in
            observed[index].map { _ in
                Test(
                    interval: Bootstrap.interval(drawn[index]),
                    pValue: columns != nil ? Double(extreme[index] + 1) / Double(draws + 1) : nil)
            }
        }
    }

    /// `second - first` of each pair, with every cluster weighted and perhaps swapped.
    private func differences(
        _ pairs: [(Statistic?, Statistic?)], _ choice: (Int) -> (weight: Double, swaps: Bool)
    ) -> [Double?] {
        var left = [Double](repeating: 0, count: first.columnCount)
        var right = [Double](repeating: 0, count: second.columnCount)
        for cluster in partners.indices {
            let (weight, swaps) = choice(cluster)
            guard weight > 0 else { continue }
            if swaps, let columns {
                first.add(cluster, weight: weight, to: &right, columns.toSecond)
                second.add(partners[cluster], weight: weight, to: &left, columns.toFirst)
            } else {
                first.add(cluster, weight: weight, to: &left)
                second.add(partners[cluster], weight: weight, to: &right)
            }
        }
        return pairs.map { pair in
            guard let one = pair.0, let other = pair.1 else { return nil }
            return other.value(right) - one.value(left)
        }
    }
}
