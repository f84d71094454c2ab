import MiphaChat
import MiphaInference
import Synchronization

/// Runs one request, streams the text to standard output and lets Ctrl-C stop the answer.
struct AnswerPrinter {
    let engine: InferenceEngine
    let output: TerminalOutput
    /// Whether the text is written as it comes; otherwise a progress bar stands in for it.
    let streams: Bool

    private struct Progress: Sendable {
        var text = ""
        var tokens: [Int] = []
        var bar: ProgressBar
    }

    private final class Collected: Sendable {
        let progress: Mutex<Progress>

        init(_ bar: ProgressBar) {
            progress = Mutex(Progress(bar: bar))
        }

        func add(_ piece: ChatPiece, drawing: Bool) {
            progress.withLock {
                $0.text += piece.text
                $0.tokens += piece.tokens
                if drawing { $0.bar.update($0.tokens.count) }
            }
        }
    }

    /// Answers; after an interrupt the reply holds what there was, with the reason `cancelled`.
    func answer(_ request: ChatRequest) async throws -> ChatReply {
        let collected = Collected(
            ProgressBar(
                "answer", total: request.sampling.maxTokens, unit: "tokens", output: output))
        let (engine, output, streams) = (engine, output, streams)
        let task = Task {
            try await engine.answer(request) { event in
                guard case .piece(let piece) = event else { return }
                collected.add(piece, drawing: !streams)
                if streams, !piece.text.isEmpty { output.result(piece.text) }
            }
        }
        let interruption = Interruption { task.cancel() }
        defer { withExtendedLifetime(interruption) {} }
        let result = await task.result
        collected.progress.withLock { $0.bar.finish() }
        let outcome = try result.get()
        if streams { output.result("\n") }
        let (text, tokens) = collected.progress.withLock { ($0.text, $0.tokens) }
        return ChatReply(text: text, tokens: tokens, outcome: outcome)
    }
}
