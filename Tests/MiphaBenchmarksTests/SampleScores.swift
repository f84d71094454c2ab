import MiphaBenchmarks

/// Scores that tests write and read.
enum SampleScores {
    static let sum = String(repeating: "0123456789abcdef", count: 4)

    private static func figure(
        _ name: String, _ dimension: String? = nil, _ part: String? = nil, _ value: Double,
        _ unit: Figure.Unit, count: Int? = nil, low: Double? = nil, high: Double? = nil
    ) -> Figure {
        var figure = Figure(
            name, dimension: dimension, part: part, value: value, unit: unit, count: count)
        if let low, let high { figure.interval = Figure.Interval(low: low, high: high) }
        return figure
    }

    /// Something in every field.
    static let whole = ScoreReport(
        benchmark: "textvqa", variant: "llava",
        figures: [
            figure(
                "accuracy", nil, nil, 61.254000000000225, .percent, count: 5000, low: 59.91,
                high: 62.530000000000001)
        ],
        counts: .init(questions: 5000, scored: 4998, unparsed: 1, ambiguous: 0, missing: 1),
        unresolved: [
            ScoredItem(
                id: QuestionID(34602), score: 0, status: .unparsed, prediction: "<nothing>",
                parsed: nil, expected: ["nokia", "nokia"], cluster: "0054c91397f2fe05",
                groups: [.init("kind", "brand")]),
            ScoredItem(id: QuestionID("b7"), score: 0.1, status: .missing, prediction: ""),
        ],
        notes: ["118 questions had no OCR tokens & were asked without them."],
        predictions: .init(path: "answers.jsonl", sha256: sum),
        annotations: [.init(path: "TextVQA_0.5.1_val.json", sha256: sum)],
        speed: .init(questionsPerSecond: 18.25, towerCalls: 3166, pictures: 3166))

    /// Figures of parts, and of another unit.
    static let parts = ScoreReport(
        benchmark: "pope", variant: "llava",
        figures: [
            figure(
                "f1", nil, nil, 0.8594688090539112, .fraction, count: 8910, low: 0.85, high: 0.87),
            figure("yes ratio", nil, nil, 0.4174, .fraction),
            figure("f1", "category", "popular", 0.8624589565851879, .fraction, count: 3000),
            figure("f1", "category", "random", 0.8713601179506082, .fraction, count: 2910),
        ],
        counts: .init(questions: 8910, scored: 8910, unparsed: 0, ambiguous: 0, missing: 0))

    /// Points, of which the second have no interval.
    static let points = ScoreReport(
        benchmark: "mme", variant: "llava",
        figures: [
            figure("perception", nil, nil, 1531.3, .points, count: 2114, low: 1490, high: 1570),
            figure("cognition", nil, nil, 295.35714285714283, .points, count: 260),
        ],
        counts: .init(questions: 2374, scored: 2374, unparsed: 0, ambiguous: 0, missing: 0))
}
