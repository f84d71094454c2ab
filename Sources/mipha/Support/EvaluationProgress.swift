import MiphaBenchmarks
import MiphaEvaluation
import Synchronization

/// Progress of a benchmark on standard error.
final class EvaluationProgress: BenchmarkProgress {
    private let title: String
    private let output: TerminalOutput
    private let bar: SharedProgressBar
    private let reused = Mutex(0)

    init(_ card: BenchmarkCard, _ output: TerminalOutput) {
        title = card.title
        self.output = output
        bar = SharedProgressBar(output)
    }

    /// Shows an event.
    func show(_ event: BenchmarkEvaluation.Event) {
        switch event {
        case .pictures(let done, let total):
            bar.update("\(title), looking at", done: done, total: total, unit: "images")
        case .resumed(let count):
            output.note("\(title): \(count) questions were answered before")
            reused.withLock { $0 = count }
        case .answered(let done, let total):
            let before = reused.withLock { $0 }
            bar.update(title, done: done - before, total: total - before, unit: "questions")
        case .needsJudge(let command):
            output.note("\(title): the answers wait for a judge: \(command)")
        case .needsServer(let path):
            output.note(
                "\(title): the right answers of this split are not public"
                    + (path.map { "; upload \($0)" } ?? ""))
        case .failed(let id, let message):
            output.warning("\(title): question \(id): \(message)")
        }
    }

    /// Removes the bar.
    func finish() { bar.finish() }
}
