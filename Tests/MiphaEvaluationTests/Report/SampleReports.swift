import MiphaBenchmarks
import MiphaEvaluation

/// Reports that tests lay out.
enum SampleReports {
    static let sum = String(repeating: "0123456789abcdef", count: 4)

    /// One white pixel.
    static let picture: [UInt8] = [
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44,
        0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3A,
        0x7E, 0x9B, 0x55, 0x00, 0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0xF8,
        0x0F, 0x00, 0x01, 0x01, 0x01, 0x00, 0x1B, 0xB6, 0xEE, 0x56, 0x00, 0x00, 0x00, 0x00, 0x49,
        0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
    ]

    static func figure(
        _ name: String, _ dimension: String? = nil, _ part: String? = nil, _ value: Double,
        _ unit: Figure.Unit = .percent, count: Int? = nil, low: Double? = nil, high: Double? = nil
    ) -> Figure {
        var figure = Figure(
            name, dimension: dimension, part: part, value: value, unit: unit, count: count)
        if let low, let high { figure.interval = Figure.Interval(low: low, high: high) }
        return figure
    }

    static let textVQA = ScoreReport(
        benchmark: "textvqa", variant: "llava",
        figures: [
            figure(
                "accuracy", nil, nil, 61.254000000000225, count: 5000, low: 59.91,
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

    static let pope = ScoreReport(
        benchmark: "pope", variant: "llava",
        figures: [
            figure(
                "f1", nil, nil, 0.8594688090539112, .fraction, count: 8910, low: 0.85, high: 0.87),
            figure("yes ratio", nil, nil, 0.4174, .fraction),
            figure("f1", "category", "adversarial", 0.8445873526259379, .fraction, count: 3000),
            figure("f1", "category", "popular", 0.8624589565851879, .fraction, count: 3000),
            figure("f1", "category", "random", 0.8713601179506082, .fraction, count: 2910),
        ],
        counts: .init(questions: 8910, scored: 8910, unparsed: 0, ambiguous: 0, missing: 0))

    static let mme = ScoreReport(
        benchmark: "mme", variant: "llava",
        figures: [
            figure("perception", nil, nil, 1531.3, .points, count: 2114, low: 1490, high: 1570),
            figure("cognition", nil, nil, 295.35714285714283, .points, count: 260),
        ],
        counts: .init(questions: 2374, scored: 2374, unparsed: 0, ambiguous: 0, missing: 0))

    static let worst = EvaluationReport.WorstItem(
        id: QuestionID("34603"), question: "what is the brand?\nAnswer with \"one\" word.",
        answer: "<script>alert('x')</script>", expected: ["dakota", "dakota", "clos culombu"],
        score: 0, picture: .bytes(picture))

    /// Three benchmarks, four columns.
    static let small = EvaluationReport(
        model: "Mipha <test>", facts: [.init("Parameters", "3,217,417,280")],
        settings: [.init("Decoding", "greedy")], date: "23 November 2026",
        command: "mipha eval model --benchmark textvqa pope mme",
        provenance: [.init("mipha", "0.3.0")],
        results: [
            .init(
                score: textVQA, title: "TextVQA", variantSummary: "LLaVA's evaluator",
                columns: [.init(figure: "accuracy", column: "VQA-T")], worst: [worst]),
            .init(score: pope, title: "POPE", columns: [.init(figure: "f1", column: "POPE")]),
            .init(
                score: mme, title: "MME",
                columns: [
                    .init(figure: "perception", column: "MME-P"),
                    .init(figure: "cognition", column: "MME-C"),
                ]),
        ])

    /// A report of one answer.
    static func report(
        answer: String, question: String = "q", expected: [String] = ["a"],
        picture: EvaluationReport.Picture? = nil
    ) -> EvaluationReport {
        var report = small
        report.results = [report.results[0]]
        report.results[0].worst = [
            EvaluationReport.WorstItem(
                id: QuestionID("id"), question: question, answer: answer, expected: expected,
                score: 0, picture: picture)
        ]
        return report
    }
}
