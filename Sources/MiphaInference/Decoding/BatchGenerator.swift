public import MiphaChat
public import MiphaModels

/// Answers a batch of prompts in ids.
public struct BatchGenerator {
    /// The ids of one answer.
    public struct Answer: Sendable, Hashable {
        /// Ids generated, the stop id included when there is one.
        public var ids: [Int]
        /// Why the answer ended.
        public var reason: ChatOutcome.FinishReason
    }

    let model: MiphaModel
    let stopIDs: Set<Int>

    /// Creates a generator.
    ///
    /// - Parameter stopIDs: ids that end an answer.
    public init(_ model: MiphaModel, stopIDs: Set<Int>) {
        self.model = model
        self.stopIDs = stopIDs
    }

    /// Answers prompts that may differ in length and in pictures; see `DecodingSession`.
    ///
    /// Each row has its own random sequence, so its answer does not depend on the rows beside it.
    ///
    /// - Parameters:
    ///   - sampling: one for each prompt; stop texts are not looked at.
    ///   - progress: told the number of steps done after each.
    /// - Throws: `InferenceError`, `TensorError`.
    public func generate(
        _ prompts: [GenerationPrompt], sampling: [SamplingOptions],
        progress: (Int) -> Void = { _ in }
    ) throws -> [Answer] {
        precondition(prompts.count == sampling.count, "one set of options for each prompt")
        for options in sampling { try options.check() }
        let session = try DecodingSession(model, prompts: prompts)
        var rows = sampling.map { TokenSequence($0, limit: $0.maxTokens, stopIDs: stopIDs) }
        var steps = 0
        var isOpen = true
        while isOpen {
            isOpen = try session.advance { row, logits in
                let id = try rows[row].next(logits)
                return rows[row].reason == nil ? id : nil
            }
            steps += 1
            progress(steps)
        }
        return rows.map { Answer(ids: $0.ids, reason: $0.reason ?? .length) }
    }
}
