import MiphaTorch

/// What a run under way writes besides checkpoints: rank 0 keeps records, other processes none.
final class RunSession {
    /// The run's log; `nil` in processes other than rank 0.
    let log: RunLog?
    let recorder: Recorder
    /// Writes the checkpoints of a single process; several write theirs together.
    let writer: CheckpointWriter?
    private let inputs: RunRecord.Inputs?
    private let joint: JointCheckpoints?

    /// Makes the run's folder ready and opens its records; every process takes part.
    init(_ trainer: Trainer, version: String, note: @escaping (String) -> Void) throws {
        joint = trainer.joint
        let group = trainer.parallel?.group
        guard group?.rank ?? 0 == 0 else {
            (log, writer, inputs) = (nil, nil, nil)
            recorder = Recorder(log: nil, note: { _ in })
            try group?.barrier()
            return
        }
        let run = trainer.run
        let setAside = try trainer.folder.begin(
            at: trainer.firstStep, processesHere: group?.environment.localWorldSize ?? 1)
        try group?.barrier()
        let log = RunLog(
            folder: run.outputFolder, resumingAt: trainer.firstStep, tensorBoard: run.tensorBoard,
            samples: run.sampling.steps > 0)
        self.log = log
        recorder = Recorder(log: log, note: note)
        writer =
            group == nil
            ? CheckpointWriter(store: trainer.folder.store, drain: { log.drain() }) : nil
        let records = RunRecord(
            folder: run.outputFolder, run: run, version: version,
            processes: group?.worldSize ?? 1)
        do {
            try records.addStart(resumingAt: trainer.firstStep)
        } catch {
            note("warning: \(error)")
        }
        inputs = records.hashInputs()
        for incident in trainer.incidents { log.incident(incident) }
        for incident in setAside { recorder.record(incident) }
    }

    /// Waits until all records are on the disk, and tells what is wrong with them.
    func completeRecords() {
        if let failure = inputs?.wait() { recorder.say("warning: \(failure)") }
        log?.drain()
        if let failure = log?.failure {
            recorder.say("warning: a log is incomplete: \(failure)")
        }
    }

    /// Waits for what is being written: an error ends the run, not the checkpoint under way.
    func close() {
        writer?.wait()
        joint?.wait()
        log?.drain()
    }
}
