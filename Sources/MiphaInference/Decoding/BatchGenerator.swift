public import MiphaChat
public import MiphaModels

/// Answers a batch of prompts in ids, all rows in step.
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
    let usesCache: Bool

    /// Creates a generator.
    ///
    /// - Parameters:
    ///   - stopIDs: ids that end an answer.
    ///   - usesCache: without it every token is computed from the whole text again.
    public init(_ model: MiphaModel, stopIDs: Set<Int>, usesCache: Bool = true) {
        self.model = model
        self.stopIDs = stopIDs
        self.usesCache = usesCache
    }

    /// Answers prompts that may differ in length and in number of pictures.
    ///
    /// Each row has its own random sequence, so its answer does not depend on the rows beside it. A
    /// row that is complete is computed further until the last one is, and what comes then is dropped.
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
        let session = try DecodingSession(model, prompts: prompts, usesCache: usesCache)
        var samplers = sampling.map { Sampler($0) }
        var answers = prompts.map { _ in Answer(ids: [], reason: .length) }
        var isOpen = prompts.map { _ in true }
        var logits = try session.prefill()
        while true {
            var next = [Int](repeating: 0, count: prompts.count)
            for row in prompts.indices where isOpen[row] {
                let id = try samplers[row].next(logits[row])
                next[row] = id
                answers[row].ids.append(id)
                if stopIDs.contains(id) { answers[row].reason = .stop }
                isOpen[row] =
                    answers[row].reason != .stop
                    && answers[row].ids.count < sampling[row].maxTokens
            }
            progress(session.appendedCount + 1)
            guard isOpen.contains(true) else { return answers }
            logits = try session.step(next)
        }
    }
}
