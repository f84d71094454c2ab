/// Checks that answers and questions belong together.
package enum Matching {
    /// Requires an answer for every question and no other.
    ///
    /// - Throws: `EvaluationError` with the number of ids that do not match and the first three.
    package static func requireAll(
        _ questions: [QuestionID], answered: some Sequence<QuestionID>, benchmark: String
    ) throws(EvaluationError) {
        let answers = Set(answered)
        let missing = questions.filter { !answers.contains($0) }
        try requireKnown(questions, answered: answers, benchmark: benchmark)
        guard missing.isEmpty else {
            throw EvaluationError(
                .mismatch,
                "\(benchmark): \(missing.count) of \(questions.count) questions have no answer: "
                    + first(missing))
        }
    }

    /// The questions to score: all, each of which must have an answer, or of a partial run those
    /// that have one.
    ///
    /// - Throws: as ``requireAll(_:answered:benchmark:)``.
    static func scored<Item>(
        _ items: [Item], _ id: (Item) -> QuestionID, answered: some Sequence<QuestionID>,
        _ predictions: Predictions, benchmark: String
    ) throws(EvaluationError) -> [Item] {
        let ids = items.map(id)
        guard predictions.isPartial else {
            try requireAll(ids, answered: answered, benchmark: benchmark)
            return items
        }
        try requireKnown(ids, answered: answered, benchmark: benchmark)
        let answers = Set(answered)
        return items.filter { answers.contains(id($0)) }
    }

    /// Requires that every answer belongs to a question.
    ///
    /// - Throws: `EvaluationError` with the number of ids that do not match and the first three.
    package static func requireKnown(
        _ questions: [QuestionID], answered: some Sequence<QuestionID>, benchmark: String
    ) throws(EvaluationError) {
        let known = Set(questions)
        let unknown = answered.filter { !known.contains($0) }.sorted { $0.text < $1.text }
        guard unknown.isEmpty else {
            throw EvaluationError(
                .mismatch,
                "\(benchmark): \(unknown.count) answers belong to no question: \(first(unknown)); "
                    + "the questions begin with " + first(questions))
        }
    }

    /// Requires that ids differ.
    ///
    /// - Throws: `EvaluationError` naming both places of the first id that comes twice.
    package static func requireDistinct(
        _ ids: [(id: QuestionID, place: String)], benchmark: String
    ) throws(EvaluationError) {
        var seen: [QuestionID: String] = [:]
        for (id, place) in ids {
            if let earlier = seen[id] {
                throw EvaluationError(
                    .malformedFile,
                    "\(place): \(benchmark): the id \(id) is taken already, at \(earlier)")
            }
            seen[id] = place
        }
    }

    /// The first three, in words.
    ///
    /// - Parameter count: how many there are, when `ids` holds only the first of them.
    package static func first(_ ids: [QuestionID], of count: Int? = nil) -> String {
        ids.prefix(3).map { VisibleText.of($0.text) }.joined(separator: ", ")
            + ((count ?? ids.count) > 3 ? ", …" : "")
    }
}

extension EvaluationError {
    /// Ids that one side has and the other lacks: how many and the first three.
    static func unknownIDs(
        _ ids: [QuestionID], of what: String, in place: String
    ) -> EvaluationError {
        EvaluationError(
            .mismatch,
            "\(place): \(ids.count) question ids are not in \(what): \(Matching.first(ids))")
    }
}
