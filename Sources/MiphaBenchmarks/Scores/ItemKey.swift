import MiphaFiles

/// What identifies a question on both sides of a comparison.
///
/// An id may stand for several questions, as TextVQA's do: then the right answers decide.
struct ItemKey: Hashable {
    private let id: QuestionID
    private let expected: [ExactString]

    init(_ item: ScoredItem) {
        id = item.id
        expected = item.expected.map { ExactString($0) }
    }

    /// How often each question comes.
    static func counts(_ items: [ScoredItem]) -> [ItemKey: Int] {
        var counts: [ItemKey: Int] = [:]
        for item in items { counts[ItemKey(item), default: 0] += 1 }
        return counts
    }
}
