import Foundation
import MiphaData
import MiphaFiles
import MiphaModels
import MiphaTorch

extension Trainer {
    /// Runs the updates that are left.
    ///
    /// A stop or an error leaves a checkpoint of the updates done, where their state is whole.
    ///
    /// - Parameters:
    ///   - version: the program's version, for the run's records.
    ///   - shouldStop: asked before each micro-batch, of a validation too; true writes a checkpoint of
    ///     the updates done and ends the run.
    ///   - report: called after each update.
    ///   - note: told what is worth a line: validation losses, skipped updates, failed checkpoints.
    ///   - answers: answers the run's sample questions; needed when it has some.
    public func train(
        version: String = "", shouldStop: () -> Bool = { false },
        report: (TrainingProgress) throws -> Void = { _ in },
        note: @escaping (String) -> Void = { _ in }, answers: Answering? = nil
    ) throws -> TrainingOutcome {
        if isComplete { return .alreadyComplete }
        try requireAnswers(answers)
        let isFirst = parallel?.group.rank ?? 0 == 0
        if isFirst && firstStep == 0 { try folder.requireModelElsewhere() }
        let lock = try isFirst ? folder.lock(finding: startingPoints) : nil
        defer { lock?.release() }
        try agreeOnStart()
        guard try objective.prepare(objectiveContext, shouldStop: shouldStop, note: note) else {
            return .stopped(step: firstStep)
        }
        let session = try RunSession(self, version: version, note: note)
        defer { session.close() }
        do {
            let isDone = try runUpdates(
                session, shouldStop: shouldStop, report: report, answers: answers)
            tellIdleSamples(session.recorder)
            guard isDone else {
                try writeLast(session)
                return .stopped(step: state.step)
            }
            try finish(session)
        } catch let failure as SharedFailure {
            rescue(session)
            throw failure.cause
        } catch {
            // Other processes may be on another way: nothing can be done together.
            if parallel == nil { rescue(session) }
            throw error
        }
        return .completed
    }

    /// - Returns: false when the run is to stop.
    private func runUpdates(
        _ session: RunSession, shouldStop: () -> Bool,
        report: (TrainingProgress) throws -> Void, answers: Answering?
    ) throws -> Bool {
        let recorder = session.recorder
        if state.isValidationDue {
            guard try validateLeftOver(session, shouldStop: shouldStop) else { return false }
            try takeSamples(answers, session.log, recorder)
        }
        let clock = ContinuousClock()
        let began = clock.now
        for step in firstStep..<plan.totalSteps {
            let started = clock.now
            guard parallel != nil || !shouldStop(),
                let result = try update(step, recorder, shouldStop: shouldStop)
            else { return false }
            state.step = step + 1
            state.usability = result.usability
            state.isValidationDue = isValidationStep
            let seconds = (clock.now - started) / .seconds(1)
            // The line about the update is written whatever becomes of the validation.
            let isBest = Result { try validate(recorder, shouldStop: shouldStop) }
            let mean = (clock.now - began) / .seconds(1) / Double(step + 1 - firstStep)
            let progress = progress(
                result, recorder, seconds: seconds,
                secondsLeft: mean * Double(plan.totalSteps - step - 1))
            if let log = session.log {
                record(progress, log)
                try report(progress)
            }
            guard let isBest = try isBest.get() else { return false }
            try takeSamples(answers, session.log, recorder)
            if isBest || (run.saveSteps > 0 && state.step % run.saveSteps == 0) {
                try save(session, isBest: isBest)
            }
            takeFailures(session)
        }
        return true
    }

    private func progress(
        _ result: UpdateResult, _ recorder: Recorder, seconds: Double, secondsLeft: Double
    ) -> TrainingProgress {
        TrainingProgress(
            step: state.step, totalSteps: plan.totalSteps,
            epoch: plan.epochs(after: state.step), loss: result.loss,
            learningRate: schedule(state.step - 1), gradientNorm: result.norm,
            supervisedTokens: result.supervised, tokens: result.tokens, seconds: seconds,
            secondsLeft: secondsLeft, isSkipped: result.isSkipped,
            validationLoss: recorder.validationLoss, secondsWaited: recorder.secondsWaited,
            features: recorder.featureCounts,
            figures: result.isSkipped ? [] : figures(result.figures, weight: result.weight),
            validationFigures: recorder.validationFigures)
    }

    private func record(_ progress: TrainingProgress, _ log: RunLog) {
        guard
            progress.step % run.loggingSteps == 0 || progress.step == plan.totalSteps
                || progress.validationLoss != nil || progress.isSkipped
        else { return }
        let factor = schedule.factor(progress.step - 1)
        let rates = tuning.parts.filter {
            $0.mode != .frozen && $0.learningRate != run.learningRate
        }.map { (group: $0.group, rate: $0.learningRate * factor) }
        log.metrics(progress.json(rates: rates))
        log.scalars(progress.scalars(rates: rates), step: progress.step)
    }

    /// Writes the trained model.
    private func finish(_ session: RunSession) throws {
        try settle(session)
        session.completeRecords()
        try writeResult()
    }

    /// Saves what was learned before an error; a failure is told, and the error before it stands.
    private func rescue(_ session: RunSession) {
        guard !weightsAreUnsound, state.step > firstStep else { return }
        do {
            try writeLast(session)
            session.recorder.say(
                "checkpoint-\(state.step) holds the updates before the error")
        } catch {
            session.recorder.say(
                "warning: no checkpoint holds the last updates before the error: \(error)")
        }
    }
}

/// An error that all processes of a job meet at the same place: they can still act together.
struct SharedFailure: Error {
    let cause: any Error
}
