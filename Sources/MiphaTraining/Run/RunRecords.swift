import MiphaData
import MiphaFiles
import MiphaNN
import MiphaTorch

/// The records that a run under way writes besides checkpoints: rank 0 keeps records, other
/// processes none.
final class RunRecords {
    /// The run's log; `nil` in processes other than rank 0.
    let log: RunLog?
    /// Reports what happened.
    let recorder: Recorder
    private let inputs: RunRecord.Inputs?
    private let run: RunConfiguration
    private let totalSteps: Int
    private let schedule: LearningRateSchedule
    /// Groups whose learning rate is not the run's.
    private let groups: [TrainingPlan.Part]

    /// Makes the run's folder ready and opens its records; every process takes part.
    ///
    /// - Parameters:
    ///   - step: updates done before.
    ///   - device: where the model of rank 0 learns.
    ///   - incidents: what was found while the run was prepared.
    ///   - note: receives lines for the user.
    init(
        _ beginning: RunBeginning, _ tuning: TrainingPlan, at step: Int, _ incidents: [Incident],
        _ group: ProcessGroup?, on device: Device, version: String,
        note: @escaping (String) -> Void
    ) throws {
        run = beginning.run
        (totalSteps, schedule) = (beginning.plan.totalSteps, beginning.schedule)
        groups = tuning.parts.filter { [run] in
            $0.mode != .frozen && $0.learningRate != run.learningRate
        }
        guard group?.rank ?? 0 == 0 else {
            (log, inputs) = (nil, nil)
            recorder = Recorder(log: nil, note: { _ in })
            try group?.barrier()
            return
        }
        let setAside = try beginning.folder.begin(
            at: step, processesHere: group?.environment.localWorldSize ?? 1)
        try group?.barrier()
        let log = RunLog(
            folder: run.outputFolder, resumingAt: step, tensorBoard: run.tensorBoard,
            samples: run.sampling.steps > 0)
        self.log = log
        recorder = Recorder(log: log, note: note)
        let records = RunRecord(
            folder: run.outputFolder, run: run, version: version, device: device,
            processes: group?.worldSize ?? 1)
        do {
            try records.addStart(resumingAt: step)
        } catch {
            note("warning: \(error)")
        }
        inputs = records.hashInputs()
        for incident in incidents { log.incident(incident) }
        for incident in setAside { recorder.record(incident) }
    }

    /// Writes what an update did, where the run wants a line about it.
    func write(_ progress: TrainingProgress) {
        guard let log,
            progress.step % run.loggingSteps == 0 || progress.step == totalSteps
                || progress.validationLoss != nil || progress.isSkipped
        else { return }
        let factor = schedule.factor(progress.step - 1)
        let rates = groups.map { (group: $0.group, rate: $0.learningRate * factor) }
        log.metrics(progress.json(rates: rates))
        log.scalars(progress.scalars(rates: rates), step: progress.step)
    }

    /// Writes a validation that is not part of an update.
    func write(_ found: Validation.Measurement, after step: Int) {
        guard let log else { return }
        var line: JSONObject = ["step": .integer(step)]
        TrainingProgress.addValidation(found.loss, found.figures, to: &line)
        log.metrics(line)
        log.scalars(
            TrainingProgress.scalars(ofValidation: found.loss, found.figures), step: step)
    }

    /// Waits until all records are on the disk, and reports what is wrong with them.
    func complete() {
        if let failure = inputs?.wait() { recorder.say("warning: \(failure)") }
        log?.drain()
        if let failure = log?.failure {
            recorder.say("warning: a log is incomplete: \(failure)")
        }
    }

    /// Waits until everything is on the disk, or was dropped.
    func drain() { log?.drain() }
}
