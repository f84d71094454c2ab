import Foundation
import MiphaChat
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaTestSupport
import MiphaTinyFolder
import MiphaTokenizers
import Synchronization
import Testing

@Suite struct EngineTests {
    private func request(
        _ text: String, images: [ImageReference] = [], tokens: Int = 24, seed: UInt64 = 1,
        stop: [String] = []
    ) -> ChatRequest {
        ChatRequest(
            text, images: images,
            sampling: SamplingOptions(maxTokens: tokens, temperature: 2, seed: seed, stop: stop))
    }

    private func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func `a reply has the text of its tokens, counts and times`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        let request = request(
            "Compare", images: [.file(tiny.picture), .file(tiny.picture)], tokens: 40)
        let reply = try await engine.reply(to: request)
        let tokenizer = engine.prompts.tokenizer
        let text = tokenizer.decode(reply.tokens, skippingSpecialTokens: true)
        #expect(trimmed(reply.text) == trimmed(text))
        #expect(!reply.text.isEmpty)
        #expect(reply.outcome.reason == .length)
        let ids = try engine.prompts.prompt(for: request.messages).ids
        let usage = reply.outcome.usage
        #expect(usage.imageTokens == 8)
        #expect(usage.promptTokens == ids.count - 2 + 8)
        #expect(usage.completionTokens == 40)
        #expect(reply.tokens.count == 40)
        let timings = reply.outcome.timings
        for seconds in [
            timings.preprocessing, timings.vision, timings.prefill, timings.decode,
        ] {
            #expect(seconds > 0)
        }
        #expect(reply.outcome.tokensPerSecond > 0)
        #expect(reply.json["finish_reason"]?.stringValue == "length")
        #expect(engine.card.tokensPerImage == 4)
    }

    @Test func `events come as started, pieces, finished`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        var kinds: [String] = []
        for try await event in engine.respond(to: request("Hi", tokens: 5)) {
            switch event {
            case .started: kinds.append("started")
            case .piece(let piece): if !piece.tokens.isEmpty { kinds.append("piece") }
            case .finished: kinds.append("finished")
            }
        }
        #expect(kinds == ["started"] + Array(repeating: "piece", count: 5) + ["finished"])
    }

    @Test func `a stop text across token borders ends the answer before it`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        let free = try await engine.reply(to: request("Hi", tokens: 60))
        let tokenizer = engine.prompts.tokenizer
        var checked = 0
        for place in 5..<50 where checked < 6 {
            let pair = tokenizer.decode(Array(free.tokens[place...place + 1]))
            let first = tokenizer.decode([free.tokens[place]])
            let second = tokenizer.decode([free.tokens[place + 1]])
            guard let head = first.last, let tail = second.first, head.isASCII, tail.isASCII,
                !head.isWhitespace, !tail.isWhitespace, pair == first + second
            else { continue }
            let stop = "\(head)\(tail)"
            let answer = try await engine.reply(to: request("Hi", tokens: 60, stop: [stop]))
            let end = try #require(free.text.range(of: stop))
            #expect(answer.text == trimmed(String(free.text[..<end.lowerBound])))
            #expect(answer.outcome.reason == .stop)
            #expect(answer.tokens == Array(free.tokens.prefix(answer.tokens.count)))
            #expect(answer.tokens.count < free.tokens.count)
            checked += 1
        }
        #expect(checked > 2)
    }

    @Test func `the end of the turn ends the answer and is not part of its text`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        let end = try #require(engine.prompts.tokenizer.endOfTextID)
        var found = false
        for seed in 0..<20 as Range<UInt64> where !found {
            let reply = try await engine.reply(to: request("Hi", tokens: 400, seed: seed))
            guard reply.outcome.reason == .stop else { continue }
            found = true
            #expect(reply.tokens.firstIndex(of: end) == reply.tokens.count - 1)
            #expect(!reply.text.contains("<|endoftext|>"))
        }
        #expect(found)
    }

    @Test func `requests at the same time give what they give alone`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        let requests = (0..<8).map { index in
            request(
                "Question \(index)",
                images: Array(repeating: .file(tiny.picture), count: index % 3),
                tokens: 10 + 5 * index, seed: UInt64(index))
        }
        var alone: [ChatReply] = []
        for request in requests { alone.append(try await engine.reply(to: request)) }
        let together = try await withThrowingTaskGroup(of: (Int, ChatReply).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await engine.reply(to: request)) }
            }
            var replies: [Int: ChatReply] = [:]
            for try await (index, reply) in group { replies[index] = reply }
            return replies
        }
        for (index, reply) in alone.enumerated() {
            #expect(together[index]?.tokens == reply.tokens)
            #expect(together[index]?.text == reply.text)
        }
    }

    @Test func `cancelling ends the answer at the next token`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        let request = request("Hi", tokens: 400)
        let (pieces, continuation) = AsyncStream.makeStream(of: Void.self)
        let count = Mutex(0)
        let isCancelled = DispatchSemaphore(value: 0)
        let task = Task {
            try await engine.answer(request) { event in
                guard case .piece = event else { return }
                guard
                    count.withLock({
                        $0 += 1; return $0 == 3
                    })
                else { return }
                continuation.yield()
                isCancelled.wait()
            }
        }
        for await _ in pieces { break }
        task.cancel()
        isCancelled.signal()
        let outcome = try await task.value
        #expect(outcome.reason == .cancelled)
        #expect((3..<400).contains(outcome.usage.completionTokens))
    }

    @Test func `leaving the stream early frees the engine`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        for _ in 0..<4 {
            var seen = 0
            for try await event in engine.respond(to: request("Hi", tokens: 480)) {
                if case .piece = event { seen += 1 }
                if seen == 2 { break }
            }
        }
        let reply = try await engine.reply(to: request("Hi", tokens: 2))
        #expect(reply.tokens.count == 2)
    }

    @Test func `bad requests fail before the first event`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        await #expect(throws: ChatError.self) {
            try await engine.reply(to: ChatRequest(messages: [ChatMessage(.assistant, "Hi")]))
        }
        await #expect(throws: ChatError.self) {
            try await engine.reply(
                to: ChatRequest("Hi", sampling: SamplingOptions(temperature: -1)))
        }
        await #expect(throws: ImagingError.self) {
            try await engine.reply(to: request("Hi", images: [.file("/does/not/exist.png")]))
        }
        await #expect(throws: ImagingError.self) {
            try await engine.reply(to: request("Hi", images: [.bytes([1, 2, 3])]))
        }
        let long = String(repeating: "many words ", count: 800)
        let error = await #expect(throws: InferenceError.self) {
            try await engine.reply(to: request(long))
        }
        #expect(error?.code == .contextFull)
    }

    @Test func `an answer ends where the context ends`() async throws {
        let tiny = try TinyFolder()
        let engine = InferenceEngine(try tiny.bundle())
        let reply = try await engine.reply(
            to: ChatRequest("Hi", sampling: SamplingOptions(maxTokens: 100_000)))
        guard reply.outcome.reason == .length else { return }
        let usage = reply.outcome.usage
        #expect(usage.promptTokens + usage.completionTokens == engine.card.contextLength)
    }
}
