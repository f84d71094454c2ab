/// How the turns of a conversation are written as one text.
///
/// The text is `{system}`, then for each round `{roundPrefix}{userPrefix}{text}{userSuffix}` and
/// `{assistantPrefix}{answerPrefix}{answer}{answerSuffix}{endOfTurn}{turnSuffix}`, and `closing` after
/// the last turn. The generation prompt stops after the last `assistantPrefix`; the loss counts
/// everything from `answerPrefix` to `endOfTurn`. `roundPrefix` does not stand before the first round,
/// where the tokenizer's beginning of text stands, which no format writes.
///
/// A format is one value in a file of this folder and one line in ``all``. Training and prompts take
/// it from the model folder.
public struct ChatFormat: Sendable, Hashable {
    /// How the turns are put together.
    public enum Style: Sendable, Hashable {
        /// Roles with prefixes and suffixes.
        case turns
        /// Stage 1: the image and its caption, nothing else.
        case plain
    }

    /// How the reference masks labels of a format's turns.
    public enum ReferenceMask: Sendable, Hashable {
        /// Ends of turns are padding, and no id stands before the text (`preprocess_v0`).
        case padsWithEnd
        /// An id stands before the text, and padding is another token (`preprocess_gemma_1`).
        case beginsWithText
    }

    /// Where the system text stands.
    public enum SystemPlace: Sendable, Hashable {
        /// Before the first turn.
        case beforeTurns
        /// Inside the first user turn, in front of its text.
        case inFirstTurn
        /// Nowhere: the format has no system text, and one is an error.
        case nowhere
    }

    /// The canonical name.
    public let name: String
    /// The names that `named(_:)` knows, the canonical one among them.
    public let names: [String]
    /// The models that were trained with it, for documents.
    public let models: String
    /// How the turns are put together.
    public internal(set) var style = Style.turns
    /// The system text used when the conversation brings none; empty: none.
    public internal(set) var system = ""
    /// Where the system text stands.
    public internal(set) var systemPlace = SystemPlace.beforeTurns
    /// Whether a system text that the conversation gives is written when it is empty.
    public internal(set) var keepsEmptySystem = false
    /// Written before the system text.
    public internal(set) var systemPrefix = ""
    /// Written after the system text.
    public internal(set) var systemSuffix = ""
    /// Written before a user's turn that is not the first.
    public internal(set) var roundPrefix = ""
    /// Written before a user's text.
    public internal(set) var userPrefix = ""
    /// Written after a user's text.
    public internal(set) var userSuffix = ""
    /// Written before an answer; a generation prompt ends with it.
    public internal(set) var assistantPrefix = ""
    /// Written between `assistantPrefix` and an answer, and supervised with the answer.
    public internal(set) var answerPrefix = ""
    /// Written between an answer and its end of turn, and supervised with the answer.
    public internal(set) var answerSuffix = ""
    /// Written after an answer and supervised with it.
    ///
    /// One token of the vocabulary for `turns`, a newline for `plain`. Empty where the reference
    /// writes no end: such a format has prompts, but cannot be trained with.
    public internal(set) var endOfTurn: String
    /// Written after the end of a turn, not supervised.
    public internal(set) var turnSuffix = ""
    /// Written after a complete conversation, not supervised.
    public internal(set) var closing = ""
    /// Whether whitespace around texts is cut, that of answers included.
    public internal(set) var trims = false
    /// How the reference masks labels; `nil`: it has no mask for the format.
    var referenceMask: ReferenceMask?
    /// SHA-256 digests of the canonical form (``JinjaText``) of the `chat_template`s that models of
    /// this format were published with.
    package internal(set) var published: [String] = []

    /// Texts that end an answer, for stop detection in generated text.
    public var stopTexts: [String] { endOfTurn.isEmpty ? [] : [endOfTurn] }

    /// Ids that end an answer: the format's end of turn and the tokenizer's end of text.
    ///
    /// The reference's Gemma scripts pass the Phi template, whose end marker is not a Gemma token, and
    /// stop only by luck of the end-of-text id; here the format is chosen with the model and both
    /// ids count.
    public func stopIDs(_ tokenizer: some TextTokenizer) -> Set<Int> {
        var ids: Set<Int> = []
        if style == .turns, !endOfTurn.isEmpty, let id = tokenizer.id(of: endOfTurn) {
            ids.insert(id)
        }
        if let id = tokenizer.endOfTextID { ids.insert(id) }
        return ids
    }

    /// Checks that answers have an end, which training needs.
    ///
    /// - Throws: `ChatError` with code `unsuitableTemplate`.
    package func checkEnd() throws(ChatError) {
        guard endOfTurn.isEmpty else { return }
        throw ChatError(
            .unsuitableTemplate,
            "template \"\(name)\": writes no end after an answer, so that a model would not learn to "
                + "end; choose another for training, such as the one that the model was trained with "
                + "(\(ChatFormat.names.joined(separator: ", ")))")
    }

    /// Checks that the tokenizer knows the end of a turn as one token, and so what stands between
    /// rounds and at the end.
    ///
    /// - Throws: `ChatError` with code `unsuitableTemplate`; the reference instead masks every sample
    ///   when the Phi template meets Gemma's tokenizer.
    public func check(_ tokenizer: some TextTokenizer) throws(ChatError) {
        guard style == .turns else { return }
        for (what, text) in [
            ("end of turn", endOfTurn), ("text between rounds", roundPrefix), ("end", closing),
        ] where !text.isEmpty && tokenizer.id(of: text) == nil {
            throw ChatError(
                .unsuitableTemplate,
                "template \"\(name)\": its \(what) \"\(text)\" is not a token of this model's "
                    + "tokenizer; choose the template of the model's family "
                    + "(\(ChatFormat.names.joined(separator: ", ")))")
        }
    }
}
