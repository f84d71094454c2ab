import Foundation
import MiphaChat
import MiphaInference
import MiphaTokenizers

/// Accuracy on held-out pictures, by kind of question.
package struct DemoScore: Sendable {
    /// One line of the table.
    package struct Line: Sendable, Codable {
        /// Kind of question.
        package let kind: QuestionKind
        /// Number of questions.
        package let questions: Int
        /// Share of exactly right answers.
        package let accuracy: Double
        /// Share that the better of two guesses without the picture gets right: the usual answer to
        /// the question in the training data, or the most usual right answer of the kind.
        package let blind: Double
    }

    /// One line for each kind that was asked.
    package let lines: [Line]
    /// Share of exactly right answers over all questions.
    package let accuracy: Double
    /// Share that those guesses get right over all questions.
    package let blind: Double
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

    /// Scores one answer for each held-out question, in their order.
    package func score(_ answers: [String]) -> DemoScore {
        let usual = usualAnswers()
        var lines: [DemoScore.Line] = []
        var (allRight, allBlind) = (0, 0)
        for kind in QuestionKind.allCases {
            let asked = zip(heldOutQuestions, answers).filter { $0.0.kind == kind }
            guard !asked.isEmpty else { continue }
            let right = asked.count { $0.0.answer == $0.1 }
            let byQuestion = asked.count { usual[$0.0.question] == $0.0.answer }
            let byKind = Dictionary(grouping: asked) { $0.0.answer }.values.map(\.count).max() ?? 0
            let blind = max(byQuestion, byKind)
            allRight += right
            allBlind += blind
            lines.append(
                DemoScore.Line(
                    kind: kind, questions: asked.count,
                    accuracy: Double(right) / Double(asked.count),
                    blind: Double(blind) / Double(asked.count)))
        }
        let count = Double(max(1, heldOutQuestions.count))
        return DemoScore(
            lines: lines, accuracy: Double(allRight) / count, blind: Double(allBlind) / count)
    }
}

/// Greedy answers of a model to the held-out questions.
struct DemoAnswers {
    let bundle: ModelBundle
    let imageFolder: String

    /// - Parameter progress: told the number of answered questions after each batch.
    func answer(_ items: [DemoItem], progress: (Int) throws -> Void) throws -> [String] {
        let generator = BatchGenerator(bundle.model, stopIDs: bundle.prompts.stopIDs)
        var answers: [String] = []
        for start in stride(from: 0, to: items.count, by: 90) {
            let batch = items[start..<min(start + 90, items.count)]
            let prompts = try batch.map { item in
                let image = item.image.map { ImageReference.file("\(imageFolder)/\($0)") }
                let text = item.conversations[0].value.replacing("<image>\n", with: "")
                return try bundle.prompts.prompt(
                    for: [ChatMessage(.user, text, images: image.map { [$0] } ?? [])])
            }
            let options = SamplingOptions(maxTokens: 24, temperature: 0)
            let made = try generator.generate(
                prompts, sampling: Array(repeating: options, count: prompts.count))
            answers += made.map { answer in
                bundle.prompts.tokenizer.decode(answer.ids, skippingSpecialTokens: true)
                    .trimmingCharacters(in: .whitespaces)
            }
            try progress(answers.count)
        }
        return answers
    }
}
