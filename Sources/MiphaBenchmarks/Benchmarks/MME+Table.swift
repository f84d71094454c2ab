/// What the answers to a task of MME add up to.
struct MMETable: Sendable {
    let task: String
    let isPerception: Bool
    private var correct = 0
    private var questions = 0
    private var whole = 0
    private var pictures = 0
    private var other = 0
    /// lmms-eval's sum over images.
    private var sum = 0.0
    private let correctColumn: Int
    private let questionsColumn: Int
    private let wholeColumn: Int
    private let picturesColumn: Int

    init(task: String, isPerception: Bool, _ recorder: inout ScoreRecorder) {
        self.task = task
        self.isPerception = isPerception
        correctColumn = recorder.makeColumn()
        questionsColumn = recorder.makeColumn()
        wholeColumn = recorder.makeColumn()
        picturesColumn = recorder.makeColumn()
    }

    /// Records the two questions on an image.
    mutating func record(
        _ pair: MMEResults.Pair, _ variant: String, _ recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        var right = 0
        var cluster = 0
        for line in pair.lines {
            let response = line.response ?? ""
            let parsed =
                variant == "official" ? YesNoAnswer.mme(response) : YesNoAnswer.mmeHarness(response)
            let isRight = line.response != nil && parsed == (line.isYes ? .yes : .no)
            let status: ScoredItem.Status =
                line.response == nil ? .missing : parsed == .other ? .unparsed : .scored
            let own = try recorder.record(
                ScoredItem(
                    id: line.id, score: isRight ? 1 : 0, status: status, prediction: response,
                    parsed: status == .scored ? parsed.rawValue : nil,
                    expected: [line.isYes ? "yes" : "no"], cluster: pair.cluster,
                    groups: [
                        .init("task", task),
                        .init("kind", isPerception ? "perception" : "cognition"),
                    ]))
            // An image counts with both questions or not at all.
            cluster = cluster == ScoreRecorder.leftOut ? cluster : own
            right += isRight ? 1 : 0
            other += status == .unparsed ? 1 : 0
        }
        let isWhole = right == pair.lines.count
        correct += right
        questions += pair.lines.count
        whole += isWhole ? 1 : 0
        pictures += 1
        sum +=
            (isWhole ? 100 : 0) + Double(right) / Double(max(pair.lines.count, 1)) * 100
        recorder.contribute(Double(right), to: correctColumn, cluster: cluster)
        recorder.contribute(Double(pair.lines.count), to: questionsColumn, cluster: cluster)
        recorder.contribute(isWhole ? 1 : 0, to: wholeColumn, cluster: cluster)
        recorder.contribute(1, to: picturesColumn, cluster: cluster)
    }

    private var accuracy: Double { questions == 0 ? 0 : Double(correct) / Double(questions) }
    private var wholeShare: Double { pictures == 0 ? 0 : Double(whole) / Double(pictures) }

    /// The task's score, 0 to 200, in the order of operations of the variant.
    private func score(_ variant: String) -> Double {
        if variant == "official" { return accuracy * 100 + wholeShare * 100 }
        return pictures == 0 ? 0 : sum / Double(pictures)
    }

    private var accuracyStatistic: Statistic {
        .quotient(.product(.constant(100), .column(correctColumn)), .column(questionsColumn))
    }

    private var wholeStatistic: Statistic {
        .quotient(.product(.constant(100), .column(wholeColumn)), .column(picturesColumn))
    }

    private var statistic: Statistic { .sum([accuracyStatistic, wholeStatistic]) }

    /// Adds the sums over the tasks of perception and of cognition.
    ///
    /// - Parameter tables: in the order of the answers, which is that of lmms-eval's sum.
    static func addTotals(
        _ tables: [MMETable], _ variant: String, _ recorder: inout ScoreRecorder
    ) {
        let order = MME.tasks.map(\.name)
        let inOrder =
            variant == "official"
            ? tables.sorted {
                order.firstIndex(of: $0.task) ?? 0 < order.firstIndex(of: $1.task) ?? 0
            } : tables
        for isPerception in [true, false] {
            let parts = inOrder.filter { $0.isPerception == isPerception }
            var total = 0.0
            for part in parts { total += part.score(variant) }
            recorder.add(
                Figure(
                    isPerception ? "perception" : "cognition", value: total, unit: .points,
                    count: parts.reduce(0) { $0 + $1.questions },
                    statistic: .sum(parts.map(\.statistic))))
        }
    }

    /// Adds score, accuracy, accuracy by image and the number of answers that say neither.
    func addFigures(_ variant: String, _ recorder: inout ScoreRecorder) {
        func add(_ name: String, _ value: Double, _ unit: Figure.Unit, _ statistic: Statistic?) {
            recorder.add(
                Figure(
                    name, dimension: "task", part: task, value: value, unit: unit,
                    count: name == "acc_plus" ? pictures : questions, statistic: statistic))
        }
        add("score", score(variant), .points, statistic)
        add("acc", accuracy * 100, .percent, accuracyStatistic)
        add("acc_plus", wholeShare * 100, .percent, wholeStatistic)
        add("other", Double(other), .count, nil)
    }
}
