import MiphaFiles

extension MMVet {
    /// One task for each answer and run.
    ///
    /// The first request is at temperature 0, the four that follow an unreadable reply ask for a
    /// digit at 0, 0.5, 1 and 1.5, each for three tokens; then the grade is 0.
    package func judgePlan(
        for predictions: Predictions, files: BenchmarkFiles, runs: Int
    ) throws(EvaluationError) -> JudgePlan {
        let answers = try answers(predictions)
        let items = try Matching.scored(
            try items(files), \.id, answered: answers.keys, predictions, benchmark: card.title)
        let instruction = try JudgeInstruction.mmvet(files)
        var tasks: [JudgeTask] = []
        for run in 0..<max(runs, 1) {
            for item in items {
                let row = Self.row(item, answers[item.id] ?? "")
                let text = instruction.text + "\n" + row
                let again = text + "\n" + instruction.nudge
                let requests = [(text, 0.0), (again, 0), (again, 0.5), (again, 1), (again, 1.5)]
                    .map { text, temperature in
                        JudgeRequest(
                            messages: [.init(role: "user", text: text)], temperature: temperature,
                            maxTokens: 3, run: run)
                    }
                tasks.append(JudgeTask(id: item.id, run: run, requests: requests))
            }
        }
        return JudgePlan(tasks: tasks, runs: max(runs, 1), notes: instruction.notes)
    }

    /// The row of the table that the judge completes: question, right answer, prediction, nothing.
    static func row(_ item: Item, _ prediction: String) -> String {
        var answer = PythonText.replace(item.answer, "<AND>", " <AND> ")
        answer = PythonText.replace(answer, "<OR>", " <OR> ")
        return [item.question, answer, prediction, ""].joined(separator: " | ")
    }

    /// The number before the first space, when it is between 0 and 1.
    package func grade(_ reply: String) -> [Double]? { MMVetGrades.grade(reply) }

    /// The evaluator's grade file; a task without a grade has 0.
    package func gradeFile(_ outcomes: [JudgeOutcome]) throws(EvaluationError) -> Submission {
        try MMVetGrades.file(of: outcomes)
    }
}
