/// What a batch of requests cost and what it saved.
public struct BatchStatistics: Sendable, Hashable, Codable {
    /// Images that went through the vision tower.
    public var picturesEncoded: Int
    /// Positions that went through the language model.
    public var positionsComputed: Int
    /// Positions that requests would have taken through it alone, and that others had computed.
    public var positionsReused: Int

    /// Makes counts.
    public init(picturesEncoded: Int = 0, positionsComputed: Int = 0, positionsReused: Int = 0) {
        self.picturesEncoded = picturesEncoded
        self.positionsComputed = positionsComputed
        self.positionsReused = positionsReused
    }

    /// Adds the counts of another batch.
    public static func += (total: inout BatchStatistics, more: BatchStatistics) {
        total.picturesEncoded += more.picturesEncoded
        total.positionsComputed += more.positionsComputed
        total.positionsReused += more.positionsReused
    }
}

/// What a caller needs to know to size batches.
///
/// A request takes `bytesPerPosition` for each position of its own: its text after the last image
/// and its answer, `SamplingOptions.maxTokens` at most. What comes before, the images included, it
/// shares with the requests that begin the same way.
public struct BatchLimits: Sendable, Hashable {
    /// Bytes of one position in memory.
    public var bytesPerPosition: Int
    /// Bytes that the positions of requests in work may take together, unless one alone takes more.
    public var bytes: Int

    /// Makes limits.
    public init(bytesPerPosition: Int, bytes: Int) {
        self.bytesPerPosition = bytesPerPosition
        self.bytes = bytes
    }
}

/// A responder that answers many requests with less work than one after another.
///
/// Images and beginnings that requests have in common are computed once, so requests about the
/// same image belong into one list.
public protocol BatchResponder: ChatResponder {
    /// What requests take and may take.
    var batchLimits: BatchLimits { get }

    /// Answers requests together; each gets the answer that it gets alone, up to rounding.
    ///
    /// A list of any length will do: the responder divides it to keep within `batchLimits`, and
    /// prepares images and texts of the next part while one is in work. The same holds for the
    /// next list, when it is handed over before this one is done.
    ///
    /// - Parameter report: gets the place of each request once, when its answer is complete, in any
    ///   order and on any thread. A failure concerns that request alone: an image that cannot be
    ///   read, a bad option, a prompt beyond the context.
    /// - Returns: what was computed for the list.
    /// - Throws: `CancellationError` when the task is cancelled, the model's error when it fails;
    ///   requests that were not reported have no answer then.
    @discardableResult
    func replies(
        to requests: [ChatRequest],
        report: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void
    ) async throws -> BatchStatistics
}

extension BatchResponder {
    /// What one request after another takes: nothing to count.
    public var batchLimits: BatchLimits { BatchLimits(bytesPerPosition: 0, bytes: .max) }

    /// Answers one request after another, for responders that have nothing to share.
    @discardableResult
    public func replies(
        to requests: [ChatRequest],
        report: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void
    ) async throws -> BatchStatistics {
        for (place, request) in requests.enumerated() {
            try Task.checkCancellation()
            let result: Result<ChatReply, any Error>
            do {
                result = .success(try await reply(to: request))
            } catch {
                try Task.checkCancellation()
                result = .failure(error)
            }
            report(place, result)
        }
        return BatchStatistics()
    }
}
