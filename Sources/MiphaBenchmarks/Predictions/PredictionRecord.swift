/// One answer of a predictions file.
public struct PredictionRecord: Sendable {
    /// The question.
    public var id: QuestionID
    /// The answer.
    public var text: String
    /// The prompt that was recorded beside it (`prompt` in LLaVA's answer lines).
    public var prompt: String?
    /// Where it stands, for messages: `answers.jsonl:12`.
    public var place: String

    /// Makes a record.
    public init(id: QuestionID, text: String, prompt: String? = nil, place: String) {
        self.id = id
        self.text = text
        self.prompt = prompt
        self.place = place
    }
}

/// The field names of a kind of predictions file.
public struct PredictionFields: Sendable {
    /// Names the id may have, the first that is present counts.
    public var ids: [String]
    /// Names the answer may have; of several one is taken only where it is certain that it is the
    /// model's and not the right one or the question.
    public var answers: [String]

    /// Names fields.
    public init(ids: [String], answers: [String]) {
        self.ids = ids
        self.answers = answers
    }

    /// LLaVA's answer lines, and what most benchmarks' own formats use.
    public static let common = PredictionFields(
        ids: ["question_id", "questionId", "id"], answers: ["text", "answer", "prediction"])
}
