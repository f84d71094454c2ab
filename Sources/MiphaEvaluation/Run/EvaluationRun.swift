public import MiphaChat
import MiphaFiles
import Synchronization

/// Asks a model the questions of a plan and keeps the answers.
public struct EvaluationRun: Sendable {
    /// How far a run is.
    public struct Progress: Sendable {
        /// Answered questions, those of earlier runs included.
        public let answered: Int
        /// All questions of the plan.
        public let total: Int
    }

    /// A question that could not be asked.
    public struct Failure: Sendable {
        /// The question.
        public let id: QuestionID
        /// What went wrong.
        public let message: String
    }

    /// How a run ended.
    public struct Outcome: Sendable {
        /// Questions answered by this run.
        public var answered = 0
        /// Questions answered before.
        public var reused = 0
        /// Questions that could not be asked, in the benchmark's order.
        public var failures: [Failure] = []
        /// Whether it was stopped before the end.
        public var isStopped = false
        /// Seconds this run took.
        public var seconds = 0.0
        /// What the model computed.
        public var statistics = BatchStatistics()
    }

    private let plan: EvaluationPlan
    private let log: AnswerLog
    private let settings: EvaluationSettings

    /// Prepares a run; answers that the log holds for the same model, prompt and pictures count.
    public init(
        _ plan: EvaluationPlan, log: AnswerLog, settings: EvaluationSettings
    ) {
        self.plan = plan
        self.log = log
        self.settings = settings
    }

    /// Asks what is open.
    ///
    /// Two lists are under way: while one is answered the pictures of the next are decoded. A
    /// question whose picture is missing or damaged is left out, noted and asked again by the next
    /// run.
    ///
    /// - Parameters:
    ///   - isStopped: asked between lists.
    ///   - report: told after each answer, on any thread.
    /// - Throws: `EvaluationError` when an answer cannot be written; what the responder throws.
    public func answer(
        with responder: any BatchResponder, isStopped: @escaping @Sendable () -> Bool = { false },
        report: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let open = plan.questions.filter { log.answer($0.key) == nil }
        var outcome = Outcome()
        outcome.reused = plan.questions.count - open.count
        let batches = QuestionBatches(
            groupsByPicture: settings.groupsByPicture, rows: settings.batchRows
        ).batches(open)
        let collector = Collector(
            log: log, answered: outcome.reused, total: plan.questions.count, report: report)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = 0
            func begin() {
                guard next < batches.count, !isStopped() else { return }
                let batch = batches[next]
                next += 1
                group.addTask { try await ask(batch, responder, collector) }
            }
            begin()
            begin()
            while try await group.next() != nil {
                if let error = collector.error { throw error }
                if isStopped() { group.cancelAll() }
                begin()
            }
        }
        outcome.isStopped = isStopped()
        outcome.statistics = collector.statistics
        outcome.answered = collector.answered - outcome.reused
        outcome.failures = collector.failures
        outcome.seconds = (clock.now - start) / .seconds(1)
        return outcome
    }

    private func ask(
        _ batch: [PlannedQuestion], _ responder: any BatchResponder, _ collector: Collector
    ) async throws {
        var asked: [PlannedQuestion] = []
        var requests: [ChatRequest] = []
        var loaded: [PictureSource: ImageReference] = [:]
        for planned in batch {
            do {
                let images = try planned.question.pictures.map { picture in
                    if let image = loaded[picture] { return image }
                    let image = try picture.reference()
                    loaded[picture] = image
                    return image
                }
                requests.append(
                    ChatRequest(
                        planned.question.text, images: images,
                        sampling: SamplingOptions(maxTokens: planned.maxTokens)))
                asked.append(planned)
            } catch {
                collector.fail(planned, error)
            }
        }
        guard !requests.isEmpty else { return }
        let questions = asked
        do {
            guard settings.groupsByPicture else {
                let reply = try await responder.reply(to: requests[0])
                collector.keep(questions[0], reply)
                collector.add(BatchStatistics(picturesEncoded: requests[0].images.count))
                return
            }
            let statistics = try await responder.replies(to: requests) { index, result in
                switch result {
                case .success(let reply): collector.keep(questions[index], reply)
                case .failure(let error): collector.fail(questions[index], error)
                }
            }
            collector.add(statistics)
        } catch is CancellationError {
            // What was answered is kept; the rest stays open.
        } catch  where !settings.groupsByPicture {
            collector.fail(questions[0], error)
        }
    }
}

/// Takes answers from any thread into the log.
private final class Collector: Sendable {
    private struct State {
        var answered: Int
        var failures: [(position: Int, failure: EvaluationRun.Failure)] = []
        var error: EvaluationError?
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
    var error: EvaluationError? { state.withLock { $0.error } }
    var statistics: BatchStatistics { state.withLock { $0.statistics } }
    var failures: [EvaluationRun.Failure] {
        state.withLock { $0.failures.sorted { $0.position < $1.position }.map(\.failure) }
    }

    func keep(_ planned: PlannedQuestion, _ reply: ChatReply) {
        guard reply.outcome.reason != .cancelled else { return }
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

    func add(_ statistics: BatchStatistics) {
        state.withLock { $0.statistics += statistics }
    }

    func fail(_ planned: PlannedQuestion, _ error: any Error) {
        guard !(error is CancellationError) else { return }
        let failure = EvaluationRun.Failure(id: planned.question.id, message: "\(error)")
        state.withLock { $0.failures.append((planned.position, failure)) }
    }
}

extension PictureSource {
    /// The picture as a chat message holds it.
    func reference() throws(EvaluationError) -> ImageReference {
        if case .file(let path) = place { return .file(path) }
        return .bytes(try load())
    }
}
