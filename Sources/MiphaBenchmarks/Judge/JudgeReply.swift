/// What a judge replied.
public struct JudgeReply: Sendable, Equatable {
    /// The text; empty when the judge gave none.
    public var text: String
    /// The model that answered, as the endpoint names it.
    public var model: String
    /// Tokens of the prompt, as the endpoint counts them; nil when it does not say.
    public var promptTokens: Int?
    /// Tokens of the reply.
    public var completionTokens: Int?

    /// Makes a reply.
    public init(
        text: String, model: String, promptTokens: Int? = nil, completionTokens: Int? = nil
    ) {
        self.text = text
        self.model = model
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
    }
}
