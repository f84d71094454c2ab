import MiphaFiles

extension ScienceQA {
    /// The problems of the test split in its order, and the size of the training split.
    ///
    /// - Throws: `EvaluationError` naming the file, the id and the member that is wrong.
    static func problems(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> (problems: [Problem], trainingCount: Int) {
        guard !files.isFile else {
            throw EvaluationError(
                .wrongFile,
                "\(files.path): ScienceQA needs a folder with problems.json and pid_splits.json, "
                    + "found a file")
        }
        let splits = try files.file(
            ["pid_splits.json", "data/scienceqa/pid_splits.json"], what: "ScienceQA's splits")
        let ids = try splits.object("ScienceQA's splits (pid_splits.json)")
        try splits.check(ids, splitFields, splits.name)
        guard let test = ids["test"]?.arrayValue else {
            throw EvaluationError(
                .wrongFile,
                "\(splits.name): expected ScienceQA's pid_splits.json with a list \"test\", found "
                    + ids.found)
        }
        let source = try files.file(
            ["problems.json", "data/scienceqa/problems.json"], what: "ScienceQA's problems")
        let object = try source.object("ScienceQA's problems (problems.json)")
        var problems: [Problem] = []
        var seen: Set<QuestionID> = []
        for value in test {
            guard let id = QuestionID(value), seen.insert(id).inserted else {
                throw EvaluationError(
                    .malformedFile,
                    "\(splits.name): expected distinct ids in the split test, found "
                        + (QuestionID(value).map { "\($0) twice" } ?? value.kind))
            }
            guard let entry = object[id.text]?.objectValue else {
                throw EvaluationError(
                    .mismatch,
                    "\(source.name): the problem \(id) of the split test is not there; the file "
                        + "has \(object.count) problems")
            }
            try source.check(entry, problemFields, "\(source.name): problem \(id)")
            problems.append(
                try problem(
                    PlacedObject(
                        object: entry, place: "\(source.name): problem \(id)",
                        what: "ScienceQA's problems"), id)
            )
        }
        guard !problems.isEmpty else {
            throw EvaluationError(.wrongFile, "\(splits.name): the split test is empty")
        }
        return (problems, ids["train"]?.arrayValue?.count ?? 0)
    }

    private static func problem(
        _ entry: PlacedObject, _ id: QuestionID
    ) throws(EvaluationError) -> Problem {
        let choices = try entry.strings("choices")
        let answer = try entry.integer("answer")
        guard choices.indices.contains(answer), choices.count <= 26 else {
            throw EvaluationError(
                .malformedFile,
                "\(entry.place): the answer \(answer) is none of the \(choices.count) choices")
        }
        func optional(_ key: String) throws(EvaluationError) -> String? {
            guard let value = entry.object[key], !value.isNull else { return nil }
            guard let text = value.stringValue else { throw entry.wrong(key, "a string or null") }
            return text.isEmpty ? nil : text
        }
        return Problem(
            id: id, question: try entry.string("question"), choices: choices, answer: answer,
            hint: try optional("hint") ?? "", image: try optional("image"),
            subject: try optional("subject") ?? "", grade: try optional("grade") ?? "")
    }
}

/// The answers to ScienceQA by question.
struct ScienceQAAnswers: Sendable {
    struct Answer: Sendable {
        let text: String
        /// Whether the prompt beside the answer names an image.
        let marksImage: Bool
        /// The choice that the authors' result file records.
        let index: Int?
    }

    private var byID: [QuestionID: Answer] = [:]
    /// Whether the answers carry prompts.
    private(set) var hasPrompts = false

    /// Number of questions with an answer.
    var count: Int { byID.count }

    subscript(id: QuestionID) -> Answer? { byID[id] }

    /// Reads LLaVA's answer lines or the authors' result file.
    ///
    /// - Throws: `EvaluationError` for unknown ids and questions with two different answers.
    init(
        _ predictions: Predictions, _ problems: [ScienceQA.Problem]
    ) throws(EvaluationError) {
        if let result = try Self.resultFile(predictions) {
            byID = result
        } else {
            for (id, record) in try predictions.keyed() {
                hasPrompts = hasPrompts || record.prompt != nil
                byID[id] = Answer(
                    text: record.text,
                    marksImage: record.prompt.map { PythonText.contains($0, "<image>") } ?? false,
                    index: nil)
            }
        }
        let known = Set(problems.map(\.id))
        let unknown = byID.keys.filter { !known.contains($0) }.sorted { $0.text < $1.text }
        guard unknown.isEmpty else {
            throw .unknownIDs(unknown, of: "ScienceQA's test split", in: predictions.path)
        }
    }

    private static func resultFile(
        _ predictions: Predictions
    ) throws(EvaluationError) -> [QuestionID: Answer]? {
        var result: [QuestionID: Answer]?
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            guard place == predictions.path, let outputs = element["outputs"]?.objectValue,
                let indices = element["results"]?.objectValue
            else { return }
            try predictions.watch.check(
                element.objectValue ?? JSONObject(), ScienceQA.resultFields,
                in: predictions.path, place)
            var answers: [QuestionID: Answer] = [:]
            for member in outputs.members {
                guard let text = member.value.stringValue,
                    let index = indices[member.key]?.integerValue
                else {
                    throw EvaluationError(
                        .wrongFile,
                        "\(place): expected a text in \"outputs\" and an index in \"results\" for "
                            + "question \(member.key)")
                }
                answers[QuestionID(member.key)] = Answer(
                    text: text, marksImage: false, index: index)
            }
            result = answers
        }
        return result
    }
}
