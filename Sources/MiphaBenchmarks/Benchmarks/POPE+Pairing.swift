import MiphaFiles

extension POPE {
    /// An answer with its id.
    struct Answer: Sendable {
        let id: QuestionID
        let text: String
    }

    /// The answers of every label file in the order of its lines; nil where a partial run has none.
    ///
    /// - Throws: `EvaluationError` naming both counts where they differ, and ids that are unknown,
    ///   repeated or missing.
    static func paired(
        _ predictions: Predictions, _ files: BenchmarkFiles, _ labels: [LabelSet],
        _ recorder: inout ScoreRecorder
    ) throws(EvaluationError) -> [[Answer?]] {
        let answers = try answers(predictions)
        if files.isFile { return [try inOrder(answers, labels[0], predictions)] }
        var places: [QuestionID: (set: Int, index: Int)] = [:]
        let asked = try asked(files, labels)
        for (category, ids) in asked {
            guard let set = labels.firstIndex(where: { $0.name == category }) else {
                throw EvaluationError(
                    .wrongFile,
                    "\(files.path): questions of the unknown category \"\(category)\"; POPE has "
                        + categories.joined(separator: ", "))
            }
            for (index, id) in ids.enumerated() {
                guard places.updateValue((set, index), forKey: id) == nil else {
                    throw EvaluationError(
                        .malformedFile, "\(files.path): question id \(id) is listed twice")
                }
            }
        }
        let unknown = answers.map(\.id).filter { places[$0] == nil }
        guard unknown.isEmpty else {
            throw .unknownIDs(unknown, of: "POPE's questions", in: predictions.path)
        }
        var result = labels.map { [Answer?](repeating: nil, count: $0.items.count) }
        var last = labels.map { _ in -1 }
        var isOrdered = true
        for answer in answers {
            guard let place = places[answer.id] else { continue }
            guard result[place.set][place.index] == nil else {
                throw EvaluationError(
                    .mismatch, "\(predictions.path): question \(answer.id) is answered twice")
            }
            result[place.set][place.index] = answer
            isOrdered = isOrdered && place.index > last[place.set]
            last[place.set] = place.index
        }
        if !isOrdered {
            recorder.note(
                "The answers are not in the order of the questions; they were paired by id, where "
                    + "the official scorer would pair them with the labels of other questions.")
        }
        guard !predictions.isPartial else { return result }
        for (set, found) in zip(labels, result) {
            let count = found.count { $0 != nil }
            guard count == set.items.count else { throw counts(count, set, predictions.path) }
        }
        return result
    }

    private static func inOrder(
        _ answers: [Answer], _ set: LabelSet, _ predictions: Predictions
    ) throws(EvaluationError) -> [Answer] {
        guard
            answers.count == set.items.count
                || predictions.isPartial && answers.count < set.items.count
        else { throw counts(answers.count, set, predictions.path) }
        return answers
    }

    private static func counts(_ count: Int, _ set: LabelSet, _ path: String) -> EvaluationError {
        EvaluationError(
            .mismatch,
            "\(path): \(count) answers of category \(set.name), but \(set.file) has "
                + "\(set.items.count) labels; every label needs exactly one answer")
    }

    /// LLaVA's answer lines, or POPE's own `{question, answer}` lines, numbered by their order.
    private static func answers(
        _ predictions: Predictions
    ) throws(EvaluationError) -> [Answer] {
        var answers: [Answer] = []
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            guard let object = element.objectValue,
                let text = try predictions.answer(of: object, ["text", "answer"], place),
                let id = object["question_id"].map({ QuestionID($0) })
                    ?? (object["question"] == nil ? nil : QuestionID(answers.count + 1))
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected an answer of POPE (question_id and text, or question and "
                        + "answer), found "
                        + element.found)
            }
            try predictions.watch.check(object, answerFields, in: predictions.path, place)
            answers.append(Answer(id: id, text: text))
        }
        return answers
    }
}
