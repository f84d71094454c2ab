/// The fields of one kind of record in a benchmark's files: what the reader makes of each.
///
/// The lists are checked where records are read (``FieldWatch``) and printed as
/// docs/fields-benchmarks.md (``FieldDocument``).
public struct FieldList: Sendable {
    /// The record, for people: `answer lines of LLaVA`.
    public let record: String
    /// The names that are read, those that mean the same joined: `question_id`, `id`.
    public let used: [String]
    /// The names that authors and tools write and that change no result.
    public let irrelevant: [String]
    /// The names that would change results and are not done, each with what is to be done.
    public let refused: [(name: String, reason: String)]
    private let known: Set<String>

    /// Lists fields.
    public init(
        _ record: String, used: [String], irrelevant: [String] = [],
        refused: [(name: String, reason: String)] = []
    ) {
        self.record = record
        self.used = used
        self.irrelevant = irrelevant
        self.refused = refused
        known = Set(used).union(irrelevant)
    }

    /// Whether a name is read or known to change nothing.
    public func knows(_ name: String) -> Bool { known.contains(name) }

    /// Why a name is refused; nil for one that is not.
    public func refusal(of name: String) -> String? {
        refused.first { $0.name == name }?.reason
    }
}
