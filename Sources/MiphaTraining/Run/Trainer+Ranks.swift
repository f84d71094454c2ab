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

    /// Sums the weight and the supervised positions of an update over all processes, hands bad samples of
    /// other processes to rank 0's log, and goes on with a checkpoint that all have written.
    ///
    /// - Returns: whether one of the processes is to stop.
    func agree(
        on result: inout UpdateResult, _ shouldStop: () -> Bool, _ recorder: Recorder
    ) throws -> Bool {
        guard let parallel, let joint else { return false }
        let report = try RankReport.text(recorder.takeUnsent())
        let totals = try parallel.sum([
            Double(result.weight), Double(result.supervised), shouldStop() ? 1 : 0,
            Double(report.utf8.count), joint.isWriting ? 1 : 0, joint.hasFailed ? 1 : 0,
        ])
        (result.weight, result.supervised) = (Int(totals[0]), Int(totals[1]))
        if totals[3] > 0 { try share(report, parallel.group, recorder) }
        try joint.settle(isWriting: totals[4] > 0, hasFailed: totals[5] > 0)
        recorder.take(joint)
        return totals[2] > 0
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

    /// The run in a process other than rank 0: the same updates, without records.
    func follow(_ parallel: DataParallel, shouldStop: () -> Bool) throws -> TrainingOutcome {
        let recorder = Recorder(log: nil, note: { _ in })
        defer { joint?.wait() }
        try parallel.group.barrier()
        for step in firstStep..<plan.totalSteps {
            guard try update(step, recorder, shouldStop: shouldStop) != nil else {
                try stopTogether(parallel, recorder)
                return .stopped(step: state.step)
            }
            state.step = step + 1
            let isBest = try validate(recorder)
            try takeSamples(nil, nil, recorder)
            if isBest || (run.saveSteps > 0 && state.step % run.saveSteps == 0) {
                try saveTogether(parallel, recorder)
            }
        }
        try finish(recorder)
        return .completed
    }

    /// Frozen parameters that the processes share out where they share out weights: all but those of a
    /// tower that is frozen as a whole, which each process runs by itself.
    static func sharedFrozen(
        _ model: MiphaModel, _ tuning: TrainingPlan, learning: Set<String>
    ) -> [(name: String, tensor: Tensor)] {
        model.store.parameters.filter { name, _ in
            !learning.contains(name)
                && (tuning[.tower].mode != .frozen || ParameterGroup(of: name) != .tower)
        }
    }

    /// Whether this process has the optimiser's whole state.
    var holdsWholeState: Bool { parallel.map { $0.mode == .none } ?? true }

    /// Writes the trained model; every process takes part.
    func finish(_ recorder: Recorder) throws {
        try joint?.finish()
        recorder.take(joint)
        let weights = try parallel?.collectWeights(all: model.store.adapters.isEmpty) ?? [:]
        let averages = try average.map { try parallel?.collect($0.state) ?? $0.state } ?? []
        if parallel?.group.rank ?? 0 == 0 {
            try folder.finish(
                state, model: model, trained: trainable, average: averages, values: weights)
        }
        try parallel?.group.barrier()
    }

    /// Ends the run early, with a checkpoint of the updates done.
    ///
    /// - Throws: `TrainingError` when it could not be written.
    func stopTogether(_ parallel: DataParallel, _ recorder: Recorder) throws {
        try joint?.finish()
        recorder.take(joint)
        // Rank 0 alone decides: others may see the folder later than it.
        let isOpen =
            parallel.group.rank == 0 && state.step > 0
            && !folder.store.has(state.step)
        guard try parallel.sum([isOpen ? 1 : 0])[0] > 0 else { return }
        try saveTogether(parallel, recorder, waits: true)
        let isMissing = parallel.group.rank == 0 && !folder.store.has(state.step)
        guard try parallel.sum([isMissing ? 1 : 0])[0] == 0 else {
            throw TrainingError(
                .failed, "checkpoint-\(state.step), the last one, could not be written")
        }
    }

    /// Writes a checkpoint, every process its part.
    ///
    /// When one cannot, there is no checkpoint, rank 0 records why, and training goes on.
    ///
    /// - Parameter waits: whether to return only when the checkpoint is there.
    func saveTogether(
        _ parallel: DataParallel, _ recorder: Recorder, waits: Bool = false
    ) throws {
        let goesOn = run.savesInBackground && !waits
        let generators = try generators(parallel)
        let weights = try parallel.collectWeights(all: model.store.adapters.isEmpty)
        let averages = (average?.state ?? []).map {
            (name: SavedOptimizer.averagePrefix + $0.name, tensor: $0.tensor)
        }
        let share =
            parallel.mode == .none
            ? nil
            : try OptimizerShards.Share(
                optimizer.state + averages, of: parallel, copies: goesOn)
        var whole: CheckpointSnapshot?
        if parallel.group.rank == 0 {
            let own = parallel.mode == .none ? optimizer.state : []
            let snapshot = try snapshot(
                weights: weights.isEmpty ? nil : weights, optimizer: own + generators)
            // Collected weights are copies already.
            whole = goesOn && weights.isEmpty ? try snapshot.copied() : snapshot
        }
        let (store, main) = (folder.store, whole)
        try joint?.begin(
            step: state.step, best: state.best?.step, in: "\(store.path(state.step)).partial"
        ) { folder in
            if let main { try store.fill(folder, main) }
            try share?.write(to: folder)
        }
        if !goesOn { try joint?.finish() }
        recorder.take(joint)
    }

    /// The states of the dropout generators of all processes.
    private func generators(
        _ parallel: DataParallel
    ) throws -> [(name: String, tensor: Tensor)] {
        let own = try dropout.state()
        let world = parallel.group.worldSize
        let all = try Tensor.zeros([own.elementCount * world], dtype: own.dtype)
        try parallel.group.allGather(own.reshaped([-1]), into: all).wait()
        return try (0..<world).map { rank in
            (
                SavedOptimizer.generatorName(rank: rank),
                try all.narrowed(
                    0, from: rank * own.elementCount, length: own.elementCount
                ).cloned()
            )
        }
    }
}
