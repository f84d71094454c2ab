import MiphaChat
import MiphaModels
import MiphaTokenizers

/// One answer between two tokens.
struct AnswerInProgress {
    private let session: DecodingSession
    private let stopIDs: Set<Int>
    private let limit: Int
    private var sampler: Sampler
    private var decoder: StreamingDecoder
    private var text: AnswerText
    private var logits: [Float] = []
    private var pending: Int?

    private(set) var outcome: ChatOutcome
    private(set) var isFinished = false

    init(
        _ bundle: ModelBundle, prompt: GenerationPrompt, sampling: SamplingOptions,
        timings: ChatTimings
    ) throws {
        session = try DecodingSession(bundle.model, prompts: [prompt])
        stopIDs = bundle.prompts.stopIDs
        let length = session.promptLengths[0]
        let context = bundle.folder.contextLength
        guard length < context else {
            throw InferenceError(
                .contextFull,
                "the prompt takes \(length) positions, \(prompt.pictures.count) pictures included, "
                    + "of the \(context) that the model knows; shorten it or start anew")
        }
        limit = min(sampling.maxTokens, context - length)
        sampler = Sampler(sampling)
        decoder = StreamingDecoder(bundle.prompts.tokenizer, skippingSpecialTokens: true)
        text = AnswerText(stops: bundle.prompts.template.stopTexts + sampling.stop)
        outcome = ChatOutcome(
            reason: .cancelled,
            usage: ChatUsage(
                promptTokens: length,
                imageTokens: prompt.pictures.count * bundle.model.tower.patchCount),
            timings: timings)
    }

    mutating func encodePictures() throws {
        guard outcome.usage.imageTokens > 0 else { return }
        try timed(&outcome.timings.vision) { try session.encodePictures() }
    }

    mutating func prefill() throws {
        logits = try timed(&outcome.timings.prefill) { try session.prefill()[0] }
    }

    /// Runs the model on the last token and chooses the next one.
    mutating func advance() throws -> ChatPiece {
        if let last = pending {
            logits = try timed(&outcome.timings.decode) { try session.step([last])[0] }
        }
        let id = try sampler.next(logits)
        outcome.usage.completionTokens += 1
        if stopIDs.contains(id) {
            end(.stop)
            return ChatPiece(text: "", tokens: [id])
        }
        let piece = ChatPiece(text: text.push(decoder.append(id)), tokens: [id])
        if text.isStopped {
            end(.stop)
        } else if outcome.usage.completionTokens == limit {
            end(.length)
        }
        pending = id
        return piece
    }

    private mutating func end(_ reason: ChatOutcome.FinishReason) {
        outcome.reason = reason
        isFinished = true
    }

    /// Ends the answer and gives the text that was held back.
    mutating func finish() -> String {
        text.push(decoder.finish()) + text.finish()
    }
}

/// Adds the seconds that `body` takes to `total`.
func timed<R>(_ total: inout Double, _ body: () throws -> R) rethrows -> R {
    let clock = ContinuousClock()
    let start = clock.now
    defer {
        let parts = start.duration(to: clock.now).components
        total += Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
    return try body()
}
