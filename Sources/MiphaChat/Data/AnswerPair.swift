/// Two answers to one question, of which people prefer the first.
public struct AnswerPair: Sendable, Hashable {
    /// The better answer.
    public let chosen: String
    /// The worse answer.
    public let rejected: String

    /// Makes a pair.
    public init(chosen: String, rejected: String) {
        self.chosen = chosen
        self.rejected = rejected
    }
}

/// What the items of a conversation file are read as.
public enum SampleForm: Sendable, Hashable {
    /// Conversations with their answers; keys of pairs are not looked at.
    case conversations
    /// Questions with a chosen and a rejected answer.
    case preferences
}
