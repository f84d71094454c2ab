import Logging
public import MiphaChat
import MiphaModels

extension InferenceEngine {
    /// Answers requests together, a bounded number at a time; see `BatchResponder`.
    ///
    /// The memory of a request is estimated by the most tokens its answer may have.
    ///
    /// - Throws: `CancellationError`; `TensorError` when the model fails.
    @concurrent
    @discardableResult
    public nonisolated func replies(
        to requests: [ChatRequest],
        report: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void
    ) async throws -> BatchStatistics {
        let windows = BatchWindows.divide(requests)
        guard let first = windows.first else { return BatchStatistics() }
        var statistics = BatchStatistics()
        var prepared = await prompts.prepare(first.map { requests[$0] })
        for (index, window) in windows.enumerated() {
            try Task.checkCancellation()
            let following = index + 1 < windows.count ? windows[index + 1] : []
            async let next = prompts.prepare(following.map { requests[$0] })
            statistics += try await run(parts(prepared, places: window, report), report)
            prepared = await next
        }
        return statistics
    }

    /// Divides what was prepared to fit into memory, and reports what could not be.
    private nonisolated func parts(
        _ prepared: [Result<PreparedRequest, any Error>], places: [Int],
        _ report: @Sendable (Int, Result<ChatReply, any Error>) -> Void
    ) -> [Part] {
        var (ready, found): ([PreparedRequest], [Int]) = ([], [])
        for (place, result) in zip(places, prepared) {
            switch result {
            case .success(let request):
                ready.append(request)
                found.append(place)
            case .failure(let error): report(place, .failure(error))
            }
        }
        let sizing = BatchSizing(
            limits: batchLimits, tokensPerImage: card.tokensPerImage,
            contextLength: card.contextLength)
        return sizing.parts(ready).map { part in
            Part(requests: part.map { ready[$0] }, places: part.map { found[$0] })
        }
    }

    /// Requests that run together, with their places in the caller's list.
    private struct Part: Sendable {
        let requests: [PreparedRequest]
        let places: [Int]
    }

    /// Runs the parts one after another, when the lists before them are done.
    private func run(
        _ parts: [Part], _ report: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void
    ) async throws -> BatchStatistics {
        await beginBatch()
        defer { endBatch() }
        var statistics = BatchStatistics()
        for part in parts {
            try Task.checkCancellation()
            let observer = BatchInProgress.Observer(end: { place, result in
                if case .success(let reply) = result, reply.outcome.reason == .cancelled { return }
                report(part.places[place], result)
            })
            let batch = try await decode(part.requests, observer)
            statistics += batch.statistics
            logger.debug(
                """
                \(part.requests.count) requests decoded together: \
                \(batch.statistics.picturesEncoded) images encoded, \
                \(batch.statistics.positionsComputed) positions computed, \
                \(batch.statistics.positionsReused) reused
                """)
            try Task.checkCancellation()
        }
        return statistics
    }
}
