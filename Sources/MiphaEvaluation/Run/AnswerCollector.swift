import MiphaBenchmarks
import MiphaChat
import MiphaFiles
import MiphaImaging
import Synchronization

/// Takes answers from any thread into the log.
final class AnswerCollector: Sendable {
    private struct State {
        var answered: Int
        var failures: [(position: Int, failure: EvaluationRun.Failure)] = []
        var error: EvaluationError?
        var isCancelled = false
        var statistics = BatchStatistics()
    }

    private let log: AnswerLog
    private let total: Int
    private let report: @Sendable (EvaluationRun.Progress) -> Void
    private let state: Mutex<State>

    init(
        log: AnswerLog, answered: Int, total: Int,
        report: @escaping @Sendable (EvaluationRun.Progress) -> Void
    ) {
        self.log = log
        self.total = total
        self.report = report
        state = Mutex(State(answered: answered))
    }

    var answered: Int { state.withLock { $0.answered } }
    /// Why an answer could not be written.
    var error: EvaluationError? { state.withLock { $0.error } }
    /// Whether an answer was given up because its task was cancelled.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }
    var statistics: BatchStatistics { state.withLock { $0.statistics } }
    var failures: [EvaluationRun.Failure] {
        state.withLock { $0.failures.sorted { $0.position < $1.position }.map(\.failure) }
    }

    func keep(_ planned: PlannedQuestion, _ reply: ChatReply) {
        guard reply.outcome.reason != .cancelled else {
            cancel()
            return
        }
        let answer = LoggedAnswer(
            key: planned.key, id: planned.question.id, text: reply.text,
            tokens: reply.outcome.usage.completionTokens,
            finishReason: reply.outcome.reason.rawValue)
        let answered: Int? = state.withLock { state in
            do throws(EvaluationError) {
                try log.append(answer)
                state.answered += 1
                return state.answered
            } catch {
                state.error = error
                return nil
            }
        }
        if let answered {
            report(EvaluationRun.Progress(answered: answered, total: total))
        }
    }

    func cancel() {
        state.withLock { $0.isCancelled = true }
    }

    func add(_ statistics: BatchStatistics) {
        state.withLock { $0.statistics += statistics }
    }

    func fail(_ planned: PlannedQuestion, _ error: any Error) {
        guard !(error is CancellationError) else {
            cancel()
            return
        }
        let failure = EvaluationRun.Failure(
            id: planned.question.id, error: EvaluationError(asking: error))
        state.withLock { $0.failures.append((planned.position, failure)) }
    }
}

extension EvaluationError {
    /// Takes over why a question could not be asked or answered.
    init(asking error: any Error) {
        let code: Code =
            switch error {
            case let error as EvaluationError: error.code
            case let error as FileError: EvaluationError(error).code
            case let error as ImagingError: Self.code(error.code)
            case let error as ChatError:
                error.code == .unreadableFile ? .missingFile : .invalidRequest
            default: .model
            }
        self.init(code, "\(error)")
    }

    private static func code(_ code: ImagingError.Code) -> Code {
        switch code {
        case .unreadable: .missingFile
        case .unsupported, .truncated, .corrupt, .limit: .malformedFile
        case .memory: .system
        case .argument, .configuration: .invalidRequest
        }
    }
}
