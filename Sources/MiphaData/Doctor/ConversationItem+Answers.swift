import MiphaChat

extension ConversationItem {
    /// The answers as turns.
    var answerTurns: [Turn] {
        (answers?.all ?? []).compactMap {
            $0.text.map { Turn(role: .assistant, name: "gpt", text: $0) }
        }
    }
}

extension ConversationItem.Answers {
    /// Both by their keys.
    var all: [(key: String, text: String?)] { [("chosen", chosen), ("rejected", rejected)] }
}
