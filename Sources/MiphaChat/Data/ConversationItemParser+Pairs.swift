import MiphaFiles

/// The keys of an item that only items with a pair of answers have.
struct PairParts {
    /// Which key the question stands under, but for `conversations`.
    var key: String?
    /// The question where it is one text.
    var question: String?
    /// The question where it is a list of turns.
    var turns: [ConversationSample.Turn]?
    var chosen: String?
    var rejected: String?
}

/// Items with a chosen and a rejected answer.
///
/// Two forms are read: a LLaVA conversation that ends with a question, and the published one whose
/// question stands under `prompt` or `question`, as a text or (TRL's conversational form) as turns
/// of `role` and `content`.
extension ConversationItemParser {
    /// Reads the value of a key that ordinary items do not have.
    mutating func readPair(_ cursor: inout JSONCursor, _ key: String) throws {
        switch key {
        case "chosen":
            try once(key, pair.chosen)
            pair.chosen = try answer(&cursor, key)
        case "rejected":
            try once(key, pair.rejected)
            pair.rejected = try answer(&cursor, key)
        default:
            if let other = pair.key { throw failure(ItemTurns.twoQuestions(other, key)) }
            pair.key = key
            if cursor.kind == .array {
                pair.turns = try conversation(&cursor, key)
            } else {
                pair.question = try string(&cursor, key)
            }
        }
    }

    /// An answer: a text, a turn, or a list of one turn.
    private mutating func answer(_ cursor: inout JSONCursor, _ key: String) throws -> String {
        let turn: ConversationSample.Turn
        switch cursor.kind {
        case .string: return try cursor.string()
        case .object: turn = try self.turn(&cursor, key)
        case .array:
            let turns = try conversation(&cursor, key)
            guard turns.count == 1 else {
                throw failure("key \"\(key)\": \(ItemTurns.notOne(turns.count))")
            }
            turn = turns[0]
        default: throw try mismatch(cursor, key, "a text or a turn")
        }
        guard turn.role == .assistant else {
            throw failure("key \"\(key)\": \(ItemTurns.notAnswer)")
        }
        return turn.text
    }

    /// The turns that the answers follow.
    func question(
        _ turns: [ConversationSample.Turn]?, images: Int, _ parts: PairParts
    ) throws -> [ConversationSample.Turn] {
        if turns != nil, let key = parts.key {
            throw failure(ItemTurns.twoQuestions("conversations", key))
        }
        if let turns = turns ?? parts.turns { return turns }
        guard let text = parts.question else {
            throw failure(
                "key \"conversations\" is missing; expected turns there, or a text under \"prompt\" "
                    + "or \"question\"")
        }
        return [ConversationSample.Turn(.human, ItemTurns.question(text, images: images))]
    }

    /// Both answers.
    func answers(_ parts: PairParts) throws -> AnswerPair {
        guard let chosen = parts.chosen else { throw missing("chosen") }
        guard let rejected = parts.rejected else { throw missing("rejected") }
        return AnswerPair(chosen: chosen, rejected: rejected)
    }

    private func missing(_ key: String) -> ChatError {
        failure("key \"\(key)\" is missing; expected a text or a turn")
    }
}
