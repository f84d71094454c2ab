/// What callers need to know about the model behind a responder.
public struct ChatModelCard: Sendable, Hashable {
    /// The name to show and to ask for.
    public var name: String
    /// Positions that prompt and answer may take together.
    public var contextLength: Int
    /// Positions that one image takes; 0 for a text-only model.
    public var tokensPerImage: Int

    /// Makes a card.
    public init(name: String, contextLength: Int, tokensPerImage: Int) {
        self.name = name
        self.contextLength = contextLength
        self.tokensPerImage = tokensPerImage
    }
}

/// Something that answers chats: the inference engine, or a fixed answer in tests.
///
/// Servers and benchmarks are written against this protocol, so they run without a model.
public protocol ChatResponder: Sendable {
    /// The model behind it.
    var card: ChatModelCard { get }

    /// Answers a request as a stream of events; ending the iteration cancels the work.
    ///
    /// A bad request (message order, missing image, sampling option) makes the stream throw a
    /// `ChatError` before the first event.
    func respond(to request: ChatRequest) -> AsyncThrowingStream<ChatEvent, any Error>
}

/// A complete answer.
public struct ChatReply: Sendable, Hashable {
    /// The text without the end of turn and stop texts.
    public var text: String
    /// The ids generated.
    public var tokens: [Int]
    /// How the answer ended.
    public var outcome: ChatOutcome

    /// Makes a reply.
    public init(text: String, tokens: [Int], outcome: ChatOutcome) {
        self.text = text
        self.tokens = tokens
        self.outcome = outcome
    }
}

extension ChatResponder {
    /// Answers a request and waits for the complete answer.
    ///
    /// - Throws: what the stream throws; `CancellationError` when the task is cancelled or the stream
    ///   ends without `finished`.
    public func reply(to request: ChatRequest) async throws -> ChatReply {
        var text = ""
        var tokens: [Int] = []
        for try await event in respond(to: request) {
            switch event {
            case .started: break
            case .piece(let piece):
                text += piece.text
                tokens += piece.tokens
            case .finished(let outcome):
                return ChatReply(text: text, tokens: tokens, outcome: outcome)
            }
        }
        throw CancellationError()
    }
}
