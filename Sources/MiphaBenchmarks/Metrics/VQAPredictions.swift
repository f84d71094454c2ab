import MiphaFiles

/// An answer of a predictions file of the VQA kind.
struct VQAPrediction {
    /// The question, or its image.
    var id: QuestionID
    /// The answer.
    var text: String
    /// Whether it is what a model said (`text` of LLaVA's answer lines), not an upload's `answer`.
    var isRaw: Bool
    /// The prompt beside it.
    var prompt: String?
    /// Its number in the file, from 0.
    var index: Int
}

/// Reads the answers of a file one after the other: an array, or JSON lines.
struct VQAPredictionReader {
    /// The file, for messages.
    let path: String
    /// Names that the id may have, the best first.
    let ids: [String]
    private let elements: JSONElements
    private let watch: FieldWatch
    private static let answers = ["text", "answer"]

    /// Opens a predictions file.
    init(_ predictions: Predictions, ids: [String]) throws(EvaluationError) {
        path = predictions.path
        self.ids = ids
        watch = predictions.watch
        try predictions.requireJSON()
        elements = try SourceFile(path: predictions.path).elements(.automatic())
    }

    /// Calls `body` with each answer in the order of the file.
    ///
    /// - Throws: `EvaluationError` for files of another kind, naming line and column.
    func forEach(
        _ body: (VQAPrediction) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        try elements.forEachValue(what: "predictions (an array or JSON lines)") {
            cursor throws(EvaluationError) in
            try body(try prediction(&cursor))
        }
    }

    private func prediction(
        _ cursor: inout JSONCursor
    ) throws(EvaluationError) -> VQAPrediction {
        guard cursor.kind == .object else {
            throw EvaluationError(
                .wrongFile, cursor.failure("expected an object for each answer").message)
        }
        var record = Record()
        let start = cursor
        do {
            try cursor.beginObject()
            while let key = try cursor.nextKey() { try read(key, &cursor, into: &record) }
        } catch {
            throw EvaluationError(error)
        }
        let index = cursor.index ?? 0
        let field = try AnswerField.choose(
            among: record.candidates, Self.answers, "\(path): element \(index)")
        guard let id = record.id?.value, let field else {
            throw EvaluationError(
                .wrongFile,
                start.failure(
                    "expected an id (\(ids.joined(separator: " or "))) and an answer (text or "
                        + "answer), found the keys \(record.keys.joined(separator: ", "))"
                ).message)
        }
        watch.chose(field.name, besideQuestion: record.hasQuestion)
        return VQAPrediction(
            id: id, text: field.text, isRaw: field.name == "text", prompt: record.prompt,
            index: index)
    }

    /// What was read of a record.
    private struct Record {
        var id: (rank: Int, value: QuestionID)?
        var prompt: String?
        var hasQuestion = false
        var candidates: [AnswerField.Candidate] = []
        /// The first names but those that are ids.
        var keys: [String] = []
    }

    private func read(
        _ key: String, _ cursor: inout JSONCursor, into record: inout Record
    ) throws(FileError) {
        let rank = ids.firstIndex(of: key)
        if rank == nil, record.keys.count < 8 { record.keys.append(key) }
        if key == "question" { record.hasQuestion = true }
        if let rank, rank < record.id?.rank ?? .max {
            record.id = (rank, try cursor.questionID())
            if AnswerField.matters(key) {
                record.candidates.append(.init(name: key, text: nil, kind: "an id"))
            }
            return
        }
        if rank == nil, !FieldList.answerLines.knows(key) { watch.see(key, in: path) }
        guard AnswerField.matters(key) else { return }
        let kind = cursor.kind?.words ?? "nothing"
        let text =
            Self.answers.contains(key) || cursor.kind == .string ? try cursor.string() : nil
        if key == "prompt" { record.prompt = text }
        record.candidates.append(.init(name: key, text: text, kind: kind))
    }

    /// Two different answers to one question.
    func conflict(_ id: QuestionID, _ first: Int, _ second: Int) -> EvaluationError {
        EvaluationError(
            .mismatch,
            "\(path): question \(id) has two different answers, in the elements \(first) and "
                + "\(second), counted from 0")
    }
}

/// All answers of a file by question, each marked once it was used.
struct VQAPredictionTable {
    /// An answer.
    struct Answer {
        let id: QuestionID
        let text: String
        let isRaw: Bool
        fileprivate(set) var isUsed = false
        /// Its number in the file, from 0.
        let index: Int32

        /// The answer as LLaVA uploads it: what a model said in the EvalAI form.
        ///
        /// - Parameter evalAI: brings a text into that form.
        func uploaded(_ evalAI: VQAAnswerNormalizer) -> String { isRaw ? evalAI(text) : text }
    }

    /// The file, for messages.
    let path: String
    /// How many answers are what a model said.
    private(set) var rawCount = 0
    private var usedCount = 0
    private var answers: [Answer] = []
    // Places in `answers` by hash, -1 for none: half the memory of a dictionary of this size.
    private var slots = [Int32](repeating: -1, count: 1024)

    /// Reads a predictions file.
    ///
    /// - Throws: `EvaluationError` for a file of another kind, an empty one, and two different
    ///   answers to one question; official tools let the last of them win.
    init(_ predictions: Predictions, ids: [String]) throws(EvaluationError) {
        let reader = try VQAPredictionReader(predictions, ids: ids)
        path = reader.path
        try reader.forEach { prediction throws(EvaluationError) in
            let slot = slot(of: prediction.id)
            guard slots[slot] < 0 else {
                let earlier = answers[Int(slots[slot])]
                guard PythonText.equal(earlier.text, prediction.text),
                    earlier.isRaw == prediction.isRaw
                else { throw reader.conflict(prediction.id, Int(earlier.index), prediction.index) }
                return
            }
            slots[slot] = Int32(truncatingIfNeeded: answers.count)
            answers.append(
                Answer(
                    id: prediction.id, text: prediction.text, isRaw: prediction.isRaw,
                    index: Int32(truncatingIfNeeded: prediction.index)))
            if prediction.isRaw { rawCount += 1 }
            if answers.count * 2 > slots.count { grow() }
        }
        guard !answers.isEmpty else {
            throw EvaluationError(.wrongFile, "\(path): there are no answers in this file")
        }
    }

    /// The slot that holds a question, or the free one where it belongs.
    private func slot(of id: QuestionID) -> Int {
        var slot = id.hashValue & (slots.count - 1)
        while slots[slot] >= 0, answers[Int(slots[slot])].id != id {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for place in answers.indices {
            slots[slot(of: answers[place].id)] = Int32(truncatingIfNeeded: place)
        }
    }

    /// The number of questions that have an answer.
    var count: Int { answers.count }

    /// The first of `ids` that has an answer.
    func first(of ids: [QuestionID]) -> QuestionID? {
        ids.first { slots[slot(of: $0)] >= 0 }
    }

    /// Takes the answer to a question.
    ///
    /// - Throws: `EvaluationError` when it was taken before, the annotations having the question
    ///   twice.
    mutating func take(_ id: QuestionID, in file: String) throws(EvaluationError) -> Answer? {
        let place = Int(slots[slot(of: id)])
        guard place >= 0 else { return nil }
        guard !answers[place].isUsed else {
            throw EvaluationError(.malformedFile, "\(file): question \(id) is there twice")
        }
        answers[place].isUsed = true
        usedCount += 1
        return answers[place]
    }

    /// Checks that every question was answered and every answer used.
    ///
    /// - Throws: `EvaluationError` with the number and the first of those that were not.
    func requireAll(
        missing: [QuestionID], _ missingCount: Int, of total: Int, in file: String
    ) throws(EvaluationError) {
        let extraCount = answers.count - usedCount
        guard missingCount > 0 || extraCount > 0 else { return }
        var parts: [String] = []
        if missingCount > 0 {
            parts.append(
                "\(missingCount) of its \(total) questions have no answer "
                    + "(\(Matching.first(missing, of: missingCount)))")
        }
        if extraCount > 0 {
            let extra = answers.lazy.filter { !$0.isUsed }.prefix(3).map(\.id)
            parts.append(
                "\(extraCount) of \(answers.count) answers are to questions it does not have "
                    + "(\(Matching.first(Array(extra), of: extraCount)))")
        }
        throw EvaluationError(
            .mismatch,
            "\(path) does not belong to \(file): \(parts.joined(separator: "; ")); the two must "
                + "cover the same questions")
    }
}
