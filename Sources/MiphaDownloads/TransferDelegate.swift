import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Writes what a server sends to a file, and says how it ended.
final class TransferDelegate: NSObject, URLSessionDataDelegate, Sendable {
    /// How a transfer ended.
    enum Outcome: Sendable {
        /// The connection ended as the server meant it.
        case complete
        /// The connection broke; trying again may help.
        case broken(String)
        /// The answer is not what was asked for.
        case refused(TransferPlan.Refusal)
        /// The bytes could not be written.
        case failed(DownloadError)
    }

    private struct State {
        var file: FileHandle?
        var received = 0
        var outcome: Outcome?
        var done: CheckedContinuation<Outcome, Never>?
    }

    private let plan: TransferPlan
    private let progress: @Sendable (Int, Int?) -> Void
    private let state = Mutex(State())

    init(plan: TransferPlan, progress: @escaping @Sendable (Int, Int?) -> Void) {
        self.plan = plan
        self.progress = progress
    }

    /// Runs the request to its end.
    func run(_ request: URLRequest, _ configuration: URLSessionConfiguration) async -> Outcome {
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let task = session.dataTask(with: request)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { done in
                state.withLock { $0.done = done }
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        // The range must reach the place that has the bytes.
        var request = request
        for (name, value) in plan.headers { request.setValue(value, forHTTPHeaderField: name) }
        completionHandler(request)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let answer = TransferPlan.Answer(response)
        switch plan.judge(answer) {
        case .failure(let refusal):
            state.withLock { $0.outcome = .refused(refusal) }
            completionHandler(.cancel)
        case .success(let start):
            do throws(DownloadError) {
                let file = try plan.begin(answer, at: start)
                state.withLock { $0.file = file }
                completionHandler(.allow)
            } catch {
                state.withLock { $0.outcome = .failed(error) }
                completionHandler(.cancel)
            }
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let total = plan.total
        let (count, isFailed) = state.withLock { state -> (Int, Bool) in
            guard state.outcome == nil, let file = state.file else { return (0, true) }
            do {
                try file.write(contentsOf: data)
                state.received += data.count
                return (state.received, false)
            } catch {
                state.outcome = .failed(plan.writeFailure(error))
                return (0, true)
            }
        }
        if isFailed {
            dataTask.cancel()
        } else {
            progress(plan.start + count, total)
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        let (done, outcome) = state.withLock { state in
            try? state.file?.close()
            state.file = nil
            let done = state.done
            state.done = nil
            let ending: Outcome =
                if let error { .broken(error.localizedDescription) } else { .complete }
            return (done, state.outcome ?? ending)
        }
        done?.resume(returning: outcome)
    }
}
