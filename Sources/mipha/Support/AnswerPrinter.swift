import MiphaChat
import MiphaInference
import Synchronization

/// Runs one request, streams the text to standard output and lets Ctrl-C stop the answer.
struct AnswerPrinter {
    let engine: InferenceEngine
    let output: TerminalOutput
    /// Whether the text is written as it comes.
    let streams: Bool

    private final class Collected: Sendable {
        let reply = Mutex((text: "", tokens: [Int]()))
    }

    /// Answers; after an interrupt the reply holds what there was, with the reason `cancelled`.
    func answer(_ request: ChatRequest) async throws -> ChatReply {
        let collected = Collected()
        let (engine, output, streams) = (engine, output, streams)
        let task = Task {
            try await engine.answer(request) { event in
                guard case .piece(let piece) = event else { return }
                collected.reply.withLock {
                    $0.text += piece.text
                    $0.tokens += piece.tokens
                }
                if streams, !piece.text.isEmpty { output.result(piece.text) }
            }
        }
        let interruption = Interruption { task.cancel() }
        defer { withExtendedLifetime(interruption) {} }
        let outcome = try await task.value
        if streams { output.result("\n") }
        let reply = collected.reply.withLock { $0 }
        return ChatReply(text: reply.text, tokens: reply.tokens, outcome: outcome)
    }
}
