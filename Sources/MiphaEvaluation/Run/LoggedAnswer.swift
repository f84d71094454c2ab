public import MiphaBenchmarks
import MiphaFiles

/// An answer as the log holds it.
public struct LoggedAnswer: Sendable, Hashable {
    /// Digest of everything the answer depends on.
    public let key: String
    /// The question.
    public let id: QuestionID
    /// The answer.
    public let text: String
    /// Number of generated tokens.
    public let tokens: Int
    /// Why the answer ended: `stop` or `length`.
    public let finishReason: String

    /// Makes an entry.
    public init(key: String, id: QuestionID, text: String, tokens: Int, finishReason: String) {
        self.key = key
        self.id = id
        self.text = text
        self.tokens = tokens
        self.finishReason = finishReason
    }

    /// How the line of every answer begins.
    static let opening = "{\"key\":\""

    var json: JSONValue {
        [
            "key": .string(key), "question_id": id.json, "text": .string(text),
            "tokens": .integer(tokens), "finish_reason": .string(finishReason),
        ]
    }

    init?(_ value: JSONValue) {
        guard let key = value["key"]?.stringValue,
            let id = value["question_id"].flatMap(QuestionID.init),
            let text = value["text"]?.stringValue, let tokens = value["tokens"]?.integerValue,
            let reason = value["finish_reason"]?.stringValue
        else { return nil }
        self.init(key: key, id: id, text: text, tokens: tokens, finishReason: reason)
    }
}
