import MiphaChat

/// The tokens of one answer as they are chosen.
struct TokenSequence {
    private let stopIDs: Set<Int>
    private let limit: Int
    private var sampler: Sampler

    /// Ids chosen, the stop id included when there is one.
    private(set) var ids: [Int] = []
    /// Why the answer ended; `nil` while it is open.
    private(set) var reason: ChatOutcome.FinishReason?

    /// Starts an answer of at most `limit` tokens.
    init(_ sampling: SamplingOptions, limit: Int, stopIDs: Set<Int>) {
        self.stopIDs = stopIDs
        self.limit = limit
        sampler = Sampler(sampling)
    }

    /// Chooses the next token.
    ///
    /// - Parameter logits: those after the last token.
    mutating func next(_ logits: NextLogits) throws -> Int {
        let id = try sampler.next(logits)
        ids.append(id)
        if stopIDs.contains(id) {
            reason = .stop
        } else if ids.count == limit {
            reason = .length
        }
        return id
    }

    /// Ends the answer before its limit, because of its text.
    mutating func stop() { reason = .stop }
}
