import MiphaFiles
import MiphaTorch

extension RunFolder {
    /// Makes the folder ready for a run that has done `step` updates.
    ///
    /// Checkpoints of later updates, damaged ones too, are set aside; a run that starts over removes
    /// all, and whatever else is of the run before.
    ///
    /// - Returns: what was set aside.
    func begin(at step: Int) throws -> [Incident] {
        try FileSystem.createFolder(path)
        try remove(Self.stateFile)
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
            run.resolvedYAML(threads: Engine.threadCount), to: "\(path)/resolved.yaml")
        return incidents
    }

    /// Removes what an earlier run left, so that nothing of it passes for this one's.
    private func removeEarlierRun() throws {
        let logs = ["metrics.jsonl", "incidents.jsonl", "samples.jsonl", "environment.json"]
        for name in try FileSystem.list(path)
        where logs.contains(name) || name.hasPrefix("events.out.tfevents.") {
            try remove(name)
        }
    }

    private func remove(_ name: String) throws {
        guard !FileSystem.isMissing("\(path)/\(name)") else { return }
        try FileSystem.removeTree("\(path)/\(name)")
    }
}
