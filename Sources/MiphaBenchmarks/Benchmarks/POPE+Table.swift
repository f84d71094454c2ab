/// The two-by-two table of a category of POPE, "yes" being positive.
struct POPETable: Sendable {
    let name: String
    private var truePositive = 0
    private var falsePositive = 0
    private var trueNegative = 0
    private var falseNegative = 0
    private var saidYes = 0
    private var isYes = 0
    private var correct = 0
    private var count = 0
    private let columns: Columns

    private struct Columns: Sendable {
        var truePositive: [Int] = []
        var falsePositive: [Int] = []
        var falseNegative: [Int] = []
        var saidYes: [Int] = []
        var isYes: [Int] = []
        var correct: [Int] = []
        var count: [Int] = []

        static func sum(_ columns: [Int]) -> Statistic { .sum(columns.map { .column($0) }) }
    }

    init(name: String, _ recorder: inout ScoreRecorder) {
        self.name = name
        columns = Columns(
            truePositive: [recorder.makeColumn()], falsePositive: [recorder.makeColumn()],
            falseNegative: [recorder.makeColumn()], saidYes: [recorder.makeColumn()],
            isYes: [recorder.makeColumn()], correct: [recorder.makeColumn()],
            count: [recorder.makeColumn()])
    }

    private init(name: String, columns: Columns) {
        self.name = name
        self.columns = columns
    }

    /// Records an answer as the variant reads it.
    mutating func record(
        _ label: POPE.Label, _ answer: POPE.Answer, _ variant: String,
        _ recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let words = YesNoAnswer.words(answer.text)
        let parsed: YesNoAnswer
        let status: ScoredItem.Status
        switch variant {
        case "llava":
            parsed = YesNoAnswer.pope(answer.text)
            // A yes that nothing in the answer says is the scorer's rule, not the model's word.
            status = words == parsed || parsed == .no ? .scored : .unparsed
        case "vlmevalkit":
            parsed = words
            status = parsed == .other ? .unparsed : .scored
        default:
            parsed = YesNoAnswer.exact(answer.text)
            status = parsed == .other ? .unparsed : .scored
        }
        let isRight = parsed == (label.isYes ? .yes : .no)
        let cluster = try recorder.record(
            ScoredItem(
                id: answer.id, score: isRight ? 1 : 0, status: status, prediction: answer.text,
                parsed: parsed == .other ? nil : parsed.rawValue,
                expected: [label.isYes ? "yes" : "no"], cluster: label.image,
                groups: [.init("category", name)]))
        let countsAsNo = parsed == .no || (parsed == .other && variant == "vlmevalkit")
        func add(_ condition: Bool, _ total: inout Int, _ column: [Int]) {
            guard condition else { return }
            total += 1
            recorder.contribute(1, to: column[0], cluster: cluster)
        }
        add(label.isYes && parsed == .yes, &truePositive, columns.truePositive)
        add(!label.isYes && parsed == .yes, &falsePositive, columns.falsePositive)
        add(label.isYes && countsAsNo, &falseNegative, columns.falseNegative)
        if !label.isYes && countsAsNo { trueNegative += 1 }
        add(parsed == .yes, &saidYes, columns.saidYes)
        add(label.isYes, &isYes, columns.isYes)
        add(isRight, &correct, columns.correct)
        add(true, &count, columns.count)
    }

    /// The categories together.
    static func pooled(_ tables: [POPETable]) -> POPETable {
        var columns = Columns()
        for table in tables {
            columns.truePositive += table.columns.truePositive
            columns.falsePositive += table.columns.falsePositive
            columns.falseNegative += table.columns.falseNegative
            columns.saidYes += table.columns.saidYes
            columns.isYes += table.columns.isYes
            columns.correct += table.columns.correct
            columns.count += table.columns.count
        }
        var result = POPETable(name: "", columns: columns)
        for table in tables {
            result.truePositive += table.truePositive
            result.falsePositive += table.falsePositive
            result.trueNegative += table.trueNegative
            result.falseNegative += table.falseNegative
            result.saidYes += table.saidYes
            result.isYes += table.isYes
            result.correct += table.correct
            result.count += table.count
        }
        return result
    }

    private static func ratio(_ top: Double, _ bottom: Double) -> Double {
        bottom == 0 ? 0 : top / bottom
    }

    private var precision: Double {
        Self.ratio(Double(truePositive), Double(truePositive + falsePositive))
    }

    private var recall: Double {
        Self.ratio(Double(truePositive), Double(truePositive + falseNegative))
    }

    /// F1 of precision and recall, multiplied in the order of the variant's Python.
    private func f1(_ variant: String) -> Double {
        let (precision, recall) = (precision, recall)
        let top = variant == "llava" ? 2 * precision * recall : 2 * (precision * recall)
        return Self.ratio(top, precision + recall)
    }

    private var f1Statistic: Statistic {
        let hits = Columns.sum(columns.truePositive)
        return .quotient(
            hits.scaled(2),
            .sum([
                hits.scaled(2), Columns.sum(columns.falsePositive),
                Columns.sum(columns.falseNegative),
            ]))
    }

    /// Adds LLaVA's published number, the mean F1 of the categories.
    static func addMean(_ tables: [POPETable], _ recorder: inout ScoreRecorder) {
        let sum = tables.reduce(0) { $0 + $1.f1("llava") }
        recorder.add(
            Figure(
                "f1", value: ratio(sum, Double(tables.count)), unit: .fraction,
                count: tables.reduce(0) { $0 + $1.count },
                statistic: .mean(tables.map(\.f1Statistic))))
    }

    /// Adds F1, accuracy, precision, recall, yes ratio and the table's counts.
    func addFigures(_ variant: String, isPart: Bool, _ recorder: inout ScoreRecorder) {
        let isPercent = variant == "vlmevalkit"
        let unit: Figure.Unit = isPercent ? .percent : .fraction
        let scale = isPercent ? 100.0 : 1
        func add(_ name: String, _ value: Double, _ statistic: Statistic) {
            recorder.add(
                Figure(
                    name, dimension: isPart ? "category" : nil, part: isPart ? self.name : nil,
                    value: value * scale, unit: unit, count: count,
                    statistic: isPercent ? statistic.scaled(scale) : statistic))
        }
        let all = Columns.sum(columns.count)
        let hits = Columns.sum(columns.truePositive)
        add("f1", f1(variant), f1Statistic)
        add(
            "accuracy", Self.ratio(Double(correct), Double(count)),
            .quotient(Columns.sum(columns.correct), all))
        add(
            "precision", precision,
            .quotient(hits, .sum([hits, Columns.sum(columns.falsePositive)])))
        add("recall", recall, .quotient(hits, .sum([hits, Columns.sum(columns.falseNegative)])))
        // lmms-eval counts the labels here, not the answers.
        let isOfLabels = variant == "lmms-eval"
        if !isPercent {
            add(
                "yes_ratio", Self.ratio(Double(isOfLabels ? isYes : saidYes), Double(count)),
                .quotient(Columns.sum(isOfLabels ? columns.isYes : columns.saidYes), all))
        }
        let counts = [
            ("TP", truePositive), ("FP", falsePositive), ("TN", trueNegative),
            ("FN", falseNegative),
        ]
        for (name, value) in counts {
            recorder.add(
                Figure(
                    name, dimension: isPart ? "category" : nil, part: isPart ? self.name : nil,
                    value: Double(value), unit: .count, count: count))
        }
        if saidYes == 0 || isYes == 0 {
            recorder.note(
                "\(isPart ? name : "all categories"): "
                    + (saidYes == 0 ? "no answer says yes" : "no label says yes")
                    + "; figures with a division by zero are 0, where LLaVA's scorer fails.")
        }
    }
}
