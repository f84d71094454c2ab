import MiphaFiles

/// The keys of an item that only items with a pair of answers have.
struct PairParts<Turn> {
    /// The key of the question, other than `conversations`; nil where it was postponed.
    var key: String?
    /// The question where it is one text.
    var question: String?
    /// The question where it is a list of turns.
    var turns: [Turn]?
    var chosen: String?
    var rejected: String?
    /// The values under the keys of questions, while it is not known whether there are answers.
    var postponed: [(key: String, value: JSONCursor)] = []
}

/// Items with a chosen and a rejected answer.
///
/// Two forms are read: a LLaVA conversation that ends with a question, and the published one whose
/// question stands under `prompt` or `question`, as a text or (TRL's conversational form) as turns
/// of `role` and `content`.
extension ConversationItemParser {
    /// Whether the item is read as a pair of answers, as far as is known.
    var isPair: Bool {
        form == .preferences || (form == nil && !seen.isDisjoint(with: .answers))
    }

    /// Reads what stands under a key of questions.
    mutating func readQuestionKey(
        _ cursor: inout JSONCursor, _ name: String, _ key: ItemKeySet
    ) throws {
        if form == .conversations { return try keys.passOver(&cursor, name) }
        try once(name, key)
        if form == nil {
            pair.postponed.append((name, cursor))
            return try cursor.skip()
        }
        if let other = pair.key, other != name { try fault(.twoQuestions(other, name)) }
        pair.key = name
        try readQuestion(&cursor, name)
    }

    private mutating func readQuestion(_ cursor: inout JSONCursor, _ name: String) throws {
        switch cursor.kind {
        case .array: pair.turns = try readTurns(&cursor, name)
        case .string: pair.question = try cursor.string()
        default: try refuse(&cursor, name, "a string")
        }
    }

    /// Reads the question where it was not known before the item's end whether there are answers.
    mutating func readPostponed() throws {
        let postponed = pair.postponed
        guard let first = postponed.first else { return }
        guard isPair else {
            for (key, value) in postponed {
                var value = value
                try keys.passOver(&value, key)
            }
            return
        }
        let names =
            (seen.contains(.conversations) ? ["conversations"] : []) + postponed.map(\.key)
        if names.count > 1, names[0] != names[1] { try fault(.twoQuestions(names[0], names[1])) }
        var cursor = first.value
        try readQuestion(&cursor, first.key)
    }

    /// The turns of a question that does not stand under `conversations`.
    func questionTurns(images: Int) -> [Sink.Turn]? {
        guard let question = pair.question else { return pair.turns }
        let text = ItemTurns.question(question, images: images)
        return Sink.kept(ConversationItem.Turn(role: .human, name: "human", text: text)).map {
            [$0]
        }
    }

    /// Reads an answer.
    mutating func readAnswerKey(
        _ cursor: inout JSONCursor, _ name: String, _ key: ItemKeySet
    ) throws {
        if form == .conversations { return try keys.passOver(&cursor, name) }
        try once(name, key)
        let text = try readAnswer(&cursor, name)
        if key == .chosen { pair.chosen = text } else { pair.rejected = text }
    }

    /// An answer: a text, a turn, or a list of one turn.
    private mutating func readAnswer(
        _ cursor: inout JSONCursor, _ key: String
    ) throws -> String? {
        switch cursor.kind {
        case .string: return try cursor.string()
        case .object: return try readTurn(&cursor, key).map { turn in try text(of: turn, key) }
        case .array:
            var first: ConversationItem.Turn?
            var isWhole = true
            var count = 0
            try cursor.beginArray()
            while try cursor.nextElement() {
                let turn = try readTurn(&cursor, "\(key)[\(count)]")
                if count == 0 { first = turn }
                isWhole = isWhole && turn != nil
                count += 1
            }
            guard isWhole else { return nil }
            if count != 1 { try fault(.turnCount(key: key, count: count)) }
            return try first.map { turn in try text(of: turn, key) }
        default:
            try refuse(&cursor, key, "a text or a turn")
            return nil
        }
    }

    /// The text of a turn that is an answer.
    private mutating func text(of turn: ConversationItem.Turn, _ key: String) throws -> String {
        if turn.role != .assistant {
            let name = turn.role == .human ? "human" : turn.name
            try fault(.notAssistant(key: key, name: name))
        }
        return turn.text
    }

    /// Judges whether a question and both answers are there.
    mutating func finishPair() throws {
        if seen.contains(.conversations) {
            if let key = pair.key { try fault(.twoQuestions("conversations", key)) }
        } else if seen.isDisjoint(with: .questions) {
            try fault(.noQuestion)
        }
        if !seen.contains(.chosen) { try fault(.noAnswer(key: "chosen")) }
        if !seen.contains(.rejected) { try fault(.noAnswer(key: "rejected")) }
    }
}
