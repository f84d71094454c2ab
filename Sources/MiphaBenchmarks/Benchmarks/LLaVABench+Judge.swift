import MiphaFiles

extension LLaVABench {
    /// One task for each answer: at temperature 0.2, up to 1,024 tokens, never asked again.
    ///
    /// There is one run, as in the published figures.
    package func judgePlan(
        for predictions: Predictions, files: BenchmarkFiles, runs: Int
    ) throws(EvaluationError) -> JudgePlan {
        guard runs <= 1 else {
            throw EvaluationError(
                .invalidRequest, "LLaVA-Bench is graded once, expected 1 run, found \(runs)")
        }
        let all = try items(files)
        let answers = try predictions.keyed()
        let items = try Matching.scored(
            all, \.id, answered: answers.keys, predictions, benchmark: card.title)
        let texts = try LLaVABenchTexts(files, for: items)
        var tasks: [JudgeTask] = []
        for item in items {
            let text = try texts.content(item, answer: answers[item.id]?.text ?? "")
            let request = JudgeRequest(
                messages: [
                    .init(role: "system", text: texts.system), .init(role: "user", text: text),
                ], temperature: 0.2, maxTokens: 1024)
            tasks.append(
                JudgeTask(
                    id: item.id, run: 0, requests: [request],
                    fields: ["category": .string(item.reviewCategory)]))
        }
        return JudgePlan(tasks: tasks, runs: 1, notes: texts.notes)
    }

    /// Two numbers on the first line, with exactly one comma or space between them.
    package func grade(_ reply: String) -> [Double]? { LLaVABenchReview.grade(reply) }

    /// Review lines; a reply without two numbers has -1 and -1, which count.
    package func gradeFile(_ outcomes: [JudgeOutcome]) throws(EvaluationError) -> Submission {
        try LLaVABenchReview.file(of: outcomes)
    }
}
