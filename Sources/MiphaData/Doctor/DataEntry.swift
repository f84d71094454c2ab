import MiphaChat
import MiphaFiles

/// An item of a conversation file, read as far as it can be understood.
struct DataEntry: Sendable {
    struct Turn: Sendable {
        let role: String
        let text: String
    }

    var id: String?
    /// The picture paths; nil when they cannot be understood.
    var images: [String]? = []
    /// The turns; nil when they cannot be understood.
    var turns: [Turn]?
    /// The texts of a chosen and a rejected answer; nil for an item with neither key.
    var answers: Answers?
    /// What is malformed, the first finding first.
    var faults: [String] = []
    /// What stands under keys that are not read.
    var keys = ItemKeyFindings()

    /// Two answers to the last turn; nil where one is not there.
    struct Answers: Sendable {
        var chosen: String?
        var rejected: String?

        /// Both by their keys.
        var all: [(key: String, text: String?)] { [("chosen", chosen), ("rejected", rejected)] }
    }

    /// The answers as turns.
    var answerTurns: [Turn] {
        (answers?.all ?? []).compactMap { $0.text.map { Turn(role: "gpt", text: $0) } }
    }
}
