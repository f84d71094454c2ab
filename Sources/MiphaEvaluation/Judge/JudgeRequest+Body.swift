import MiphaBenchmarks
import MiphaFiles

extension JudgeRequest {
    /// The body that an OpenAI-compatible endpoint takes.
    ///
    /// - Parameter limitKey: the name of the token limit, `max_tokens` or `max_completion_tokens`.
    func body(model: String, limitKey: String) -> JSONValue {
        let messages = messages.map { message -> JSONValue in
            ["role": .string(message.role), "content": .string(message.text)]
        }
        return .object([
            "model": .string(model), "messages": .array(messages),
            "temperature": .double(temperature), limitKey: .integer(maxTokens),
        ])
    }
}
