import Foundation
import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

/// What a run of several processes does besides.
extension Trainer {
    /// Seed of a process's dropout masks: no two processes draw the same ones.
    static func dropoutSeed(_ run: RunConfiguration, _ group: ProcessGroup?) -> UInt64 {
        run.seed &+ UInt64(group?.rank ?? 0) &* 0x9E37_79B9_7F4A_7C15
    }

    /// Makes sure that all processes go on from the same update.
    ///
    /// No process writes to the output folder before all have read it.
    func agreeOnStart() throws {
        guard let group = parallel?.group else { return }
        let ends = try group.reduce([Double(firstStep), -Double(firstStep)], .maximum)
        guard ends[0] == -ends[1] else {
            throw TrainingError(
                .failed,
                "the processes go on from different checkpoints, of updates \(Int(-ends[1])) to "
                    + "\(Int(ends[0])); all need to see the same output_dir")
        }
    }

    /// What processes tell each other before an update: who is to stop or cannot go on, and what the
    /// update weighs; bad samples of other processes go to rank 0's log, and a checkpoint that all have
    /// written gets its name.
    ///
    /// - Parameters:
    ///   - failure: why this process has not got its samples.
    ///   - recorder: tells what rank 0 has yet to hear of.
    /// - Returns: whether one of the processes is to stop.
    /// - Throws: ``SharedFailure`` in all processes when one has no samples, or too many bad ones.
    func agree(
        on result: inout UpdateResult, step: Int, failure: (any Error)?, _ shouldStop: () -> Bool,
        _ recorder: Recorder
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
        if totals[3] > 0 { try share(report, parallel.group, recorder) }
        try joint.settle(isWriting: totals[4] > 0, hasFailed: totals[5] > 0)
        result.usability = SampleUsability(
            asked: Int(totals[7]), bad: Int(totals[6]), idle: Int(totals[9]))
        guard totals[8] == 0 else { throw Self.shared(failure) }
        try requireUsable(bad: Int(totals[6]), asked: Int(totals[7]), step)
        return totals[2] > 0
    }

    /// A failure of this process or of another one, as all of them throw it.
    static func shared(_ failure: (any Error)?) -> SharedFailure {
        SharedFailure(
            cause: failure
                ?? TrainingError(.failed, "another process could not read its samples"))
    }

    /// Ends a run whose samples are mostly bad.
    private func requireUsable(bad: Int, asked: Int, _ step: Int) throws {
        guard SampleUsability.isExceeded(bad: bad, asked: asked, share: run.badSampleLimit) else {
            return
        }
        throw SharedFailure(
            cause: TrainingError(
                .failed,
                "update \(step + 1): \(bad) of the first \(asked) samples cannot be used as they are, "
                    + "more than the share of bad_samples_limit: \(run.badSampleLimit); "
                    + "incidents.jsonl says why, and mipha data check finds all of them"))
    }

    /// Hands what rank 0 has yet to hear of to its log; every process takes part.
    func shareIncidents(_ recorder: Recorder) throws {
        guard let parallel else { return }
        let report = try RankReport.text(recorder.takeUnsent())
        guard try parallel.sum([Double(report.utf8.count)])[0] > 0 else { return }
        try share(report, parallel.group, recorder)
    }

    /// Records in rank 0 what other processes report.
    private func share(_ report: String, _ group: ProcessGroup, _ recorder: Recorder) throws {
        let reports = try group.gather(report)
        guard group.rank == 0 else { return }
        for (rank, text) in reports.enumerated() {
            for incident in try RankReport.incidents(text, rank: rank) {
                recorder.record(incident)
            }
        }
    }

    /// Ends the backward passes of an update: gradients, loss and counts are those of all processes.
    ///
    /// - Parameter weight: what this process's samples count.
    func join(
        _ parallel: DataParallel, _ result: inout UpdateResult, own weight: Int
    ) throws {
        try parallel.finishGradients()
        let (rank, world) = (parallel.group.rank, parallel.group.worldSize)
        var figures = [Double](repeating: 0, count: 3 * world)
        figures[rank] = result.loss
        figures[world + rank] = Double(weight)
        figures[2 * world + rank] = Double(result.tokens)
        let all = try parallel.sum(figures + result.figures)
        let losses = all[..<world]
        result.loss = losses.reduce(0, +)
        result.tokens = Int(all[(2 * world)..<(3 * world)].reduce(0, +))
        result.figures = Array(all[(3 * world)...])
        let broken = losses.indices.filter { !losses[$0].isFinite }
        let highest = losses.indices.max { first, second in
            losses[first] / max(1, all[world + first])
                < losses[second] / max(1, all[world + second])
        }
        result.ranks = broken.isEmpty ? highest.map { [$0] } : broken
    }

    /// Frozen parameters that the processes share out where they share out weights: all but those of a
    /// tower that is frozen as a whole, which each process runs by itself.
    static func sharedFrozen(
        _ model: MiphaModel, _ tuning: TrainingPlan, learning: Set<String>
    ) -> [(name: String, tensor: Tensor)] {
        model.store.facts.compactMap { fact in
            guard !learning.contains(fact.name),
                tuning[.tower].mode != .frozen || fact.part != .tower
            else { return nil }
            return model.store[fact.name].map { (fact.name, $0) }
        }
    }
}
