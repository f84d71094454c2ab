import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch

/// The output folder of a run: checkpoints, records, and at the end the model.
///
/// ```
/// OUTPUT/resolved.yaml             the run file that repeats this run
/// OUTPUT/environment.json          program, machine and command of every start
/// OUTPUT/inputs.json               size and SHA-256 of data and model files
/// OUTPUT/metrics.jsonl             one line per logged update
/// OUTPUT/incidents.jsonl           skipped updates, spikes, failed checkpoints, bad samples
/// OUTPUT/samples.jsonl             answers to sample questions
/// OUTPUT/run.lock                  locked while a run writes here
/// OUTPUT/reference.safetensors     see ReferenceLikelihoods
/// OUTPUT/events.out.tfevents.*     the metrics for TensorBoard
/// OUTPUT/checkpoint-<step>/        see CheckpointStore
/// OUTPUT/ema/                      the model with averaged weights
/// OUTPUT/model.safetensors, …      the trained model; of a run with adapters these alone
/// OUTPUT/trainer_state.json        written last; the run is complete
/// ```
struct RunFolder {
    /// The settings, with the name of the chat template.
    let run: RunConfiguration
    /// Name of the model's chat format.
    let chatFormat: String
    let store: CheckpointStore
    /// Number of processes that share the work.
    let worldSize: Int
    /// Whether what is in the folder is of no use.
    let startsOver: Bool
    /// Samples, or packed rows, of an epoch.
    let rows: Int
    var path: String { run.outputFolder }

    init(
        run: RunConfiguration, chatFormat: String, worldSize: Int, startsOver: Bool, rows: Int
    ) {
        self.run = run
        self.chatFormat = chatFormat
        self.worldSize = worldSize
        self.startsOver = startsOver
        self.rows = rows
        store = CheckpointStore(
            folder: run.outputFolder, model: run.model, template: run.template,
            limit: run.saveLimit, imageSize: run.imageSize)
    }

    /// Keeps other runs out of the folder, which is created if necessary.
    ///
    /// - Parameter startingPoints: those found when the run was prepared.
    func lock(finding startingPoints: [String]) throws -> FileLock {
        try FileSystem.createFolder(path)
        guard let lock = try FileLock(path: "\(path)/run.lock") else {
            throw TrainingError(
                .invalidRun,
                "\(path): another run is writing here; wait for it, or take another output_dir")
        }
        guard try self.startingPoints() == startingPoints else {
            throw TrainingError(
                .failed,
                "\(path): another run has written here while this one was made ready; start again")
        }
        return lock
    }

    /// The names in the folder that decide where a run starts.
    func startingPoints() throws -> [String] {
        guard !FileSystem.isMissing(path) else { return [] }
        return try FileSystem.list(path).filter {
            $0 == StateFile.name || CheckpointStore.isName($0)
        }
    }

    /// The run as it goes on from a state: under the former rule for the ends of epochs, when the state
    /// is of a run under it and the run file does not say another.
    ///
    /// - Returns: `nil` when there is no state.
    func goingOn(fromStateIn folder: String) throws -> RunConfiguration? {
        guard !FileSystem.isMissing("\(folder)/\(StateFile.name)") else { return nil }
        var run = run
        let saved = try RunComparison.epochEnd(StateFile.read(in: folder))
        if run.epochEnd == nil, saved == .former { run.epochEnd = saved }
        return run
    }

    /// Whether the run was finished, under the same settings.
    ///
    /// - Parameter now: what the data are now.
    /// - Throws: `TrainingError` when it was finished on other data.
    func isComplete(totalSteps: Int, now: RunState) throws -> Bool {
        guard !FileSystem.isMissing("\(path)/\(StateFile.name)") else { return false }
        let state = try StateFile.read(in: path)
        try requireSameRun(state)
        try requireSameData(state, now: now)
        try requireSameBase(state, now: now)
        return try state.int("step") >= totalSteps
    }

    /// The content of `trainer_state.json`.
    func json(_ state: RunState) -> JSONValue {
        .object([
            "step": .integer(state.step), "samples": .integer(state.samples),
            "data_sha256": .array(state.data.map { .string($0) }),
            "base_sha256": state.base.map { .string($0) } ?? .null,
            "best": state.best.map {
                ["step": .integer($0.step), "validation_loss": .double($0.loss)]
            } ?? .null,
            "validation_due": .bool(state.isValidationDue),
            "skipped_in_a_row": .integer(state.skippedInARow),
            "samples_asked": .integer(state.usability.asked),
            "samples_bad": .integer(state.usability.bad),
            "samples_idle": .integer(state.usability.idle),
            "recent_losses": .array(state.recentLosses.map { .double($0) }),
            "world_size": .integer(worldSize), "run": .object(run.resolved.json),
        ])
    }

    /// Writes the trained model; the state file comes last and marks the run as complete.
    ///
    /// - Parameters:
    ///   - trained: names of the parameters that learn.
    ///   - values: weights to write instead of the model's own, by name.
    func finish(
        _ state: RunState, model: MiphaModel, trained: [String],
        average: [(name: String, tensor: Tensor)],
        values: [String: Tensor] = [:]
    ) throws {
        if !average.isEmpty {
            let folder = "\(path)/ema"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let averages = try Dictionary(
                uniqueKeysWithValues: average.map {
                    ($0.name, try $0.tensor.to(dtype: model.store[$0.name]?.dtype))
                })
            try store.removeOtherResult(than: model, from: folder)
            try store.write(
                model, values: values.merging(averages) { $1 }, trained: trained, to: folder)
        }
        try store.removeOtherResult(than: model, from: path)
        try store.write(model, values: values, trained: trained, to: path)
        try json(state).write(to: "\(path)/\(StateFile.name)")
    }

    /// Reads a checkpoint's state and refuses one of another run.
    ///
    /// - Parameter now: what the data are now.
    /// - Returns: the state, and the tensors of optimiser and average.
    func resume(
        from folder: String, now: RunState
    ) throws -> (state: RunState, optimizer: SavedOptimizer) {
        let reader = try StateFile.read(in: folder)
        let comparison = try requireSameRun(reader)
        try requireSameData(reader, now: now)
        try requireSameBase(reader, now: now)
        var state = now
        state.step = try reader.int("step")
        state.isValidationDue = try reader.bool("validation_due", default: false)
        state.skippedInARow = try reader.int("skipped_in_a_row", default: 0)
        state.usability = SampleUsability(
            asked: try reader.int("samples_asked", default: 0),
            bad: try reader.int("samples_bad", default: 0),
            idle: try reader.int("samples_idle", default: 0))
        state.recentLosses = try reader.doubles("recent_losses", default: [])
        if comparison.hasSameValidation, let best = try reader.optionalObject("best") {
            state.best = RunState.Best(
                step: try best.int("step"), loss: try best.double("validation_loss"))
        }
        return (state, try SavedOptimizer(folder: folder))
    }

    private func requireSameData(_ state: ConfigReader, now: RunState) throws {
        guard try state.int("samples") == now.samples else {
            throw state.failure("samples", expected: "\(now.samples), the number in the data now")
        }
        guard try state.strings("data_sha256", default: now.data) == now.data else {
            throw TrainingError(
                .invalidRun,
                "\(state.file): data_sha256: the data files are not those that the run began with; "
                    + "bring them back, or --resume never to start over")
        }
    }

    private func requireSameBase(_ state: ConfigReader, now: RunState) throws {
        guard let base = now.base, let before = try state.optionalString("base_sha256"),
            base != before
        else { return }
        throw TrainingError(
            .invalidRun,
            "\(state.file): base_sha256: the weights in \(run.model) are not those that the adapters "
                + "were trained on; bring them back, or --resume never to start over")
    }

    /// Refuses a checkpoint of another run.
    func requireSameRun(in folder: String) throws {
        try requireSameRun(StateFile.read(in: folder))
    }

    @discardableResult
    private func requireSameRun(_ state: ConfigReader) throws -> RunComparison {
        try state.refuseUnknownKeys(known: json(RunState()).objectValue?.keys ?? [])
        let comparison = try RunComparison(
            state, with: run, chatFormat: chatFormat, worldSize: worldSize, rows: rows)
        let changed = comparison.differences
        guard changed.isEmpty else {
            throw TrainingError(
                .invalidRun,
                "\(state.file) belongs to a run with other settings: "
                    + changed.joined(separator: "; ")
                    + "; use another output_dir, or --resume never to start over")
        }
        return comparison
    }
}
