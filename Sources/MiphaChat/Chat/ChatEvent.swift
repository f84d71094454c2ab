/// A step of an answer as it is made.
///
/// The stream is: one `started`, any number of `piece`, one `finished`; or it throws.
public enum ChatEvent: Sendable, Hashable {
    /// The prompt was read and the first token is about to come.
    case started(ChatUsage)
    /// More of the answer.
    case piece(ChatPiece)
    /// The answer is complete.
    case finished(ChatOutcome)
}

/// A part of an answer.
public struct ChatPiece: Sendable, Hashable {
    /// The text, whole characters only; empty while a character or a stop text is incomplete.
    public var text: String
    /// The ids generated since the last piece.
    public var tokens: [Int]

    /// Makes a piece.
    public init(text: String, tokens: [Int]) {
        self.text = text
        self.tokens = tokens
    }
}

/// Token counts of a request.
public struct ChatUsage: Sendable, Hashable, Codable {
    /// Positions of the prompt, image positions included.
    public var promptTokens: Int
    /// Positions of the prompt that hold image features.
    public var imageTokens: Int
    /// Ids generated.
    public var completionTokens: Int

    /// Makes counts.
    public init(promptTokens: Int, imageTokens: Int, completionTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.imageTokens = imageTokens
        self.completionTokens = completionTokens
    }
}

/// Seconds spent on the phases of a request.
public struct ChatTimings: Sendable, Hashable, Codable {
    /// Decoding and resizing images.
    public var preprocessing: Double
    /// The vision tower and the projector.
    public var vision: Double
    /// The language model over the prompt.
    public var prefill: Double
    /// All tokens after the first.
    public var decode: Double

    /// Makes timings in seconds.
    public init(
        preprocessing: Double = 0, vision: Double = 0, prefill: Double = 0, decode: Double = 0
    ) {
        self.preprocessing = preprocessing
        self.vision = vision
        self.prefill = prefill
        self.decode = decode
    }
}

/// How an answer ended.
public struct ChatOutcome: Sendable, Hashable {
    /// Why an answer ended.
    public enum FinishReason: String, Sendable, Hashable, Codable {
        /// The end of the turn or a stop text.
        case stop
        /// The token budget or the context.
        case length
        /// The caller cancelled.
        case cancelled
    }

    /// Why the answer ended.
    public var reason: FinishReason
    /// Token counts.
    public var usage: ChatUsage
    /// Seconds by phase.
    public var timings: ChatTimings

    /// Makes an outcome.
    public init(
        reason: FinishReason, usage: ChatUsage, timings: ChatTimings = ChatTimings()
    ) {
        self.reason = reason
        self.usage = usage
        self.timings = timings
    }
}
