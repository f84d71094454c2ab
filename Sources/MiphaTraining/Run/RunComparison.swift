import MiphaCheckpoints
import MiphaData
import MiphaFiles

/// The run that a `trainer_state.json` belongs to, held against the one that is to go on from it.
///
/// Both are resolved before: what a file leaves out has its default, and paths are absolute. So a
/// key that did not exist when the state was written, or a run file with every key spelled out,
/// makes no difference. Paths that lead from the run's folder to the same places as before are the
/// same too, for a folder that was moved together with model and data.
struct RunComparison {
    private let saved: RunConfiguration
    private let run: RunConfiguration
    /// Keys of the state that this version does not know.
    private let unknown: [JSONObject.Member]
    private let worldBefore: Int
    private let worldSize: Int
    private let rows: Int

    /// Reads the run of a state.
    ///
    /// - Parameters:
    ///   - chatFormat: name of the model's chat format.
    ///   - rows: samples, or packed rows, of an epoch.
    /// - Throws: `CheckpointError` naming file and key for values that no run has.
    init(
        _ state: ConfigReader, with run: RunConfiguration, chatFormat: String, worldSize: Int,
        rows: Int
    ) throws {
        let members = try state.object("run").object.members
        let known = Set(RunConfiguration.keys)
        unknown = members.filter { !known.contains($0.key) }
        let object = JSONObject(members.filter { known.contains($0.key) })
        let reader = try ConfigReader(file: state.file, value: ["run": .object(object)])
        var saved = try RunConfiguration(reader.object("run"))
        saved.epochEnd = try Self.epochEnd(state)
        self.saved = saved.namingTemplate(chatFormat).resolved
        self.run = run.namingTemplate(chatFormat).resolved
        worldBefore = try state.int("world_size", default: 1)
        self.worldSize = worldSize
        self.rows = rows
    }

    private static let batchKeys = [
        "per_device_train_batch_size", "gradient_accumulation_steps",
    ]

    /// The settings that change weights and are not the same, in words.
    var differences: [String] {
        let moved = RunPaths(saved).moved(to: run.outputFolder)
        let isSameUpdate = hasSameUpdates
        let changed = RunKey.all.filter { key in
            if key.name == Self.batchKeys[0], !isSameUpdate, worldBefore != worldSize {
                return true
            }
            if key.name == "image_folder", !run.stage.takesPictures { return false }
            if isSameUpdate, Self.batchKeys.contains(key.name) { return false }
            let new = key.value(in: run)
            return key.changesWeights && key.value(in: saved) != new && key.value(in: moved) != new
        }
        return changed.map { key in
            let ranks =
                key.name == Self.batchKeys[0] && worldBefore != worldSize
                ? " with \(worldBefore) processes then and \(worldSize) now" : ""
            let (old, new) = (Self.text(key.value(in: saved)), Self.text(key.value(in: run)))
            return "\(key.name) was \(old) and is \(new)\(ranks)"
        }
            + unknown.map {
                "\($0.key) was \(Self.text($0.value)) and is not known to this version of mipha"
            }
    }

    /// Whether both measure their validation losses on the same files.
    var hasSameValidation: Bool {
        [saved, RunPaths(saved).moved(to: run.outputFolder)].contains {
            $0.validationFiles == run.validationFiles
        }
    }

    private static func text(_ value: JSONValue) -> String {
        (try? value.text(.compact)) ?? "absent"
    }

    /// The treatment of samples that do not fill an update in the run of a state; one that does not
    /// say it was written when there was one rule only.
    static func epochEnd(_ state: ConfigReader) throws -> EpochEnd {
        var run = RunConfiguration()
        try RunKey.epochEnd.read(state.object("run"), into: &run)
        return run.epochEnd ?? .former
    }

    /// Whether the updates of the run then have the same samples as those of this one.
    ///
    /// In the plain order an update is a stretch of it, whatever processes and accumulation share
    /// it out; with the same micro-batch of one process they even have the same micro-batches, in
    /// other hands.
    private var hasSameUpdates: Bool {
        func product(_ numbers: [Int]) -> Int {
            numbers.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        }
        let old = [saved.batchSize, saved.accumulation, worldBefore]
        let new = [run.batchSize, run.accumulation, worldSize]
        if old == new || worldBefore == worldSize { return old == new }
        let size = product(new)
        guard size > 0, product(old) == size else { return false }
        // Other orders depend on how an update is shared out.
        guard run.samplingOrder == .plain else { return false }
        guard run.resolvedEpochEnd == .former else {
            // A mean over tokens does not depend on how they are shared out.
            return run.lossReduction == .token || old[0] == new[0]
        }
        guard run.lossReduction == .token else { return false }
        if rows.isMultiple(of: size) { return true }
        // The last updates of an epoch: several processes go on with its first samples, one does not.
        return old[1] == new[1]
            && (min(worldBefore, worldSize) > 1 || rows.isMultiple(of: size / new[1]))
    }
}
