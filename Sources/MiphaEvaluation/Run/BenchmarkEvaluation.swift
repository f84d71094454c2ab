public import MiphaBenchmarks
public import MiphaChat
import MiphaFiles

/// One benchmark with one model: asks, keeps the answers, scores them.
public struct BenchmarkEvaluation: Sendable {
    /// What an evaluation is doing.
    public enum Event: Sendable {
        /// `done` of `total` images were looked at.
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
    private let known: [Question]?

    /// Whether only some of the questions are asked.
    public var isPartial: Bool { settings.limit != nil }

    /// Prepares an evaluation.
    ///
    /// - Parameters:
    ///   - folder: takes the results; an evaluation that was begun there goes on.
    ///   - questions: the benchmark's questions, where they were read before.
    public init(
        _ scoring: Scoring, files: BenchmarkFiles, folder: EvaluationFolder,
        settings: EvaluationSettings, model: EvaluatedModel, questions: [Question]? = nil
    ) {
        self.scoring = scoring
        self.files = files
        self.folder = folder
        self.settings = settings
        self.model = model
        known = questions
    }

    /// Answers what is open and, unless this is a part or was stopped, scores everything.
    ///
    /// - Parameters:
    ///   - isStopped: asked ten times a second; true ends with `CancellationError`.
    ///   - report: called with what is going on, on any thread.
    /// - Returns: the result; nil for a part of several, and where a judge or the authors' server
    ///   has to grade first.
    /// - Throws: `EvaluationError` for damaged data, for a folder where another process writes, and
    ///   for questions that could not be asked, after all others were; `CancellationError`; what the
    ///   responder throws. The predictions hold what was answered.
    public func run(
        with responder: any BatchResponder, isStopped: @escaping @Sendable () -> Bool = { false },
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> EvaluationReport.Result? {
        let plan = try plan { done, total in
            report(.pictures(done: done, total: total))
            if isStopped() { throw CancellationError() }
        }
        // The log is locked first: the folder may be another process's.
        let log = try AnswerLog(path: folder.logFile)
        try folder.write(record(plan))
        let known = plan.questions.count { log.answer($0.key) != nil }
        if log.count > 0 { report(.resumed(known)) }
        let run = EvaluationRun(plan, log: log, settings: settings)
        let outcome: EvaluationRun.Outcome
        do {
            outcome = try await run.answer(with: responder, isStopped: isStopped) {
                report(.answered(done: $0.answered, total: $0.total))
            }
        } catch {
            // The predictions are made of the log again at the next run: only the cause counts.
            _ = try? folder.writePredictions(plan, log, modelName: model.name)
            throw error
        }
        try folder.writePredictions(plan, log, modelName: model.name)
        if outcome.isStopped { throw CancellationError() }
        for failure in outcome.failures { report(.failed(failure.id, failure.error.message)) }
        if let failure = outcome.failures.first {
            throw EvaluationError(
                failure.error.code,
                "\(outcome.failures.count) questions could not be asked, the first: "
                    + "\(failure.id): \(failure.error.message); --resume asks them again")
        }
        guard settings.shard.count == 1 else { return nil }
        return try finish(plan, speed: speed(outcome, plan), report)
    }

    /// Joins parts and scores them; the parts' answers are kept in this folder too.
    ///
    /// - Returns: the result; nil where a judge or the authors' server has to grade first.
    /// - Throws: `EvaluationError` when the folder is a part or holds an evaluation, and when a
    ///   question has no answer; nothing is written then.
    public func merge(
        _ parts: EvaluationMerge, report: (Event) -> Void = { _ in }
    ) throws -> EvaluationReport.Result? {
        try checkFolder(for: parts)
        let plan = try plan { _, _ in }
        let answered = Set(parts.answers.map(\.key))
        let missing = plan.questions.filter { !answered.contains($0.key) }
        if let first = missing.first {
            throw EvaluationError(
                .mismatch,
                "\(missing.count) of \(plan.questions.count) questions have no answer in any part for "
                    + "this data, the first: \(first.question.id); are all parts answered to the "
                    + "end, and is --data the folder that they were answered with?")
        }
        let log = try AnswerLog(path: folder.logFile)
        try folder.write(record(plan))
        for answer in parts.answers { try log.append(answer) }
        try folder.writePredictions(plan, log, modelName: model.name)
        return try finish(plan, speed: nil, report)
    }

    /// Looks whether parts can be joined in this folder without overwriting anything.
    ///
    /// - Throws: `EvaluationError` when the folder is a part or holds an evaluation.
    public func checkFolder(for parts: EvaluationMerge) throws(EvaluationError) {
        if parts.folders.contains(where: folder.isSame) {
            throw EvaluationError(
                .invalidRequest,
                "\(folder.path) is one of the parts; expected another --output to join them in")
        }
        guard !folder.isBegun else {
            throw EvaluationError(
                .invalidRequest,
                "\(folder.path) holds an evaluation; expected another --output to join the parts in"
            )
        }
    }

    /// Scores the grades that a judge gave to the answers.
    ///
    /// - Throws: `EvaluationError` when grades and questions do not belong together.
    public func score(graded: Predictions) throws -> EvaluationReport.Result {
        let questions = try questions()
        let asked = settings.limit.map { Array(questions.prefix($0)) } ?? questions
        return try score(graded, asked, speed: nil)
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
        return try score(
            Predictions(folder.predictionsFile), plan.questions.map(\.question), speed: speed)
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

    /// The command that has the answers graded and scores them.
    public var judgeCommand: String {
        let card = scoring.benchmark.card
        var words = ["mipha", "score", card.id, "--predictions", folder.predictionsFile]
        words += ["--annotations", files.path, "--judge-model", "MODEL"]
        if scoring.variant.name != card.variants.first?.name {
            words += ["--variant", scoring.variant.name]
        }
        if settings.limit != nil { words.append("--partial") }
        return words.map(Self.shellWord).joined(separator: " ")
    }

    /// A word as a shell takes it.
    private static func shellWord(_ word: String) -> String {
        let plain = word.unicodeScalars.allSatisfy { letter in
            letter.isASCII
                && (letter.properties.isAlphabetic || letter.properties.numericType != nil)
                || "/._-+=:,@%".unicodeScalars.contains(letter)
        }
        if plain, !word.isEmpty { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }

    private func questions() throws(EvaluationError) -> [Question] {
        if let known { return known }
        return try scoring.benchmark.questions(files)
    }

    private func plan(progress: (Int, Int) throws -> Void) throws -> EvaluationPlan {
        try EvaluationPlan(
            questions(), model: model, settings: settings,
            defaultMaxTokens: scoring.benchmark.card.maxTokens, progress: progress)
    }

    private func record(_ plan: EvaluationPlan) -> EvaluationRunRecord {
        EvaluationRunRecord(
            benchmark: scoring.benchmark.card.id, model: model,
            maxTokens: settings.maxTokens ?? scoring.benchmark.card.maxTokens,
            limit: settings.limit, shard: settings.shard, total: plan.total,
            groupsByPicture: settings.groupsByPicture)
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
        _ predictions: Predictions, _ questions: [Question], speed: ScoreReport.Speed?
    ) throws -> EvaluationReport.Result {
        var predictions = predictions
        predictions.isPartial = settings.limit != nil
        var result = try scoring.score(
            predictions, against: files, itemsFile: folder.itemsFile, keepsItems: true)
        result.report.speed = speed
        try result.report.write(to: folder.scoresFile)
        let worst = EvaluationReport.worst(
            of: result.recorder.items, questions: questions
        ) { Thumbnail.picture(of: $0) }
        return EvaluationReport.Result(
            score: result.report, card: scoring.benchmark.card, worst: worst)
    }
}
