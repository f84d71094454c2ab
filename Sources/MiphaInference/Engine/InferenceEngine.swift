public import MiphaChat
import MiphaModels
import MiphaTokenizers

/// Answers questions with one model, any number at a time.
///
/// The model lives on the engine's own thread. Requests take turns there token by token; a prompt
/// or a decode step is one uninterrupted call. Pictures are read and resized on the shared pool.
public actor InferenceEngine: ChatResponder {
    /// The model behind the engine.
    public nonisolated let card: ChatModelCard
    /// Text and pictures to prompts.
    public nonisolated let prompts: PromptBuilder

    private nonisolated let thread: InferenceThread
    private let bundle: ModelBundle

    /// Takes over a model.
    ///
    /// - Parameter name: the name to show; by default the last part of the folder's path.
    public init(_ bundle: sending ModelBundle, name: String? = nil) {
        let path = bundle.folder.path.split(separator: "/").last.map(String.init)
        card = ChatModelCard(
            name: name ?? path ?? "mipha", contextLength: bundle.folder.contextLength,
            tokensPerImage: bundle.folder.config.vision.patchCount)
        prompts = bundle.prompts
        thread = InferenceThread.start(name: "mipha-inference")
        self.bundle = bundle
    }

    deinit {
        thread.stop()
    }

    /// The engine's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// Answers a request as a stream of events; ending the iteration cancels the work.
    public nonisolated func respond(
        to request: ChatRequest
    ) -> AsyncThrowingStream<ChatEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await self.answer(request) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Answers a request, telling `report` each event.
    ///
    /// Cancelling the task ends the answer at the next token with the reason `cancelled`.
    ///
    /// - Throws: `ChatError` or `ImagingError` for a bad request, `InferenceError` for a prompt
    ///   beyond the context, `TensorError`; before the first event wherever possible.
    @concurrent
    @discardableResult
    public nonisolated func answer(
        _ request: ChatRequest, report: @escaping @Sendable (ChatEvent) -> Void
    ) async throws -> ChatOutcome {
        try request.sampling.check()
        var timings = ChatTimings()
        let prompt = try timed(&timings.preprocessing) {
            try prompts.prompt(for: request.messages)
        }
        return try await generate(prompt, request.sampling, timings, report: report)
    }

    private func generate(
        _ prompt: GenerationPrompt, _ sampling: SamplingOptions, _ timings: ChatTimings,
        report: @Sendable (ChatEvent) -> Void
    ) async throws -> ChatOutcome {
        var answer = try AnswerInProgress(
            bundle, prompt: prompt, sampling: sampling, timings: timings)
        try answer.encodePictures()
        await Task.yield()
        if !Task.isCancelled {
            try answer.prefill()
            report(.started(answer.outcome.usage))
        }
        while !answer.isFinished, !Task.isCancelled {
            report(.piece(try answer.advance()))
            await Task.yield()
        }
        let rest = answer.finish()
        if !rest.isEmpty { report(.piece(ChatPiece(text: rest, tokens: []))) }
        report(.finished(answer.outcome))
        return answer.outcome
    }
}
