public import Logging
public import MiphaChat
import MiphaFolders
import MiphaModels
import MiphaTokenizers

/// Answers questions with one model, any number at a time.
///
/// The model lives on the engine's own thread. Requests take turns there token by token; a prompt
/// or a decode step is one uninterrupted call. Images are read and resized on the shared pool.
/// The beginning that was read last is kept, so the next question about the same image is cheap.
public actor InferenceEngine: BatchResponder {
    /// The model of the engine.
    public nonisolated let card: ChatModelCard
    /// Text and images to prompts.
    public nonisolated let prompts: PromptBuilder
    /// The memory that a position of a request takes, and the limits of a batch.
    public nonisolated let batchLimits: BatchLimits

    nonisolated let logger: Logger
    private nonisolated let thread: InferenceThread
    let bundle: ModelBundle
    private let prefixes: PrefixCache?
    private var batchIsRunning = false
    private var waitingBatches: [CheckedContinuation<Void, Never>] = []

    /// Takes over a model.
    ///
    /// - Parameters:
    ///   - name: the name to show; by default the last part of the folder's path.
    ///   - batchBytes: memory for the keys and values of a batch; longer lists are divided.
    ///   - keepsBeginning: whether what was read last is kept for the next request; without it the
    ///     rounding of an answer does not depend on the requests before.
    ///   - logger: receives what is decoded together, as details.
    public init(
        _ bundle: sending ModelBundle, name: String? = nil, batchBytes: Int = 4 << 30,
        keepsBeginning: Bool = true, logger: Logger = Logger(label: "mipha.inference")
    ) {
        self.logger = logger
        card = ChatModelCard(
            name: name ?? bundle.folder.name, contextLength: bundle.folder.contextLength,
            tokensPerImage: bundle.folder.config.tokensPerImage)
        prompts = bundle.prompts
        batchLimits = BatchLimits(
            bytesPerPosition: bundle.model.language.shape.bytesPerPosition(bundle.model.dtype),
            bytes: batchBytes)
        prefixes = keepsBeginning ? PrefixCache() : nil
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

    /// Answers a request and passes each event to `report`.
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
        let prepared = PreparedRequest(
            prompt: prompt, sampling: request.sampling, timings: timings)
        let batch = try await decode(
            [prepared], BatchInProgress.Observer(event: { _, event in report(event) }))
        return try batch.results[0].get().outcome
    }

    /// Answers requests in one session; cancelling ends open answers at the next token.
    package func decode(
        _ requests: [PreparedRequest],
        _ observer: BatchInProgress.Observer = BatchInProgress.Observer()
    ) async throws -> (results: [Result<ChatReply, any Error>], statistics: BatchStatistics) {
        var batch = try BatchInProgress(
            bundle, requests, prefixes: prefixes, observer: observer)
        while !Task.isCancelled, try batch.advance() { await Task.yield() }
        batch.cancel()
        return (batch.results, batch.statistics)
    }

    /// Waits for the lists that came before.
    func beginBatch() async {
        guard batchIsRunning else {
            batchIsRunning = true
            return
        }
        await withCheckedContinuation { waitingBatches.append($0) }
    }

    /// Lets the next list begin.
    func endBatch() {
        if waitingBatches.isEmpty {
            batchIsRunning = false
        } else {
            waitingBatches.removeFirst().resume()
        }
    }
}
