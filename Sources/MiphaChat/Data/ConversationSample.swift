/// One item of a LLaVA conversation file.
///
/// Format: `{"id", "image", "conversations": [{"from", "value"}]}` (haotian-liu/LLaVA,
/// `docs/Finetune_Custom_Data.md`). Other keys are not kept.
public struct ConversationSample: Sendable, Hashable {
    /// Who speaks.
    public enum Role: Sendable, Hashable {
        /// `"human"` or `"user"` in a file.
        case human
        /// `"gpt"` or `"assistant"` in a file.
        case assistant

        /// The role of a name in a file, nil when it is unknown.
        package init?(named name: String) {
            switch name {
            case "human", "user": self = .human
            case "gpt", "assistant": self = .assistant
            default: return nil
            }
        }
    }

    /// One turn.
    public struct Turn: Sendable, Hashable {
        /// Who speaks.
        public let role: Role
        /// What is said, `<image>` markers included.
        public let text: String

        /// Makes a turn.
        public init(_ role: Role, _ text: String) {
            self.role = role
            self.text = text
        }
    }

    /// The item's `id` as text, nil when it has none.
    public let id: String?
    /// Image paths in the order of the markers, relative to the image folder; empty for text only.
    public let images: [String]
    /// The turns in order.
    public let turns: [Turn]
    /// Two answers to the last turn, which is then the human's; nil for an ordinary conversation.
    public let answers: AnswerPair?

    /// Makes a sample.
    public init(
        id: String? = nil, images: [String] = [], turns: [Turn], answers: AnswerPair? = nil
    ) {
        self.id = id
        self.images = images
        self.turns = turns
        self.answers = answers
    }

    /// Checks that the human starts, that turns alternate and that there is an answer; with a pair of
    /// answers, that the last turn is the human's.
    ///
    /// The reference drops a leading answer without a word and fails with an assertion on two turns
    /// of one role (zhuyiche/llava-phi, `mipha/train/train.py`, `preprocess_v0`); here both are
    /// errors that name the turn.
    ///
    /// - Throws: `ChatError` with code `turnOrder`.
    public func checkTurnOrder() throws(ChatError) {
        for (index, turn) in turns.enumerated() {
            let expected: Role = index.isMultiple(of: 2) ? .human : .assistant
            guard turn.role == expected else {
                throw ChatError(
                    .turnOrder,
                    "\(label)conversations[\(index)].from: expected \(Self.name(expected)), found "
                        + "\(Self.name(turn.role)); turns must start with \"human\" and alternate")
            }
        }
        if answers != nil {
            guard turns.count.isMultiple(of: 2) else { return }
            throw ChatError(
                .turnOrder,
                "\(label)conversations: expected a \"human\" turn at the end, which \"chosen\" and "
                    + "\"rejected\" answer, found \(turns.isEmpty ? "no turn" : "\"gpt\"")")
        }
        guard turns.count >= 2 else {
            throw ChatError(
                .turnOrder,
                "\(label)conversations: expected a \"human\" turn and an answer, found "
                    + (turns.isEmpty ? "no turn" : "one turn without an answer"))
        }
    }

    var label: String { id.map { "item \"\($0)\": " } ?? "" }

    private static func name(_ role: Role) -> String {
        role == .human ? "\"human\"" : "\"gpt\""
    }
}
