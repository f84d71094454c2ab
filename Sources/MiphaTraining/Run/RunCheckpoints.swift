import MiphaModels
import MiphaNN
import MiphaTorch

/// The checkpoints of a run under way, and the trained model at its end: when they are written,
/// what they hold, and what becomes of one that is being written.
final class RunCheckpoints {
    /// The checkpoints that several processes write together.
    let joint: JointCheckpoints?
    /// Writes those of a single process.
    private let writer: CheckpointWriter?
    private let folder: RunFolder
    private let learner: Learner
    private let records: RunRecords
    /// The checkpoint of the lowest validation loss.
    private var best: RunState.Best?
    /// The same while it is being written.
    private var nextBest: RunState.Best?

    private var run: RunConfiguration { folder.run }

    /// - Parameter best: the checkpoint of the lowest validation loss so far.
    init(
        _ folder: RunFolder, _ learner: Learner, _ records: RunRecords, best: RunState.Best?
    ) {
        (self.folder, self.learner, self.records, self.best) = (folder, learner, records, best)
        let store = folder.store
        joint = learner.parallel.map {
            JointCheckpoints(
                $0.group, begin: store.begin,
                complete: { try store.complete($0, keeping: $1) })
        }
        writer =
            learner.parallel == nil
            ? CheckpointWriter(store: store, drain: { [log = records.log] in log?.drain() }) : nil
    }

    /// The lowest validation loss so far.
    var lowestLoss: Double? { (nextBest ?? best)?.loss }

    /// The updates that the newest checkpoint holds, once none is being written.
    var newest: Int? {
        wait()
        return (try? folder.store.steps())?.last
    }

    /// Whether a checkpoint is to be written after the updates done, whatever their losses.
    func isDue(after step: Int) -> Bool {
        run.saveSteps > 0 && step % run.saveSteps == 0
    }

    // MARK: Writing

    /// Writes a checkpoint; what goes wrong is recorded and the run goes on.
    ///
    /// - Parameter loss: the validation loss after the updates done, when it is the lowest and its
    ///   checkpoint is to be kept.
    func save(_ state: RunState, best loss: Double? = nil) throws {
        try settle()
        if let loss { nextBest = RunState.Best(step: state.step, loss: loss) }
        guard let writer else { return try saveTogether(state) }
        let snapshot = try snapshot(state)
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
    func writeLast(_ state: RunState) throws {
        try settle()
        if let writer {
            guard state.step > 0, !folder.store.has(state.step) else { return }
            try writer.writeNow(snapshot(state))
        } else if let parallel = learner.parallel {
            // Rank 0 alone decides: others may see the folder later than it.
            func isMissing() -> Bool {
                parallel.group.rank == 0 && state.step > 0
                    && !folder.store.has(state.step)
            }
            guard try parallel.sum([isMissing() ? 1 : 0])[0] > 0 else { return }
            try saveTogether(state, waits: true)
            guard try parallel.sum([isMissing() ? 1 : 0])[0] == 0 else {
                throw TrainingError(
                    .failed, "checkpoint-\(state.step), the last one, could not be written")
            }
        }
    }

    /// Writes the trained model; every process takes part.
    func writeResult(_ state: RunState) throws {
        var state = state
        state.best = best
        let (model, parallel) = (learner.model, learner.parallel)
        let weights = try parallel?.collectWeights(all: model.store.adapters.isEmpty) ?? [:]
        let averages =
            try learner.average.map { try parallel?.collect($0.state) ?? $0.state } ?? []
        var failure: (any Error)?
        if learner.rank == 0 {
            do {
                try folder.finish(
                    state, model: model, trained: learner.trainable, average: averages,
                    values: weights)
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

    /// Writes a checkpoint, every process its part.
    ///
    /// When one cannot, there is no checkpoint, rank 0 records why, and training goes on.
    ///
    /// - Parameter waits: whether to return only when the checkpoint is there.
    private func saveTogether(_ state: RunState, waits: Bool = false) throws {
        guard let parallel = learner.parallel else { return }
        // A checkpoint must not be newer than the lines about the updates before it.
        records.drain()
        let goesOn = run.savesInBackground && !waits
        let generators = try learner.generators(parallel)
        let weights = try parallel.collectWeights(all: learner.model.store.adapters.isEmpty)
        let averages = learner.averages.map {
            (name: SavedOptimizer.averagePrefix + $0.name, tensor: $0.tensor)
        }
        let share =
            parallel.mode == .none
            ? nil
            : try OptimizerShards.Share(
                learner.optimizer.state + averages, of: parallel, copies: goesOn)
        var whole: CheckpointSnapshot?
        if parallel.group.rank == 0 {
            let own = parallel.mode == .none ? learner.optimizer.state : []
            let snapshot = try snapshot(
                state, weights: weights.isEmpty ? nil : weights, optimizer: own + generators)
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
        takeFailures()
    }

    /// - Parameters:
    ///   - weights: values of what learns, where the model does not hold them.
    ///   - optimizer: the state to write; `nil`: that of this process.
    private func snapshot(
        _ state: RunState, weights: [String: Tensor]? = nil,
        optimizer written: [(name: String, tensor: Tensor)]? = nil
    ) throws -> CheckpointSnapshot {
        var state = state
        state.best = nextBest ?? best
        return CheckpointSnapshot(
            step: state.step, model: learner.model, weights: weights ?? learner.weights,
            trained: learner.trainable,
            optimizer: try written
                ?? learner.optimizer.state + [("generator", try learner.dropout.state())],
            average: learner.holdsWholeState ? learner.averages : [], state: folder.json(state),
            bestStep: state.best?.step)
    }

    // MARK: The one that is being written

    /// Waits for the pending checkpoint and records the outcome; every process takes part.
    func settle() throws {
        writer?.wait()
        try joint?.finish()
        takeFailures()
        if let written = nextBest { best = written }
        nextBest = nil
    }

    /// Records checkpoints that could not be written; of several processes rank 0 knows.
    func takeFailures() {
        let failures = (writer?.takeFailures() ?? []) + (joint?.takeFailures() ?? [])
        for failure in failures {
            if failure.step == nextBest?.step { nextBest = nil }
            records.recorder.record(
                Incident(
                    .checkpointFailed, step: failure.step,
                    message: "checkpoint-\(failure.step) could not be written, training goes on: "
                        + failure.message))
        }
    }

    /// Waits until this process writes nothing: an error ends the run, not the checkpoint under
    /// way.
    func wait() {
        writer?.wait()
        joint?.wait()
    }
}
