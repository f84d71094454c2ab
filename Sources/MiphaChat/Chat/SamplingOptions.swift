/// How the next token is chosen and when an answer ends.
public struct SamplingOptions: Sendable, Hashable, Codable {
    /// The largest number of tokens of an answer.
    public var maxTokens: Int
    /// Divides the logits; 0 takes the most likely token.
    public var temperature: Double
    /// Samples from the most likely tokens that together reach this probability, in (0, 1].
    public var topP: Double
    /// Samples from this many most likely tokens; nil for all.
    public var topK: Int?
    /// Seed of the random choice; nil takes a new one for each answer.
    public var seed: UInt64?
    /// Texts that end the answer, in addition to the template's; they are not part of the answer.
    public var stop: [String]

    /// Makes options; the defaults are the greedy search of the published benchmarks.
    ///
    /// - Parameters:
    ///   - maxTokens: the largest number of tokens.
    ///   - temperature: divides the logits, 0 for the most likely token.
    ///   - topP: probability mass to sample from.
    ///   - topK: number of tokens to sample from.
    ///   - seed: seed of the random choice.
    ///   - stop: texts that end the answer.
    public init(
        maxTokens: Int = 1024, temperature: Double = 0, topP: Double = 1, topK: Int? = nil,
        seed: UInt64? = nil, stop: [String] = []
    ) {
        self.maxTokens = maxTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.seed = seed
        self.stop = stop
    }

    /// Whether the most likely token is taken.
    public var isGreedy: Bool { temperature == 0 || topK == 1 }

    /// Checks the ranges.
    ///
    /// - Throws: `ChatError` with code `invalidOption`, naming the option.
    public func check() throws(ChatError) {
        func fail(_ name: String, _ expected: String, _ found: Any) -> ChatError {
            ChatError(.invalidOption, "\(name): expected \(expected), found \(found)")
        }
        guard maxTokens >= 1 else { throw fail("max tokens", "at least 1", maxTokens) }
        guard temperature.isFinite, temperature >= 0 else {
            throw fail("temperature", "0 or more", temperature)
        }
        guard topP > 0, topP <= 1 else { throw fail("top-p", "more than 0, at most 1", topP) }
        if let topK, topK < 1 { throw fail("top-k", "at least 1", topK) }
        if let index = stop.firstIndex(where: \.isEmpty) {
            throw fail("stop[\(index)]", "a text", "an empty one")
        }
    }
}
