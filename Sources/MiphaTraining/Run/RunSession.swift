import MiphaTorch

/// What a run under way writes besides checkpoints: rank 0 keeps records, other processes none.
final class RunSession {
    /// The run's log; `nil` in processes other than rank 0.
    let log: RunLog?
    let recorder: Recorder
    /// Writes the checkpoints of a single process; several write theirs together.
    let writer: CheckpointWriter?
    private let records: RunRecord?
    private let joint: JointCheckpoints?

    /// Makes the run's folder ready and opens its records; every process takes part.
    init(_ trainer: Trainer, version: String, note: @escaping (String) -> Void) throws {
        joint = trainer.joint
        let group = trainer.parallel?.group
        guard group?.rank ?? 0 == 0 else {
            (log, writer, records) = (nil, nil, nil)
            recorder = Recorder(log: nil, note: { _ in })
            try group?.barrier()
            return
        }
        let run = trainer.run
        try trainer.folder.begin(at: trainer.firstStep)
        try group?.barrier()
        let log = RunLog(
            folder: run.outputFolder, resumingAt: trainer.firstStep, tensorBoard: run.tensorBoard,
            samples: run.sampling.steps > 0)
        self.log = log
        recorder = Recorder(log: log, note: note)
        writer = group == nil ? CheckpointWriter(store: trainer.folder.store, log: log) : nil
        let records = RunRecord(folder: run.outputFolder, run: run, version: version)
        self.records = records
        do {
            try records.addStart(resumingAt: trainer.firstStep)
        } catch {
            note("warning: \(error)")
        }
        records.hashInputs()
        for incident in trainer.incidents { log.incident(incident) }
    }

    /// Waits until all records are on the disk.
    ///
    /// - Returns: what was wrong with them, if anything.
    func drain() -> String? {
        log?.drain()
        return log?.failure
    }

    /// Waits for what is being written: an error ends the run, not the checkpoint under way.
    func close() {
        writer?.wait()
        joint?.wait()
        log?.drain()
    }
}
