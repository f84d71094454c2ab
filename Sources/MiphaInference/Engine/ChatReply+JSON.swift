public import MiphaChat
public import MiphaCheckpoints

extension ChatReply {
    /// The reply as a JSON object: text, token ids, counts, finish reason, seconds by phase.
    public var json: JSONValue {
        let (usage, timings) = (outcome.usage, outcome.timings)
        return [
            "text": .string(text), "tokens": .array(tokens.map { .integer($0) }),
            "prompt_tokens": .integer(usage.promptTokens),
            "image_tokens": .integer(usage.imageTokens),
            "completion_tokens": .integer(usage.completionTokens),
            "finish_reason": .string(outcome.reason.rawValue),
            "timings": [
                "preprocessing": .double(timings.preprocessing),
                "vision": .double(timings.vision), "prefill": .double(timings.prefill),
                "decode": .double(timings.decode),
                "tokens_per_second": .double(outcome.tokensPerSecond),
            ],
        ]
    }
}

extension ChatOutcome {
    /// Rate of the tokens behind the first, which comes with the prompt; 0 without any.
    public var tokensPerSecond: Double {
        let count = usage.completionTokens - 1
        return count > 0 && timings.decode > 0 ? Double(count) / timings.decode : 0
    }
}
