import MiphaData
import MiphaTorch

/// The course of a run: its updates one after the other, with what belongs between them
/// (validations, previews, checkpoints, records), and its end.
final class RunCourse {
    private let run: RunConfiguration
    private let plan: BatchPlan
    private let schedule: LearningRateSchedule
    private let learner: Learner
    private let updates: UpdateLoop
    private let validation: Validation?
    private let previews: SamplePreviews
    private let checkpoints: RunCheckpoints
    private let records: RunRecords
    /// Updates done before this start.
    private let firstStep: Int
    private var state: RunState
    private var recorder: Recorder { records.recorder }

    init(
        _ beginning: RunBeginning, from state: RunState, _ learner: Learner, updates: UpdateLoop,
        validation: Validation?, previews: SamplePreviews, checkpoints: RunCheckpoints,
        records: RunRecords
    ) {
        (run, plan, schedule) = (beginning.run, beginning.plan, beginning.schedule)
        (self.state, firstStep, self.learner) = (state, state.step, learner)
        (self.updates, self.validation, self.previews) = (updates, validation, previews)
        (self.checkpoints, self.records) = (checkpoints, records)
    }

    /// Runs the updates that are left and writes the trained model.
    ///
    /// - Parameters:
    ///   - shouldStop: asked before each micro-batch.
    ///   - report: called after each update.
    func run(
        shouldStop: () -> Bool, report: (TrainingProgress) throws -> Void
    ) throws -> TrainingOutcome {
        do {
            let isDone = try runUpdates(shouldStop: shouldStop, report: report)
            tellIdleSamples()
            guard isDone else {
                try writeLast()
                return .stopped(step: state.step)
            }
            try finish()
        } catch let failure as SharedFailure {
            rescue()
            throw explained(failure.cause)
        } catch {
            // Other processes may be on another way: nothing can be done together.
            if learner.parallel == nil { rescue() }
            throw explained(error, kept: leftover)
        }
        return .completed
    }

    /// - Returns: false when the run is to stop.
    private func runUpdates(
        shouldStop: () -> Bool, report: (TrainingProgress) throws -> Void
    ) throws -> Bool {
        if state.isValidationDue {
            guard try validateLeftOver(shouldStop: shouldStop) else { return false }
            try previews.take(after: state.step)
        }
        let clock = ContinuousClock()
        let began = clock.now
        for step in firstStep..<plan.totalSteps {
            let started = clock.now
            guard learner.parallel != nil || !shouldStop(),
                let result = try updates.update(step, shouldStop: shouldStop)
            else { return false }
            state.step = step + 1
            state.usability = result.usability
            state.skippedInARow = updates.skippedInARow
            state.isValidationDue = validation?.isDue(after: state.step) ?? false
            let seconds = (clock.now - started) / .seconds(1)
            // The line about the update is written whatever becomes of the validation.
            let validated = Result { try validate(shouldStop: shouldStop) }
            let found = (try? validated.get())?.measurement
            let mean = (clock.now - began) / .seconds(1) / Double(step + 1 - firstStep)
            let progress = progress(
                result, found, seconds: seconds,
                secondsLeft: mean * Double(plan.totalSteps - step - 1))
            if records.log != nil {
                records.write(progress)
                try report(progress)
            }
            if case .stopped = try validated.get() { return false }
            try previews.take(after: state.step)
            if found?.isKept ?? false || checkpoints.isDue(after: state.step) { try save(found) }
            checkpoints.takeFailures()
        }
        return true
    }

    private func progress(
        _ result: UpdateResult, _ found: Validation.Measurement?, seconds: Double,
        secondsLeft: Double
    ) -> TrainingProgress {
        TrainingProgress(
            step: state.step, totalSteps: plan.totalSteps,
            epoch: plan.epochs(after: state.step), loss: result.loss,
            learningRate: schedule(state.step - 1), gradientNorm: result.norm,
            supervisedTokens: result.supervised, tokens: result.tokens, seconds: seconds,
            secondsLeft: secondsLeft, isSkipped: result.isSkipped,
            validationLoss: found?.loss, secondsWaited: recorder.secondsWaited,
            features: recorder.featureCounts,
            figures: result.isSkipped ? [] : updates.means(of: result),
            validationFigures: found?.figures ?? [])
    }

    // MARK: Validations

    /// Measures the validation loss, when it is due.
    private func validate(shouldStop: () -> Bool) throws -> Validation.Outcome {
        guard state.isValidationDue, let validation else { return .nothingToMeasure }
        let outcome = try validation.measure(
            after: state.step, best: checkpoints.lowestLoss, shouldStop: shouldStop)
        if case .stopped = outcome { return outcome }
        state.isValidationDue = false
        return outcome
    }

    /// Measures the validation loss that a stop left to be measured.
    ///
    /// - Returns: false when the run is to stop.
    private func validateLeftOver(shouldStop: () -> Bool) throws -> Bool {
        switch try validate(shouldStop: shouldStop) {
        case .stopped: return false
        case .nothingToMeasure: return true
        case .measured(let found):
            records.write(found, after: state.step)
            if found.isKept { try save(found) }
            return true
        }
    }

    /// Reports how many samples of the run taught nothing.
    private func tellIdleSamples() {
        let usability = state.usability
        guard usability.idle > 0 else { return }
        recorder.say(
            "warning: \(usability.idle) of \(usability.asked) samples of this run had nothing to learn "
                + "from; incidents.jsonl names each of them")
    }

    // MARK: Checkpoints

    /// Writes a checkpoint, which is to be kept when its validation loss is the lowest.
    private func save(_ found: Validation.Measurement?) throws {
        state.recentLosses = updates.recentLosses
        try checkpoints.save(state, best: found.flatMap { $0.isKept ? $0.loss : nil })
    }

    /// Writes a checkpoint of the updates done, unless there is one.
    private func writeLast() throws {
        state.recentLosses = updates.recentLosses
        try checkpoints.writeLast(state)
    }

    /// Writes the trained model.
    private func finish() throws {
        try checkpoints.settle()
        records.complete()
        try checkpoints.writeResult(state)
    }

    /// Says where memory ran out, what the run goes on from, and what takes less of it.
    private func explained(_ error: any Error, kept: String? = nil) -> any Error {
        MemoryShortage(run, world: learner.world)
            .explained(error, inUpdate: state.step + 1, kept: kept)
    }

    /// What the run goes on from after an error that this process met alone; `nil` where that is what
    /// it has saved.
    private var leftover: String? {
        let isAlone = learner.parallel == nil
        guard !isAlone || learner.isUnsound else { return nil }
        let reason =
            isAlone
            ? "the update has changed some of the weights, which are not saved"
            : "one process of several saves nothing"
        let start = checkpoints.newest.map { "checkpoint-\($0)" } ?? "the start"
        return
            "\(reason): the command with --resume auto, which is the default, goes on from \(start)"
    }

    /// Saves what was learned before an error; a failure is reported, and the error before it
    /// stands.
    private func rescue() {
        guard !learner.isUnsound, state.step > firstStep else { return }
        do {
            try writeLast()
            recorder.say("checkpoint-\(state.step) holds the updates before the error")
        } catch {
            recorder.say(
                "warning: no checkpoint holds the last updates before the error: \(error)")
        }
    }
}
