import MiphaFiles

/// What a judge gave the answer to one of MM-Vet's questions, as the evaluator's grade file has it.
struct MMVetGrades {
    /// The question.
    let id: QuestionID
    /// One grade from 0 to 1 for each run; 0 where there is none.
    let scores: [Double]
    /// The judge's replies, a line each.
    let content: String
    /// Whether every grade is one that the judge gave.
    let isParsed: Bool

    /// The number before the first space, when it is between 0 and 1.
    static func grade(_ reply: String) -> [Double]? {
        guard let number = PythonText.split(reply, " ").first.flatMap(PythonText.float),
            number >= 0, number <= 1
        else { return nil }
        return [number]
    }

    /// The evaluator's grade file; a task without a grade has 0.
    static func file(of outcomes: [JudgeOutcome]) throws(EvaluationError) -> Submission {
        var grades = JSONObject()
        for outcome in outcomes {
            var entry =
                grades[outcome.task.id.text]?.objectValue
                ?? ["model": [], "content": [], "score": []]
            let values: [(String, JSONValue)] = [
                ("model", .string(outcome.reply.model)), ("content", .string(outcome.reply.text)),
                ("score", .double(outcome.grade?.first ?? 0)),
            ]
            for (key, value) in values {
                entry[key] = .array((entry[key]?.arrayValue ?? []) + [value])
            }
            grades[outcome.task.id.text] = .object(entry)
        }
        return try MMVet.file("mm-vet-grade.json", .object(grades))
    }

    /// The grades in the order of the file, in which they are added up.
    static func read(_ predictions: Predictions) throws(EvaluationError) -> [MMVetGrades] {
        let what = "MM-Vet's grade file {v1_0: {model, content, score: [0.5]}}"
        var grades: [MMVetGrades] = []
        var places: [(id: QuestionID, place: String)] = []
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            let members = element.objectValue?.members ?? []
            guard place == predictions.path, !members.isEmpty,
                members.contains(where: { $0.value["score"] != nil })
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected \(what); found \(element.found). Answers "
                        + "have to be graded by a judge first")
            }
            for member in members {
                let place = "\(place): key \(member.key)"
                if let entry = member.value.objectValue {
                    try predictions.watch.check(
                        entry, MMVet.gradeFields, in: predictions.path, place)
                }
                let grade = try MMVetGrades(
                    member.value, QuestionID(member.key), place, predictions.watch)
                grades.append(grade)
                places.append((grade.id, place))
            }
        }
        try Matching.requireDistinct(places, benchmark: MMVet().card.title)
        return grades
    }

    private init(
        _ entry: JSONValue, _ id: QuestionID, _ place: String, _ watch: FieldWatch
    ) throws(EvaluationError) {
        let elements = entry["score"]?.arrayValue ?? []
        let values = elements.compactMap(\.doubleValue)
        guard !values.isEmpty, values.count == elements.count else {
            throw EvaluationError(
                .wrongFile, "\(place): expected a list of numbers under \"score\"")
        }
        let finite = values.map { $0.isFinite ? $0 : 0 }
        guard finite.allSatisfy({ (0...1).contains($0) }) else {
            throw EvaluationError(
                .wrongFile, "\(place): expected grades from 0 to 1, found \(values)")
        }
        if finite != values {
            watch.remark("grades that are not finite numbers count as no grade, 0")
        }
        let replies = entry["content"]?.arrayValue?.compactMap(\.stringValue) ?? []
        // A grade of 0 that the reply does not hold was given up on.
        isParsed =
            finite == values
            && zip(replies, values).allSatisfy { reply, score in
                score != 0 || Self.grade(reply) != nil
            }
        self.id = MMVet.canonical(id)
        scores = finite
        content = replies.joined(separator: "\n")
    }
}
