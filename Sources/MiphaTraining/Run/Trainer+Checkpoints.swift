import Foundation
import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    /// Writes a checkpoint; what goes wrong is recorded and the run goes on.
    ///
    /// - Parameter isBest: whether it is to be kept as the one of the lowest validation loss.
    func save(_ session: RunSession, isBest: Bool = false) throws {
        try settle(session)
        if isBest, let loss = session.recorder.validationLoss {
            nextBest = RunFolder.State.Best(step: state.step, loss: loss)
        }
        guard let writer = session.writer else { return try saveTogether(session) }
        let snapshot = try snapshot()
        do {
            if run.savesInBackground {
                try writer.writeInBackground(snapshot)
            } else {
                try writer.writeNow(snapshot)
            }
        } catch {
            writer.fail(state.step, error)
        }
    }

    /// Writes a checkpoint of the updates done, unless there is one, and waits for it.
    ///
    /// - Throws: why it could not be written.
    func writeLast(_ session: RunSession) throws {
        try settle(session)
        if let writer = session.writer {
            guard state.step > 0, !folder.store.has(state.step) else { return }
            try writer.writeNow(snapshot())
        } else if let parallel {
            // Rank 0 alone decides: others may see the folder later than it.
            func isMissing() -> Bool {
                parallel.group.rank == 0 && state.step > 0
                    && !folder.store.has(state.step)
            }
            guard try parallel.sum([isMissing() ? 1 : 0])[0] > 0 else { return }
            try saveTogether(session, waits: true)
            guard try parallel.sum([isMissing() ? 1 : 0])[0] == 0 else {
                throw TrainingError(
                    .failed, "checkpoint-\(state.step), the last one, could not be written")
            }
        }
    }

    /// Waits for the checkpoint that is being written, and knows what became of it.
    func settle(_ session: RunSession) throws {
        session.writer?.wait()
        try joint?.finish()
        takeFailures(session)
        if let written = nextBest { state.best = written }
        nextBest = nil
    }

    /// Records checkpoints that could not be written; of several processes rank 0 knows.
    func takeFailures(_ session: RunSession) {
        let failures = (session.writer?.takeFailures() ?? []) + (joint?.takeFailures() ?? [])
        for failure in failures {
            if failure.step == nextBest?.step { nextBest = nil }
            session.recorder.record(
                Incident(
                    .checkpointFailed, step: failure.step,
                    message: "checkpoint-\(failure.step) could not be written, training goes on: "
                        + failure.message))
        }
    }

    /// Writes the trained model; every process takes part.
    func writeResult() throws {
        let weights = try parallel?.collectWeights(all: model.store.adapters.isEmpty) ?? [:]
        let averages = try average.map { try parallel?.collect($0.state) ?? $0.state } ?? []
        var failure: (any Error)?
        if parallel?.group.rank ?? 0 == 0 {
            do {
                try folder.finish(
                    state, model: model, trained: trainable, average: averages, values: weights)
            } catch {
                failure = error
            }
        }
        if let parallel {
            guard try parallel.sum([failure == nil ? 0 : 1])[0] == 0 else {
                throw SharedFailure(
                    cause: failure
                        ?? TrainingError(.failed, "rank 0 could not write the trained model"))
            }
        } else if let failure {
            throw failure
        }
    }

    /// - Parameters:
    ///   - weights: values of what learns, where the model does not hold them.
    ///   - optimizer: the state to write; `nil`: that of this process.
    func snapshot(
        weights: [String: Tensor]? = nil, optimizer written: [(name: String, tensor: Tensor)]? = nil
    ) throws -> CheckpointSnapshot {
        state.recentLosses = spikes.recent
        var saved = state
        saved.best = nextBest ?? state.best
        return CheckpointSnapshot(
            step: state.step, model: model,
            weights: weights
                ?? Dictionary(
                    uniqueKeysWithValues: trainable.compactMap { name in
                        model.store[name].map { (name, $0) }
                    }),
            trained: trainable,
            optimizer: try written ?? optimizer.state + [("generator", try dropout.state())],
            average: holdsWholeState ? average?.state ?? [] : [], state: folder.json(saved),
            bestStep: saved.best?.step)
    }

    /// Whether this process has the optimiser's whole state.
    private var holdsWholeState: Bool { parallel.map { $0.mode == .none } ?? true }

    /// Writes a checkpoint, every process its part.
    ///
    /// When one cannot, there is no checkpoint, rank 0 records why, and training goes on.
    ///
    /// - Parameter waits: whether to return only when the checkpoint is there.
    private func saveTogether(_ session: RunSession, waits: Bool = false) throws {
        guard let parallel else { return }
        // A checkpoint must not be newer than the lines about the updates before it.
        session.log?.drain()
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
            step: state.step, best: main?.bestStep, in: "\(store.path(state.step)).partial"
        ) { folder in
            if let main { try store.fill(folder, main) }
            try share?.write(to: folder)
        }
        if !goesOn { try joint?.finish() }
        takeFailures(session)
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
