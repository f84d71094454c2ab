import Foundation
import MiphaFiles
import MiphaFolders
import MiphaModels
import MiphaTorch

extension RunFolder {
    /// Makes the folder ready for a run that has done `step` updates.
    ///
    /// Checkpoints of later updates, damaged ones too, are set aside; a run that starts over removes
    /// all, and whatever else is of the run before.
    ///
    /// - Parameter processesHere: the job's processes on this machine.
    /// - Returns: what was set aside.
    func begin(at step: Int, processesHere: Int) throws -> [Incident] {
        try FileSystem.createFolder(path)
        try remove(StateFile.name)
        try store.removeRemains()
        if startsOver { try store.removeAll() }
        var incidents: [Incident] = []
        for later in try store.steps() where later > step {
            let name = try store.setAside(later)
            incidents.append(
                Incident(
                    .checkpointSetAside, step: step,
                    message:
                        "checkpoint-\(later) is kept as \(name), because the run goes on after "
                        + "update \(step)"))
        }
        if step == 0 { try removeEarlierRun() }
        try AtomicFile.write(
            run.resolvedYAML(threads: Engine.threadCount, processes: processesHere),
            to: "\(path)/resolved.yaml")
        return incidents
    }

    /// Refuses to train a model in the place where the run writes.
    func requireModelElsewhere() throws {
        func real(_ path: String) -> String {
            let whole = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
            return "/" + whole.split(separator: "/").joined(separator: "/")
        }
        let (model, output) = (real(run.model), real(path))
        let own = CheckpointStore.isName(FileSystem.name(of: model)) || model.hasSuffix("/ema")
        guard model != output, !(own && FileSystem.folder(of: model) == output) else {
            throw TrainingError(
                .invalidRun,
                "model: \(run.model) is where the run itself writes, and would be gone; use another "
                    + "output_dir")
        }
    }

    /// Removes what an earlier run left, so that nothing of it passes for this one's.
    ///
    /// The reference model's log-probabilities were made or found to be right before.
    private func removeEarlierRun() throws {
        let keepsReference = run.stage == .preference && run.preference.loss.needsReference
        let names = try FileSystem.list(path)
        // Without weights in a run's folder, a config or a licence is the user's.
        let hasResult =
            names.contains("resolved.yaml")
            && names.contains {
                CheckpointStore.isWeights($0) || AdapterFolder.files.contains($0) || $0 == "ema"
            }
        for name in names {
            let isRecord =
                Self.records.contains(name) || name.hasPrefix("events.out.tfevents.")
                || (name == "reference.safetensors" && !keepsReference)
            let isResult =
                Self.results.contains(name) || name == "ema" || CheckpointStore.isWeights(name)
            if isRecord || (hasResult && isResult) { try remove(name) }
        }
    }

    private static let records = [
        "metrics.jsonl", "incidents.jsonl", "samples.jsonl", "environment.json", "inputs.json",
    ]
    private static let results =
        [ModelFolder.configName] + AdapterFolder.files + CompanionFiles.names

    private func remove(_ name: String) throws {
        guard !FileSystem.isMissing("\(path)/\(name)") else { return }
        try FileSystem.removeTree("\(path)/\(name)")
    }
}
