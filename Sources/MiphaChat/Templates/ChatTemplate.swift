/// The literal strings around the turns of a conversation.
///
/// `{system}` prefix, text, suffix; then for each round `{userPrefix}{text}{userSuffix}`,
/// `{assistantPrefix}{answerPrefix}{answer}{endOfTurn}`. The generation prompt stops after the last
/// `assistantPrefix`; the loss counts everything from `answerPrefix` to `endOfTurn`.
///
/// Reference: zhuyiche/llava-phi, `mipha/conversation.py`.
public struct ChatTemplate: Sendable, Hashable {
    /// How the turns are put together.
    public enum Style: Sendable, Hashable {
        /// Roles with prefixes and suffixes.
        case turns
        /// Stage 1: the image and its caption, nothing else.
        case plain
    }

    /// How the reference masks labels of a template's turns.
    public enum ReferenceMask: Sendable, Hashable {
        /// Ends of turns are padding, and no id stands before the text (`preprocess_v0`).
        case padsWithEnd
        /// An id stands before the text, and padding is another token (`preprocess_gemma_1`).
        case beginsWithText
    }

    /// The canonical name, a key of the catalogue.
    public let name: String
    /// How the turns are put together.
    public let style: Style
    /// The system text used when the conversation brings none.
    public let system: String
    /// Written before the system text.
    public let systemPrefix: String
    /// Written after the system text.
    public let systemSuffix: String
    /// Written before a user's text.
    public let userPrefix: String
    /// Written after a user's text.
    public let userSuffix: String
    /// Written before an answer; a generation prompt ends with it.
    public let assistantPrefix: String
    /// Written between `assistantPrefix` and an answer, and supervised with the answer.
    public let answerPrefix: String
    /// Written after an answer and supervised with it.
    ///
    /// One token of the vocabulary for `turns`, a newline for `plain`.
    public let endOfTurn: String
    /// How the reference masks labels; `nil`: it has no mask for the template.
    var referenceMask: ReferenceMask?

    /// Texts that end an answer, for stop detection in generated text.
    public var stopTexts: [String] { [endOfTurn] }

    /// Ids that end an answer: the template's end of turn and the tokenizer's end of text.
    ///
    /// The reference's Gemma scripts pass the Phi template, whose end marker is not a Gemma token, and
    /// stop only by luck of the end-of-text id; here the template is chosen with the model and both
    /// ids count.
    public func stopIDs(_ tokenizer: some TextTokenizer) -> Set<Int> {
        var ids: Set<Int> = []
        if style == .turns, let id = tokenizer.id(of: endOfTurn) { ids.insert(id) }
        if let id = tokenizer.endOfTextID { ids.insert(id) }
        return ids
    }

    /// Checks that the tokenizer knows the end of a turn as one token.
    ///
    /// - Throws: `ChatError` with code `unsuitableTemplate`; the reference instead masks every sample
    ///   when the Phi template meets Gemma's tokenizer.
    public func check(_ tokenizer: some TextTokenizer) throws(ChatError) {
        guard style == .turns, tokenizer.id(of: endOfTurn) == nil else { return }
        throw ChatError(
            .unsuitableTemplate,
            "template \"\(name)\": its end of turn \"\(endOfTurn)\" is not a token of this model's "
                + "tokenizer; choose the template of the model's family "
                + "(\(ChatTemplate.names.joined(separator: ", ")))")
    }
}
