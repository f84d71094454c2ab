package import MiphaBenchmarks
import MiphaEvaluation
import MiphaFolders
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTorch

/// Accuracy on held-out images, by kind of question.
package struct DemoScore: Sendable {
    /// One line of the table.
    package struct Line: Sendable, Codable {
        /// Kind of question.
        package let kind: QuestionKind
        /// Number of questions.
        package let questions: Int
        /// Share of exactly right answers.
        package let accuracy: Double
        /// Share that the better of two guesses without the image gets right: the usual answer to
        /// the question in the training data, or the most usual right answer of the kind.
        package let blind: Double

        package init(kind: QuestionKind, questions: Int, accuracy: Double, blind: Double) {
            self.kind = kind
            self.questions = questions
            self.accuracy = accuracy
            self.blind = blind
        }
    }

    /// One line for each kind that was asked.
    package let lines: [Line]
    /// Share of exactly right answers over all questions.
    package let accuracy: Double
    /// Share that those guesses get right over all questions.
    package let blind: Double

    package init(lines: [Line], accuracy: Double, blind: Double) {
        self.lines = lines
        self.accuracy = accuracy
        self.blind = blind
    }

    /// The margin of a kind over its blind guess, as a fraction of what a guess leaves open.
    private static let margin = 0.5

    /// The results lower than expected, in words: the accuracy, or kinds hardly above a guess.
    ///
    /// - Parameter accuracy: share of right answers that is expected; from 0.95 on, of each kind
    ///   too.
    package func shortfall(below accuracy: Double) -> String? {
        func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
        if self.accuracy < accuracy {
            return "\(percent(self.accuracy)) right answers are fewer than the "
                + "\(percent(accuracy)) that are expected"
        }
        let guessed = lines.filter { $0.accuracy < $0.blind + Self.margin * (1 - $0.blind) }
        if accuracy < 0.95 || guessed.isEmpty { return nil }
        return
            "answers to \(guessed.map(\.kind.rawValue).joined(separator: ", ")) are hardly better "
            + "than guesses without the image"
    }
}

extension DemoDataSet {
    /// The most usual answer in the training data to each question text.
    private func usualAnswers() -> [String: String] {
        var counts: [String: [String: Int]] = [:]
        for item in instruction {
            for (asked, answered) in zip(item.conversations, item.conversations.dropFirst())
            where asked.from == "human" {
                let question = asked.value.replacing("<image>\n", with: "")
                counts[question, default: [:]][answered.value, default: 0] += 1
            }
        }
        return counts.compactMapValues { answers in
            answers.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        }
    }

    /// Puts guesses without the image beside the scores of the held-out questions.
    package func score(_ report: ScoreReport) -> DemoScore {
        let usual = usualAnswers()
        var lines: [DemoScore.Line] = []
        var allBlind = 0
        for kind in QuestionKind.allCases {
            let asked = heldOutQuestions.filter { $0.kind == kind }
            guard !asked.isEmpty else { continue }
            let byQuestion = asked.count { usual[$0.question] == $0.answer }
            let byKind = Dictionary(grouping: asked, by: \.answer).values.map(\.count).max() ?? 0
            let blind = max(byQuestion, byKind)
            allBlind += blind
            let figure = report.figures.first {
                $0.dimension == "kind" && $0.part == kind.rawValue
            }
            lines.append(
                DemoScore.Line(
                    kind: kind, questions: asked.count, accuracy: (figure?.value ?? 0) / 100,
                    blind: Double(blind) / Double(asked.count)))
        }
        let count = Double(max(1, heldOutQuestions.count))
        return DemoScore(
            lines: lines, accuracy: (report.headline?.value ?? 0) / 100,
            blind: Double(allBlind) / count)
    }
}

/// The trained model on the held-out questions, by the evaluation that benchmarks use.
struct DemoEvaluation {
    /// The result.
    struct Outcome {
        let result: EvaluationReport.Result
        /// Answers in the order of the questions.
        let answers: [String]
        let parameterCount: Int
    }

    let model: String
    let dataFolder: String
    let output: String

    var imageFolder: String { "\(dataFolder)/\(DemoDataSet.FileName.images)" }
    var reportFile: String { "\(output)/report.html" }

    /// - Parameter progress: called with the number of answered questions and of all.
    func run(
        isStopped: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Outcome {
        let bundle = try ModelBundle(folder: model, for: "mipha demo", device: .cpu)
        let parameterCount = bundle.model.store.elementCount
        let identity = EvaluatedModel(
            name: "demo", fingerprint: try bundle.folder.fingerprint(dtype: nil),
            facts: bundle.facts.map { EvaluationReport.Fact($0.label, $0.value) })
        let engine = InferenceEngine(bundle, keepsBeginning: false)
        let folder = try EvaluationFolder("\(output)/evaluation")
        let evaluation = BenchmarkEvaluation(
            try Scoring(Custom()),
            files: try BenchmarkFiles("\(dataFolder)/\(DemoDataSet.FileName.heldOut)"),
            folder: folder, settings: EvaluationSettings(maxTokens: 24, batchRows: 90),
            model: identity)
        let result = try await evaluation.run(with: engine, isStopped: isStopped) { event in
            if case .answered(let done, let total) = event { progress(done, total) }
        }
        guard let result else { throw CancellationError() }
        try EvaluationReport(
            model: "demo", facts: identity.facts, date: "", command: "mipha demo",
            results: [result]
        ).write(to: output)
        let answers = try Predictions(folder.predictionsFile).records().map(\.text)
        return Outcome(result: result, answers: answers, parameterCount: parameterCount)
    }
}
