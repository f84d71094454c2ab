import MiphaChat
import Synchronization

/// Answers every question with a text made of the question and the image.
final class StubResponder: BatchResponder {
    let card = ChatModelCard(name: "stub", contextLength: 4096, tokensPerImage: 16)
    let asked = Mutex<[[String]]>([])
    /// Questions with this text fail.
    let failing: String?
    /// Called before each answer; may throw to end the batch there.
    let before: @Sendable (Int) throws -> Void

    init(failing: String? = nil, before: @escaping @Sendable (Int) throws -> Void = { _ in }) {
        self.failing = failing
        self.before = before
    }

    static func answer(_ request: ChatRequest) -> String {
        let pictures = request.images.map { image in
            switch image {
            case .file(let path): path.split(separator: "/").last.map(String.init) ?? ""
            case .bytes(let bytes): "\(bytes.count) bytes"
            }
        }
        return (pictures + [request.messages[0].text]).joined(separator: "|")
    }

    func respond(to request: ChatRequest) -> AsyncThrowingStream<ChatEvent, any Error> {
        AsyncThrowingStream { continuation in
            let usage = ChatUsage(promptTokens: 1, imageTokens: 0, completionTokens: 1)
            continuation.yield(.started(usage))
            continuation.yield(.piece(ChatPiece(text: Self.answer(request), tokens: [1])))
            continuation.yield(.finished(ChatOutcome(reason: .stop, usage: usage)))
            continuation.finish()
        }
    }

    func replies(
        to requests: [ChatRequest],
        report: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void
    ) async throws -> BatchStatistics {
        asked.withLock { $0.append(requests.map { $0.messages[0].text }) }
        for (index, request) in requests.enumerated() {
            try before(index)
            if request.messages[0].text == failing {
                report(index, .failure(ChatError(.invalidOption, "cannot be answered")))
                continue
            }
            let usage = ChatUsage(promptTokens: 1, imageTokens: 0, completionTokens: 2)
            report(
                index,
                .success(
                    ChatReply(
                        text: Self.answer(request), tokens: [1, 2],
                        outcome: ChatOutcome(reason: .stop, usage: usage))))
        }
        return BatchStatistics(picturesEncoded: Set(requests.flatMap(\.images)).count)
    }
}
