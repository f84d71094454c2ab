public import MiphaBenchmarks

/// A part of an evaluation that one of several machines does.
public struct EvaluationShard: Sendable, Hashable {
    /// Which part, from 1.
    public let index: Int
    /// How many parts there are.
    public let count: Int

    /// The whole.
    public static let whole = EvaluationShard(uncheckedIndex: 1, count: 1)

    private init(uncheckedIndex: Int, count: Int) {
        index = uncheckedIndex
        self.count = count
    }

    /// Names a part.
    ///
    /// - Throws: `EvaluationError` unless `1 <= index <= count`.
    public init(index: Int, count: Int) throws(EvaluationError) {
        guard count >= 1, (1...count).contains(index) else {
            throw EvaluationError(
                .invalidRequest,
                "shard \(index)/\(count): expected i/n with i from 1 to n, such as 2/8")
        }
        self.init(uncheckedIndex: index, count: count)
    }

    /// Reads `i/n`.
    ///
    /// - Throws: `EvaluationError` for anything else.
    public init(parsing text: String) throws(EvaluationError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1] else {
            throw EvaluationError(
                .invalidRequest, "shard \"\(text)\": expected i/n, such as 2/8")
        }
        try self.init(index: index, count: count)
    }
}

/// How an evaluation asks.
public struct EvaluationSettings: Sendable {
    /// The longest answer in tokens; nil takes the benchmark's own.
    public var maxTokens: Int?
    /// Only the first questions; nil asks all.
    public var limit: Int?
    /// Which of several parts to ask.
    public var shard: EvaluationShard
    /// Whether questions on one image share its features and the prompt up to it; otherwise
    /// every question is answered alone and its image encoded again, as the reference does.
    public var groupsByPicture: Bool
    /// Number of questions that are handed to the model in one list.
    public var batchRows: Int

    /// Makes settings.
    public init(
        maxTokens: Int? = nil, limit: Int? = nil, shard: EvaluationShard = .whole,
        groupsByPicture: Bool = true, batchRows: Int = 64
    ) {
        self.maxTokens = maxTokens
        self.limit = limit
        self.shard = shard
        self.groupsByPicture = groupsByPicture
        self.batchRows = batchRows
    }

    /// What differs from asking everything, for reports.
    public var facts: [EvaluationReport.Fact] {
        var facts: [EvaluationReport.Fact] = []
        if let maxTokens { facts.append(.init("longest answer", "\(maxTokens) tokens")) }
        if let limit { facts.append(.init("limit", "the first \(limit) questions")) }
        if !groupsByPicture { facts.append(.init("questions", "one by one")) }
        return facts
    }
}

/// The model that is evaluated, as far as its answers depend on it.
public struct EvaluatedModel: Sendable, Hashable {
    /// The name that answers carry (`model_id`).
    public var name: String
    /// A digest of weights, tokenizer, template, preprocessing and element type: when it changes,
    /// earlier answers are void.
    public var fingerprint: String
    /// Facts for reports, such as parameter counts.
    public var facts: [EvaluationReport.Fact]

    /// Names a model.
    public init(name: String, fingerprint: String, facts: [EvaluationReport.Fact] = []) {
        self.name = name
        self.fingerprint = fingerprint
        self.facts = facts
    }
}
