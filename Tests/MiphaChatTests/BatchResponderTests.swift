import MiphaChat
import Synchronization
import Testing

/// Responders that share nothing answer lists too.
@Suite struct BatchResponderTests {
    /// Repeats the question; refuses "bad".
    private struct Echo: BatchResponder {
        let card = ChatModelCard(name: "echo", contextLength: 100, tokensPerImage: 4)

        func respond(to request: ChatRequest) -> AsyncThrowingStream<ChatEvent, any Error> {
            let text = request.messages.last?.text ?? ""
            return AsyncThrowingStream { continuation in
                let usage = ChatUsage(promptTokens: 1, imageTokens: 0, completionTokens: 1)
                guard text != "bad" else {
                    continuation.finish(throwing: ChatError(.invalidOption, "bad"))
                    return
                }
                continuation.yield(.started(usage))
                continuation.yield(.piece(ChatPiece(text: text, tokens: [7])))
                continuation.yield(.finished(ChatOutcome(reason: .stop, usage: usage)))
                continuation.finish()
            }
        }
    }

    @Test func `each request is reported once, a failure alone`() async throws {
        let reports = Mutex<[(Int, String?)]>([])
        let requests = ["one", "bad", "three"].map { ChatRequest($0) }
        let statistics = try await Echo().replies(to: requests) { place, result in
            reports.withLock { $0.append((place, try? result.get().text)) }
        }
        #expect(statistics == BatchStatistics())
        let found = reports.withLock { $0 }
        #expect(found.map(\.0) == [0, 1, 2])
        #expect(found.map(\.1) == ["one", nil, "three"])
        #expect(Echo().batchLimits.bytesPerPosition == 0)
    }

    @Test func `cancelling ends the list`() async throws {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await Echo().replies(to: [ChatRequest("one")]) { _, _ in
                Issue.record("nothing is answered after the task was cancelled")
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `counts add up`() {
        var total = BatchStatistics(picturesEncoded: 1, positionsComputed: 2, positionsReused: 3)
        total += BatchStatistics(picturesEncoded: 10, positionsComputed: 20, positionsReused: 30)
        #expect(
            total
                == BatchStatistics(
                    picturesEncoded: 11, positionsComputed: 22, positionsReused: 33))
    }
}
