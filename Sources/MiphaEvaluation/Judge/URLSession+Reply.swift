import Dispatch
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension URLSession {
    /// Sends a request and waits for the whole reply; cancelling the Swift task ends the transfer.
    ///
    /// Unlike `data(for:)` the transfer is cancelled from a thread of its own: in
    /// swift-corelibs-foundation a cancellation that meets the end of its transfer waits for the
    /// session's queue while that queue waits for the cancelled task, for ever.
    ///
    /// - Throws: `URLError`.
    func reply(to request: URLRequest) async throws -> (Data, URLResponse) {
        let transfer = Transfer()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                transfer.start(
                    dataTask(with: request) { data, response, error in
                        if let data, let response, error == nil {
                            continuation.resume(returning: (data, response))
                        } else {
                            continuation.resume(throwing: error ?? URLError(.unknown))
                        }
                    })
            }
        } onCancel: {
            DispatchQueue.global().async { transfer.cancel() }
        }
    }
}

/// A transfer that may be cancelled before it starts.
private final class Transfer: Sendable {
    private let state = Mutex<(task: URLSessionTask?, isCancelled: Bool)>((nil, false))

    func start(_ task: URLSessionTask) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        // A task that is cancelled reports so after it was started.
        task.resume()
        if isCancelled { task.cancel() }
    }

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}
