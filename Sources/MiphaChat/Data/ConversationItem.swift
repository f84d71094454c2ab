package import MiphaFiles

/// An item of a conversation file, read as far as it can be understood.
package struct ConversationItem: Sendable {
    /// A turn.
    package struct Turn: Sendable {
        /// Who speaks; nil when the name is not a known one.
        package let role: ConversationSample.Role?
        /// The name of who speaks, as the file says.
        package let name: String
        /// What is said.
        package let text: String

        /// Makes a turn.
        package init(role: ConversationSample.Role?, name: String, text: String) {
            self.role = role
            self.name = name
            self.text = text
        }
    }

    /// Two answers to the last turn; nil where one is not there.
    package struct Answers: Sendable {
        /// The better answer.
        package let chosen: String?
        /// The worse answer.
        package let rejected: String?
    }

    /// The item's `id` as text, nil when it has none.
    package let id: String?
    /// The image paths; nil when they cannot be understood.
    package let images: [String]?
    /// The turns; nil when they cannot be understood.
    package let turns: [Turn]?
    /// The texts of a chosen and a rejected answer; nil for an item with neither key.
    package let answers: Answers?
    /// All that is wrong with the item, the first fault first.
    package let faults: [ItemFault]
    /// What stands under keys that are not read.
    package let keys: ItemKeyFindings

    /// Reads the item at a cursor; what is wrong with it becomes ``faults``.
    ///
    /// - Parameter form: what the item is read as; nil for a pair of answers where it has one, else a
    ///   conversation.
    /// - Throws: `FileError` when it is not JSON; nothing else, since all faults are kept.
    package init(reading cursor: inout JSONCursor, as form: SampleForm? = nil) throws {
        var parser = ConversationItemParser(sink: FaultCollector(), form: form)
        try parser.parse(&cursor)
        id = parser.id
        images = parser.areImagesKnown ? parser.images : nil
        turns = parser.turns
        answers =
            parser.seen.isDisjoint(with: .answers)
            ? nil : Answers(chosen: parser.pair.chosen, rejected: parser.pair.rejected)
        faults = parser.sink.faults
        keys = parser.keys
    }
}
