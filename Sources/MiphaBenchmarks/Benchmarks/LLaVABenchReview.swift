import MiphaFiles

/// What a judge wrote about one answer, as a line of LLaVA-Bench's review file has it.
struct LLaVABenchReview {
    /// The question.
    let id: QuestionID
    /// File and line.
    let place: String
    /// The category that the line states.
    let category: String?
    /// The judge's reply.
    let content: String
    /// The reference's score and the model's; -1 and -1 where there are none.
    let pair: [Double]
    /// Whether the two scores are those that the judge gave.
    let isParsed: Bool

    /// Two numbers on the first line, with exactly one comma or space between them.
    static func grade(_ reply: String) -> [Double]? {
        let line = PythonText.split(reply, "\n").first ?? ""
        let pieces = PythonText.split(PythonText.replace(line, ",", " "), " ")
        let numbers = pieces.compactMap(PythonText.float)
        return pieces.count == 2 && numbers.count == 2 ? numbers : nil
    }

    /// What counts for a grade: -1 and -1 without one, and where a number is NaN or infinite.
    private static func counted(_ grade: [Double]?) -> [Double] {
        guard let grade, grade.allSatisfy(\.isFinite) else { return [-1, -1] }
        return grade
    }

    /// Review lines; a reply without two numbers has -1 and -1, which count.
    static func file(of outcomes: [JudgeOutcome]) throws(EvaluationError) -> Submission {
        var bytes: [UInt8] = []
        for (index, outcome) in outcomes.enumerated() {
            let grade = Self.counted(outcome.grade)
            let line =
                (["id": .integer(index + 1), "question_id": outcome.task.id.json]
                as JSONObject)
                .merging(outcome.task.fields)
                .merging([
                    "model": .string(outcome.reply.model), "content": .string(outcome.reply.text),
                    "tuple": .array(grade.map { .double($0) }),
                ])
            do {
                bytes += try JSONValue.object(line).bytes(.compact) + [0x0A]
            } catch {
                throw EvaluationError(error)
            }
        }
        return Submission(name: "llava-bench-review.jsonl", bytes: bytes)
    }

    /// The reviews in the order of the file, in which they are added up.
    static func read(_ predictions: Predictions) throws(EvaluationError) -> [LLaVABenchReview] {
        var reviews: [LLaVABenchReview] = []
        let what = "LLaVA-Bench reviews {question_id, category, content, tuple}"
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            guard let object = element.objectValue,
                let id = object["question_id"].flatMap(QuestionID.init),
                let values = (object["tuple"] ?? object["score"])?.arrayValue
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected \(what), found \(element.found). Answers have to be graded by a "
                        + "judge first")
            }
            try predictions.watch.check(
                object, LLaVABench.reviewFields, in: predictions.path, place)
            let numbers = values.compactMap(\.doubleValue)
            guard numbers.count == 2, values.count == 2 else {
                throw EvaluationError(.wrongFile, "\(place): expected two numbers in \"tuple\"")
            }
            let pair = Self.counted(numbers)
            if pair != numbers {
                predictions.watch.remark(
                    "grades that are not finite numbers count as no grade, -1 and -1")
            }
            reviews.append(
                LLaVABenchReview(
                    id: id, place: place, category: object["category"]?.stringValue,
                    content: object["content"]?.stringValue ?? "", pair: pair,
                    isParsed: pair != [-1, -1]))
        }
        return reviews
    }
}
