import Foundation
import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

/// What a run of several processes does besides.
extension Trainer {
    /// A checkpoint that some process could not write its part of.
    private struct Disagreement: Error, CustomStringConvertible {
        let description: String
    }

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

    /// Sums the supervised positions of an update over all processes.
    ///
    /// - Returns: whether one of the processes is to stop.
    func agree(on supervised: inout Int, _ shouldStop: () -> Bool) throws -> Bool {
        guard let parallel else { return false }
        let totals = try parallel.sum([Double(supervised), shouldStop() ? 1 : 0])
        supervised = Int(totals[0])
        return totals[1] > 0
    }

    /// Ends the backward passes of an update: gradients, loss and counts are those of all processes.
    func join(_ parallel: DataParallel, _ result: inout UpdateResult) throws {
        try parallel.finishGradients()
        let totals = try parallel.sum([result.loss, Double(result.tokens)])
        result.loss = totals[0]
        result.tokens = Int(totals[1])
    }

    /// The run in a process other than rank 0: the same updates, without records.
    func follow(_ parallel: DataParallel, shouldStop: () -> Bool) throws -> TrainingOutcome {
        let recorder = Recorder(log: nil, note: { _ in })
        try parallel.group.barrier()
        for step in firstStep..<plan.totalSteps {
            guard try update(step, recorder, shouldStop: shouldStop) != nil else {
                if state.step > 0, !folder.store.steps().contains(state.step) {
                    try saveTogether(parallel, recorder)
                }
                return .stopped(step: state.step)
            }
            state.step = step + 1
            let isBest = try validate(recorder)
            if isBest || (run.saveSteps > 0 && state.step % run.saveSteps == 0) {
                try saveTogether(parallel, recorder)
            }
        }
        try finish()
        return .completed
    }

    /// Writes the trained model; every process takes part.
    func finish() throws {
        let weights = try parallel?.collectWeights() ?? [:]
        if parallel?.group.rank ?? 0 == 0 {
            try folder.finish(
                state, model: model, trained: trainable, average: average, values: weights)
        }
        try parallel?.group.barrier()
    }

    /// Writes a checkpoint, every process its part, before any goes on.
    ///
    /// When one cannot, there is no checkpoint, rank 0 records why, and training goes on.
    func saveTogether(_ parallel: DataParallel, _ recorder: Recorder) throws {
        let generators = try generators(parallel)
        let weights = try parallel.collectWeights()
        do {
            guard parallel.group.rank == 0 else {
                try agree(parallel, nil)
                let folder = "\(folder.store.path(state.step)).partial"
                try agree(parallel, writeShards(parallel, to: folder))
                try agree(parallel, nil)
                return
            }
            let own = parallel.mode == .none ? optimizer.state : []
            let snapshot = try snapshot(
                weights: weights.isEmpty ? nil : weights, optimizer: own + generators)
            do {
                try folder.store.write(snapshot) { folder in
                    try agree(parallel, nil)
                    try agree(parallel, writeShards(parallel, to: folder))
                }
            } catch let error where !(error is Disagreement || error is TensorError) {
                try agree(parallel, error)
            }
            try agree(parallel, nil)
        } catch let error as Disagreement {
            recorder.take([CheckpointWriter.Failure(step: state.step, message: "\(error)")])
        }
    }

    /// Writes this process's part of a sharded optimiser.
    private func writeShards(_ parallel: DataParallel, to folder: String) -> (any Error)? {
        guard parallel.mode != .none else { return nil }
        do {
            try OptimizerShards.write(optimizer.state, of: parallel, to: folder)
            return nil
        } catch {
            return error
        }
    }

    /// Tells the others whether this process has failed.
    ///
    /// - Throws: `Disagreement` in all processes when one has.
    private func agree(_ parallel: DataParallel, _ error: (any Error)?) throws {
        let failed = error == nil ? 0 : Double(parallel.group.rank + 1)
        let worst = try parallel.group.reduce([failed], .maximum)[0]
        guard worst > 0 else { return }
        throw Disagreement(
            description: error.map { "\($0)" }
                ?? "rank \(Int(worst) - 1) could not write its part")
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
