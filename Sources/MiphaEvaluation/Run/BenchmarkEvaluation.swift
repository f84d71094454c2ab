public import MiphaChat
import MiphaFiles

/// One benchmark with one model: asks, keeps the answers, scores them.
public struct BenchmarkEvaluation: Sendable {
    /// What an evaluation is doing.
    public enum Event: Sendable {
        /// `done` of `total` pictures were looked at.
        case pictures(done: Int, total: Int)
        /// So many questions were answered before.
        case resumed(Int)
        /// `done` of `total` questions are answered.
        case answered(done: Int, total: Int)
        /// The answers wait for a judge, and how to go on.
        case needsJudge(String)
        /// The authors keep the right answers; the file for their server, nil where there is none.
        case needsServer(String?)
        /// A question could not be asked.
        case failed(QuestionID, String)
    }

    private let scoring: Scoring
    private let files: BenchmarkFiles
    private let folder: EvaluationFolder
    private let settings: EvaluationSettings
    private let model: EvaluatedModel

    /// Prepares an evaluation.
    ///
    /// - Parameter folder: takes the results; an evaluation that was begun there goes on.
    public init(
        _ scoring: Scoring, files: BenchmarkFiles, folder: EvaluationFolder,
        settings: EvaluationSettings, model: EvaluatedModel
    ) {
        self.scoring = scoring
        self.files = files
        self.folder = folder
        self.settings = settings
        self.model = model
    }

    /// Answers what is open and, unless this is a part or was stopped, scores everything.
    ///
    /// - Parameters:
    ///   - isStopped: asked between lists of questions; true ends with `CancellationError`.
    ///   - report: told what is going on, on any thread.
    /// - Returns: the result; nil for a part of several, and where a judge or the authors' server
    ///   has to grade first.
    /// - Throws: `EvaluationError` for damaged data and for questions that could not be asked, after
    ///   all others were; `CancellationError`; what the responder throws.
    public func run(
        with responder: any BatchResponder, isStopped: @escaping @Sendable () -> Bool = { false },
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> EvaluationReport.Result? {
        let questions = try scoring.benchmark.questions(files)
        let plan = try plan(questions) { done, total in
            report(.pictures(done: done, total: total))
            if isStopped() { throw CancellationError() }
        }
        try folder.write(record(plan))
        let log = try AnswerLog(path: folder.logFile)
        let known = plan.questions.count { log.answer($0.key) != nil }
        if log.count > 0 { report(.resumed(known)) }
        let run = EvaluationRun(plan, log: log, settings: settings)
        let outcome = try await run.answer(with: responder, isStopped: isStopped) {
            report(.answered(done: $0.answered, total: $0.total))
        }
        try folder.writePredictions(plan, log, modelName: model.name)
        if outcome.isStopped { throw CancellationError() }
        for failure in outcome.failures { report(.failed(failure.id, failure.message)) }
        if let failure = outcome.failures.first {
            throw EvaluationError(
                .missingFile,
                "\(outcome.failures.count) questions could not be asked, the first: "
                    + "\(failure.id): \(failure.message); --resume asks them again")
        }
        guard settings.shard.count == 1 else { return nil }
        return try finish(plan, speed: speed(outcome, plan), report)
    }

    /// Joins parts and scores them; the parts' answers are kept in this folder too.
    ///
    /// - Returns: the result; nil where a judge or the authors' server has to grade first.
    /// - Throws: `EvaluationError` when a question has no answer.
    public func merge(
        _ parts: EvaluationMerge, report: (Event) -> Void = { _ in }
    ) throws -> EvaluationReport.Result? {
        let questions = try scoring.benchmark.questions(files)
        let plan = try plan(questions) { _, _ in }
        try folder.write(record(plan))
        let log = try AnswerLog(path: folder.logFile)
        for answer in parts.answers { try log.append(answer) }
        let missing = try folder.writePredictions(plan, log, modelName: model.name)
        guard missing == 0 else {
            throw EvaluationError(
                .mismatch,
                "\(missing) of \(plan.questions.count) questions have no answer in any part for "
                    + "this data; is --data the folder that the parts were answered with?")
        }
        return try finish(plan, speed: nil, report)
    }

    /// Scores, or says who has to.
    private func finish(
        _ plan: EvaluationPlan, speed: ScoreReport.Speed?, _ report: (Event) -> Void
    ) throws -> EvaluationReport.Result? {
        if scoring.benchmark is any JudgedBenchmark {
            report(.needsJudge(judgeCommand))
            return nil
        }
        if plan.questions.allSatisfy({ $0.question.expected.isEmpty }) {
            report(.needsServer(try writeSubmission()))
            return nil
        }
        return try score(plan, speed: speed)
    }

    /// Writes the file for the authors' server; nil where there is none or not all was asked.
    private func writeSubmission() throws -> String? {
        guard settings.limit == nil,
            let submission = try scoring.benchmark.submission(
                of: Predictions(folder.predictionsFile), files: files)
        else { return nil }
        let path = "\(folder.path)/\(submission.name)"
        try AtomicFile.write(submission.bytes, to: path)
        return path
    }

    /// How the answers are graded.
    private var judgeCommand: String {
        "mipha score \(scoring.benchmark.card.id) --predictions \(folder.predictionsFile) "
            + "--annotations \(files.path) --judge-model MODEL"
    }

    private func plan(
        _ questions: [Question], progress: (Int, Int) throws -> Void
    ) throws -> EvaluationPlan {
        try EvaluationPlan(
            questions, model: model, settings: settings,
            defaultMaxTokens: scoring.benchmark.card.maxTokens, progress: progress)
    }

    private func record(_ plan: EvaluationPlan) -> EvaluationRunRecord {
        EvaluationRunRecord(
            benchmark: scoring.benchmark.card.id, model: model,
            maxTokens: settings.maxTokens ?? scoring.benchmark.card.maxTokens,
            limit: settings.limit, shard: settings.shard, total: plan.total)
    }

    private func speed(
        _ outcome: EvaluationRun.Outcome, _ plan: EvaluationPlan
    ) -> ScoreReport.Speed? {
        guard outcome.answered > 0, outcome.seconds > 0 else { return nil }
        return ScoreReport.Speed(
            questionsPerSecond: Double(outcome.answered) / outcome.seconds,
            towerCalls: outcome.statistics.picturesEncoded, pictures: plan.pictureCount)
    }

    private func score(
        _ plan: EvaluationPlan, speed: ScoreReport.Speed?
    ) throws -> EvaluationReport.Result {
        var predictions = try Predictions(folder.predictionsFile)
        predictions.isPartial = settings.limit != nil
        var result = try scoring.score(
            predictions, against: files, itemsFile: folder.itemsFile, keepsItems: true)
        result.report.speed = speed
        try result.report.write(to: folder.scoresFile)
        let worst = EvaluationReport.worst(
            of: result.recorder.items, questions: plan.questions.map(\.question)
        ) { Thumbnail.picture(of: $0) }
        return EvaluationReport.Result(
            score: result.report, card: scoring.benchmark.card, worst: worst)
    }
}
