import Foundation
public import MiphaBenchmarks
import MiphaFiles

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Asks a judge at an OpenAI-compatible endpoint.
///
/// Failures that may pass (no connection, no reply in time, 408, 409, 429, 5xx, a reply that is cut
/// short) are tried again after a wait that doubles, or as long as `Retry-After` says. Others end
/// the run with the server's message. Replies go to the cache before they are used.
public final class JudgeClient: Sendable {
    /// Where the judge is.
    public let endpoint: JudgeEndpoint
    /// The replies there are.
    public let cache: JudgeCache
    private let session: URLSession
    private let wait: @Sendable (Double) async throws -> Void

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - endpoint: where to ask.
    ///   - cache: the replies there are, filled by this client.
    ///   - wait: waits for some seconds; for tests.
    public init(
        endpoint: JudgeEndpoint, cache: JudgeCache,
        wait: @escaping @Sendable (Double) async throws -> Void = { seconds in
            try await Task.sleep(for: .seconds(seconds))
        }
    ) {
        self.endpoint = endpoint
        self.cache = cache
        self.wait = wait
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = endpoint.timeout
        configuration.httpMaximumConnectionsPerHost = max(endpoint.concurrency, 1)
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        session = URLSession(
            configuration: configuration, delegate: RedirectRefusal(), delegateQueue: nil)
    }

    deinit {
        session.finishTasksAndInvalidate()
    }

    /// The reply to a request if it is in the cache.
    public func cached(_ request: JudgeRequest) async throws(EvaluationError) -> JudgeReply? {
        await cache.reply(try key(request))
    }

    /// The reply to a request, from the cache or the endpoint.
    ///
    /// - Throws: `EvaluationError` when the endpoint refuses or does not answer after all
    ///   repetitions.
    public func reply(to request: JudgeRequest) async throws(EvaluationError) -> JudgeReply {
        let key = try key(request)
        if let known = await cache.reply(key) { return known }
        let reply = try await ask(request)
        try await cache.keep(reply, for: key)
        return reply
    }

    private func key(_ request: JudgeRequest) throws(EvaluationError) -> String {
        try JudgeCache.key(
            body(request), endpoint: endpoint.base.absoluteString, run: request.run)
    }

    private func body(_ request: JudgeRequest) -> JSONValue {
        request.body(model: endpoint.model, limitKey: endpoint.limitKey)
    }

    private func ask(_ request: JudgeRequest) async throws(EvaluationError) -> JudgeReply {
        let message: URLRequest
        do {
            message = urlRequest(try body(request).bytes(.compact))
        } catch {
            throw EvaluationError(error)
        }
        var failures = 0
        while true {
            let failure: JudgeFailure
            do throws(JudgeFailure) {
                return try await send(message)
            } catch {
                failure = error
            }
            failures += 1
            guard failure.mayPass, failures <= endpoint.retries, !Task.isCancelled else {
                let tries = failures > 1 ? " (tried \(failures) times)" : ""
                throw EvaluationError(
                    .network, redacted("judge \(endpoint.base): \(failure.message)\(tries)"))
            }
            do {
                try await wait(pause(failures, failure.retryAfter))
            } catch {
                throw EvaluationError(.network, "judge \(endpoint.base): cancelled")
            }
        }
    }

    /// Seconds to wait after a number of failures: what the server says, or doubling with up to a
    /// quarter more, so that requests which failed together do not return together.
    private func pause(_ failures: Int, _ retryAfter: Double?) -> Double {
        if let retryAfter { return min(max(retryAfter, 0), endpoint.longestWait) }
        var seconds = endpoint.firstWait
        for _ in 1..<failures where seconds < 60 { seconds *= 2 }
        return min(seconds, 60) * Double.random(in: 1...1.25)
    }

    private func urlRequest(_ body: [UInt8]) -> URLRequest {
        var request = URLRequest(
            url: endpoint.base.appending(path: "chat/completions"),
            timeoutInterval: endpoint.timeout)
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        if let key = endpoint.key {
            request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization")
        }
        return request
    }

    private func send(_ request: URLRequest) async throws(JudgeFailure) -> JudgeReply {
        let data: Data
        let response: URLResponse
        do {
            (data, response) = try await session.reply(to: request)
        } catch {
            throw JudgeFailure(transport: error)
        }
        guard let response = response as? HTTPURLResponse else {
            throw JudgeFailure("the reply is not HTTP", mayPass: false)
        }
        guard response.statusCode == 200 else {
            throw JudgeFailure(
                status: response.statusCode, body: Array(data),
                retryAfter: response.value(forHTTPHeaderField: "Retry-After"),
                keyVariable: endpoint.keyVariable)
        }
        return try JudgeReply(completion: Array(data))
    }

    /// The message without the key, which some servers repeat.
    private func redacted(_ message: String) -> String {
        endpoint.key.map { PythonText.replace(message, $0, "***") } ?? message
    }
}

/// Follows no redirection: the key is for the address that was given, not for others.
private final class RedirectRefusal: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
