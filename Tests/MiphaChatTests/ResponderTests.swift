import MiphaChat
import Testing

/// Answers with the words of the last message.
private struct EchoResponder: ChatResponder {
    let card = ChatModelCard(name: "echo", contextLength: 8, tokensPerImage: 0)

    func respond(to request: ChatRequest) -> AsyncThrowingStream<ChatEvent, any Error> {
        AsyncThrowingStream { continuation in
            do {
                try request.sampling.check()
            } catch {
                continuation.finish(throwing: error)
                return
            }
            var usage = ChatUsage(promptTokens: 3, imageTokens: 0)
            continuation.yield(.started(usage))
            let words = request.messages.last?.text.split(separator: " ") ?? []
            for (index, word) in words.enumerated() {
                continuation.yield(.piece(ChatPiece(text: String(word), tokens: [index])))
            }
            usage.completionTokens = words.count
            continuation.yield(.finished(ChatOutcome(reason: .stop, usage: usage)))
            continuation.finish()
        }
    }
}

@Suite struct ResponderTests {
    @Test func `a reply collects the stream`() async throws {
        let reply = try await EchoResponder().reply(to: ChatRequest("a b c"))
        #expect(reply.text == "abc")
        #expect(reply.tokens == [0, 1, 2])
        #expect(reply.outcome.usage.completionTokens == 3)
        #expect(reply.outcome.reason == .stop)
    }

    @Test func `a bad request throws`() async {
        let request = ChatRequest("a", sampling: SamplingOptions(maxTokens: 0))
        await #expect(throws: ChatError.self) { try await EchoResponder().reply(to: request) }
    }

    @Test func `defaults are greedy and valid`() throws {
        let options = SamplingOptions()
        #expect(options.isGreedy)
        try options.check()
    }

    @Test(arguments: [
        SamplingOptions(maxTokens: 0), SamplingOptions(maxTokens: -1),
        SamplingOptions(temperature: -0.1), SamplingOptions(temperature: .nan),
        SamplingOptions(temperature: .infinity), SamplingOptions(topP: 0),
        SamplingOptions(topP: 1.01), SamplingOptions(topP: .nan), SamplingOptions(topK: 0),
        SamplingOptions(stop: ["a", ""]),
    ])
    func `options out of range are refused`(options: SamplingOptions) {
        let error = #expect(throws: ChatError.self) { try options.check() }
        #expect(error?.code == .invalidOption)
    }

    @Test func `images of a request are in the order of its messages`() {
        let request = ChatRequest(messages: [
            ChatMessage(.user, "a", images: [.file("1"), .bytes([2])]),
            ChatMessage(.assistant, "b"), ChatMessage(.user, "c", images: [.file("3")]),
        ])
        #expect(request.images == [.file("1"), .bytes([2]), .file("3")])
    }
}
