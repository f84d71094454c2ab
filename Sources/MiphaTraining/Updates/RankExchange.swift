import MiphaTorch

/// The messages that the processes of a job exchange besides gradients and weights.
struct RankExchange {
    let parallel: DataParallel?
    /// The checkpoints that they write together.
    let joint: JointCheckpoints?
    /// Reports what rank 0 does not know yet.
    let recorder: Recorder
    /// Share of bad samples beyond which a run ends.
    let badSampleLimit: Double

    /// Makes sure that all processes go on from the same update.
    ///
    /// No process writes to the output folder before all have read it.
    static func agreeOnStart(_ firstStep: Int, _ group: ProcessGroup?) throws {
        guard let group else { return }
        let ends = try group.reduce([Double(firstStep), -Double(firstStep)], .maximum)
        guard ends[0] == -ends[1] else {
            throw TrainingError(
                .failed,
                "the processes go on from different checkpoints, of updates \(Int(-ends[1])) to "
                    + "\(Int(ends[0])); all need to see the same output_dir")
        }
    }

    /// Exchanges, before an update, who is to stop or cannot go on, and what the update weighs.
    ///
    /// Bad samples of other processes go to rank 0's log, and a checkpoint that all have written
    /// gets its name.
    ///
    /// - Parameters:
    ///   - result: gets the weight of the update, and the samples of all processes.
    ///   - usability: the samples of this process.
    ///   - failure: why this process has not got its samples.
    /// - Returns: whether one of the processes is to stop.
    /// - Throws: ``SharedFailure`` in all processes when one has no samples, or too many bad ones.
    func agree(
        on result: inout UpdateResult, _ usability: SampleUsability, step: Int,
        failure: (any Error)?, shouldStop: () -> Bool
    ) throws -> Bool {
        guard let parallel, let joint else {
            if let failure { throw failure }
            result.usability = usability
            try requireUsable(bad: usability.bad, asked: usability.asked, step)
            return false
        }
        let report = try RankReport.text(recorder.takeUnsent())
        let totals = try parallel.sum([
            Double(result.weight), Double(result.supervised), shouldStop() ? 1 : 0,
            Double(report.utf8.count), joint.isWriting ? 1 : 0, joint.hasFailed ? 1 : 0,
            Double(usability.bad), Double(usability.asked), failure == nil ? 0 : 1,
            Double(usability.idle),
        ])
        (result.weight, result.supervised) = (Int(totals[0]), Int(totals[1]))
        if totals[3] > 0 { try share(report, parallel.group) }
        try joint.settle(isWriting: totals[4] > 0, hasFailed: totals[5] > 0)
        result.usability = SampleUsability(
            asked: Int(totals[7]), bad: Int(totals[6]), idle: Int(totals[9]))
        guard totals[8] == 0 else { throw SharedFailure(reading: failure) }
        try requireUsable(bad: Int(totals[6]), asked: Int(totals[7]), step)
        return totals[2] > 0
    }

    /// Ends a run whose samples are mostly bad.
    private func requireUsable(bad: Int, asked: Int, _ step: Int) throws {
        guard SampleUsability.isExceeded(bad: bad, asked: asked, share: badSampleLimit) else {
            return
        }
        throw SharedFailure(
            cause: TrainingError(
                .failed,
                "update \(step + 1): \(bad) of the first \(asked) samples cannot be used as they are, "
                    + "more than the share of bad_samples_limit: \(badSampleLimit); "
                    + "incidents.jsonl says why, and mipha data check finds all of them"))
    }

    /// Passes to the log of rank 0 what it does not know yet; every process takes part.
    func shareIncidents() throws {
        guard let parallel else { return }
        let report = try RankReport.text(recorder.takeUnsent())
        guard try parallel.sum([Double(report.utf8.count)])[0] > 0 else { return }
        try share(report, parallel.group)
    }

    /// Records in rank 0 what other processes report.
    private func share(_ report: String, _ group: ProcessGroup) throws {
        let reports = try group.gather(report)
        guard group.rank == 0 else { return }
        for (rank, text) in reports.enumerated() {
            for incident in try RankReport.incidents(text, rank: rank) {
                recorder.record(incident)
            }
        }
    }
}
