public import MiphaChat
public import MiphaFiles

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
                "preprocessing": Self.rounded(timings.preprocessing),
                "vision": Self.rounded(timings.vision),
                "prefill": Self.rounded(timings.prefill),
                "decode": Self.rounded(timings.decode),
                "tokens_per_second": Self.rounded(outcome.tokensPerSecond),
            ],
        ]
    }

    /// A number to six decimals: microseconds of a time in seconds.
    private static func rounded(_ number: Double) -> JSONValue {
        .double((number * 1_000_000).rounded() / 1_000_000)
    }
}

extension ChatOutcome {
    /// Rate of the tokens after the first, which comes with the prompt; 0 without any.
    public var tokensPerSecond: Double {
        let count = usage.completionTokens - 1
        return count > 0 && timings.decode > 0 ? Double(count) / timings.decode : 0
    }
}
