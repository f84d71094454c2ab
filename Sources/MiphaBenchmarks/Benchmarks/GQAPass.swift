import MiphaFiles

/// One walk over GQA's questions with the answers at hand.
struct GQAPass {
    private let variant: BenchmarkCard.Variant
    private let answers: [QuestionID: GQA.Answer]
    private let choices: GQAChoices?
    private var chiSquare = GQAChiSquare()
    private var (known, asked, missingCount) = (0, 0, 0)
    private var (answered, valid, plausible) = (0, 0.0, 0.0)
    private var missing: [QuestionID] = []

    init(
        variant: BenchmarkCard.Variant, answers: [QuestionID: GQA.Answer], choices: GQAChoices?
    ) {
        self.variant = variant
        self.answers = answers
        self.choices = choices
    }

    /// Number of answers to questions that did not come.
    var unknownCount: Int { answers.count - known }

    /// Scores the answer to a question, if it is balanced and there is one.
    ///
    /// - Throws: `EvaluationError` for a balanced question without a right answer.
    mutating func add(
        _ entry: GQAEntry, to recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let answer = answers[entry.id]
        if answer != nil { known += 1 }
        guard entry.isBalanced else { return }
        asked += 1
        guard let gold = entry.answer else {
            throw EvaluationError(
                .wrongFile,
                "question \(entry.id) of GQA has no answer in the annotations; the test split "
                    + "is scored by GQA's server only")
        }
        guard let answer else {
            missingCount += 1
            if missing.count < 3 { missing.append(entry.id) }
            return
        }
        let isRight = PythonText.equal(
            answer.compared, variant == GQA.official ? gold : GQA.bare(gold))
        try recorder.record(
            ScoredItem(
                id: entry.id, score: isRight ? 1 : 0, prediction: answer.text,
                parsed: answer.compared, expected: [gold], cluster: entry.image,
                groups: Self.groups(entry)))
        answered += 1
        if let choices {
            let verdict = try choices.verdict(answer.compared, entry)
            valid += verdict.isValid ? 1 : 0
            plausible += verdict.isPlausible ? 1 : 0
        }
        if let group = entry.group {
            chiSquare.add(gold: gold, predicted: answer.compared, group: group)
        }
    }

    private static func groups(_ entry: GQAEntry) -> [ScoredItem.Group] {
        [
            .init("answer_type", entry.structural == "query" ? "open" : "binary"),
            .init("structural", entry.structural), .init("semantic", entry.semantic),
            .init("steps", String(entry.steps)), .init("words", String(entry.words)),
        ]
    }

    /// Requires an answer to every balanced question, unless only some were asked.
    ///
    /// - Throws: `EvaluationError` with how many lack one.
    func requireAll(of predictions: Predictions) throws(EvaluationError) {
        guard missingCount == 0 || predictions.isPartial else {
            throw EvaluationError(
                .mismatch,
                "\(predictions.path): \(missingCount) of \(asked) balanced GQA questions "
                    + "have no prediction, such as "
                    + Matching.first(missing, of: missingCount)
                    + "; \(answers.count) predictions found, for another split?")
        }
    }

    /// Adds validity, plausibility and distribution.
    func addOfficialFigures(to recorder: inout ScoreRecorder) {
        if choices == nil {
            recorder.note(
                "no file of choices beside the questions: validity and plausibility are left out")
        } else {
            for (name, sum) in [("validity", valid), ("plausibility", plausible)] {
                recorder.add(
                    Figure(name, value: sum / Double(max(answered, 1)) * 100, count: answered))
            }
        }
        if let value = chiSquare.value {
            recorder.add(Figure("distribution", value: value / 100, unit: .points))
        } else {
            recorder.note("no question has a global group: distribution is left out")
        }
    }
}
