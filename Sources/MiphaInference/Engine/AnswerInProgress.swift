import MiphaChat
import MiphaFolders
import MiphaModels
import MiphaTokenizers

/// One answer between two tokens.
struct AnswerInProgress {
    let prompt: GenerationPrompt
    private let usage: ChatUsage
    private var tokens: TokenSequence
    private var decoder: StreamingDecoder
    private var matcher: AnswerText
    private var text = ""

    /// Seconds by phase.
    var timings: ChatTimings

    /// Starts an answer.
    ///
    /// - Throws: `InferenceError` with code `contextFull` for a prompt beyond the context.
    init(_ bundle: ModelBundle, _ request: PreparedRequest) throws(InferenceError) {
        prompt = request.prompt
        timings = request.timings
        let patches = bundle.model.config.tokensPerImage
        let length = prompt.length(tokensPerImage: patches)
        let context = bundle.folder.contextLength
        guard length < context else {
            throw InferenceError(
                .contextFull,
                "the prompt takes \(length) positions, \(prompt.images.count) images included, "
                    + "of the \(context) that the model knows; shorten it or start anew")
        }
        usage = ChatUsage(
            promptTokens: length, imageTokens: prompt.images.count * patches)
        tokens = TokenSequence(
            request.sampling, limit: min(request.sampling.maxTokens, context - length),
            stopIDs: bundle.prompts.stopIDs)
        decoder = StreamingDecoder(bundle.prompts.tokenizer, skippingSpecialTokens: true)
        matcher = AnswerText(stops: bundle.prompts.template.stopTexts + request.sampling.stop)
    }

    /// The counts when the first token is about to come.
    var initialUsage: ChatUsage { usage }

    /// Whether the answer is complete.
    var isFinished: Bool { tokens.reason != nil }

    /// Chooses the next token.
    ///
    /// - Parameter logits: those after the last token.
    mutating func take(_ logits: NextLogits) throws -> ChatPiece {
        let id = try tokens.next(logits)
        guard tokens.reason != .stop else { return ChatPiece(text: "", tokens: [id]) }
        let part = matcher.push(decoder.append(id))
        if matcher.isStopped { tokens.stop() }
        text += part
        return ChatPiece(text: part, tokens: [id])
    }

    /// The last token; `nil` when the answer is complete.
    var pending: Int? { isFinished ? nil : tokens.ids.last }

    /// Ends the answer, here and now if necessary.
    ///
    /// - Returns: the reply, and the text that was held back until now.
    mutating func finish() -> (reply: ChatReply, rest: String) {
        let rest = matcher.push(decoder.finish()) + matcher.finish()
        text += rest
        var usage = usage
        usage.completionTokens = tokens.ids.count
        let outcome = ChatOutcome(
            reason: tokens.reason ?? .cancelled, usage: usage, timings: timings)
        return (ChatReply(text: text, tokens: tokens.ids, outcome: outcome), rest)
    }
}
