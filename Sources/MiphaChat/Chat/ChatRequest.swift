/// A question to a model: the conversation so far and how to answer.
public struct ChatRequest: Sendable, Hashable {
    /// The conversation; the last message is the user's.
    public var messages: [ChatMessage]
    /// How to answer.
    public var sampling: SamplingOptions

    /// Makes a request.
    public init(messages: [ChatMessage], sampling: SamplingOptions = SamplingOptions()) {
        self.messages = messages
        self.sampling = sampling
    }

    /// Makes a request of one user message.
    public init(
        _ text: String, images: [ImageReference] = [],
        sampling: SamplingOptions = SamplingOptions()
    ) {
        self.init(messages: [ChatMessage(.user, text, images: images)], sampling: sampling)
    }

    /// Every image in the order of the conversation.
    public var images: [ImageReference] { messages.flatMap(\.images) }
}
