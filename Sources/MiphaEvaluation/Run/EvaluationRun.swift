public import MiphaBenchmarks
public import MiphaChat
import MiphaFiles

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
        public let error: EvaluationError
    }

    /// How a run ended.
    public struct Outcome: Sendable {
        /// Questions answered by this run.
        public var answered = 0
        /// Questions answered before.
        public var reused = 0
        /// Questions that could not be asked, in the benchmark's order.
        public var failures: [Failure] = []
        /// Whether it was stopped or cancelled before the end.
        public var isStopped = false
        /// Seconds this run took.
        public var seconds = 0.0
        /// What the model computed.
        public var statistics = BatchStatistics()
    }

    private let plan: EvaluationPlan
    private let log: AnswerLog
    private let settings: EvaluationSettings

    /// Prepares a run; answers that the log holds for the same model, prompt and images count.
    public init(
        _ plan: EvaluationPlan, log: AnswerLog, settings: EvaluationSettings
    ) {
        self.plan = plan
        self.log = log
        self.settings = settings
    }

    /// Asks what is open.
    ///
    /// Two lists are under way: while one is answered the images of the next are decoded. A
    /// question whose image is missing or damaged is left out, noted and asked again by the next
    /// run. A stop ends the lists that are under way too; what was answered by then is kept.
    ///
    /// - Parameters:
    ///   - isStopped: asked ten times a second, on any thread.
    ///   - report: called after each answer, on any thread.
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
        let collector = AnswerCollector(
            log: log, answered: outcome.reused, total: plan.questions.count, report: report)
        try await withThrowingTaskGroup(of: Event.self) { group in
            var (next, running) = (0, 0)
            func begin() {
                guard next < batches.count, !isStopped(), !collector.isCancelled else { return }
                let batch = batches[next]
                next += 1
                running += 1
                group.addTask {
                    try await ask(batch, responder, collector)
                    return .listEnded
                }
            }
            group.addTask {
                await Self.wait { isStopped() || collector.error != nil }
                return .stopped
            }
            begin()
            begin()
            while running > 0, let event = try await group.next() {
                if let error = collector.error { throw error }
                switch event {
                case .stopped: group.cancelAll()
                case .listEnded:
                    running -= 1
                    begin()
                }
            }
            group.cancelAll()
        }
        outcome.isStopped = isStopped() || collector.isCancelled
        outcome.statistics = collector.statistics
        outcome.answered = collector.answered - outcome.reused
        outcome.failures = collector.failures
        outcome.seconds = (clock.now - start) / .seconds(1)
        return outcome
    }

    /// What a task of a run came to.
    private enum Event: Sendable {
        case listEnded, stopped
    }

    /// Waits until something is so, or until it is cancelled.
    private static func wait(until isSo: @Sendable () -> Bool) async {
        while !isSo() {
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                return
            }
        }
    }

    private func ask(
        _ batch: [PlannedQuestion], _ responder: any BatchResponder, _ collector: AnswerCollector
    ) async throws {
        var asked: [PlannedQuestion] = []
        var requests: [ChatRequest] = []
        var loaded: [String: ImageReference] = [:]
        for planned in batch {
            do {
                let pictures = zip(planned.question.pictures, planned.pictures)
                let images = try pictures.map { picture, contents in
                    if let image = loaded[contents] { return image }
                    let image = try picture.reference()
                    loaded[contents] = image
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
            collector.cancel()
        } catch  where !settings.groupsByPicture {
            collector.fail(questions[0], error)
        }
    }
}

extension PictureSource {
    /// The image as a chat message holds it.
    func reference() throws(EvaluationError) -> ImageReference {
        if case .file(let path) = place { return .file(path) }
        return .bytes(try load())
    }
}
