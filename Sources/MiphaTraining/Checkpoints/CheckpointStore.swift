import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch

/// The checkpoints in a run's folder: `checkpoint-<step>`, each a whole model folder, or that of an
/// adapter, with `optimizer.safetensors`, `ema.safetensors`, `trainer_state.json` and
/// `checksums.json`.
struct CheckpointStore: Sendable {
    /// The run's folder.
    let folder: String
    /// The folder of the model that the run started from.
    let model: String
    /// Name of the chat format that the run trains with.
    let template: String?
    /// Number of newest checkpoints kept.
    let limit: Int
    /// Side of the images that the run chose; `nil`: that of the model it started from.
    var imageSize: Int?

    private static let prefix = "checkpoint-"
    private static let aside = "set-aside"

    /// Steps of all checkpoints, rising.
    ///
    /// - Throws: `FileError` when the folder is there and cannot be listed: it may hold some.
    func steps() throws -> [Int] {
        guard !FileSystem.isMissing(folder) else { return [] }
        return try FileSystem.list(folder).compactMap(Self.step).sorted()
    }

    /// Whether a folder of this name is a checkpoint, one that was set aside too.
    static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: ".", maxSplits: 1)
        return parts.first.flatMap { step(String($0)) } != nil
            && (parts.count == 1 || parts[1].hasPrefix(aside))
    }

    private static func step(_ name: String) -> Int? {
        guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)),
            name == "\(prefix)\(step)"
        else { return nil }
        return step
    }

    /// Whether there is a checkpoint of a step.
    func has(_ step: Int) -> Bool { FileSystem.kind(path(step)) == .folder }

    func path(_ step: Int) -> String { "\(folder)/\(Self.prefix)\(step)" }

    /// The newest checkpoint whose files are as they were written.
    ///
    /// - Parameter damaged: called with what is wrong with each newer one.
    /// - Throws: `TrainingError` when there are checkpoints, but none is whole.
    func newestWhole(_ damaged: (Int, String) -> Void) throws -> String? {
        var last: (any Error)?
        for step in try steps().reversed() {
            do {
                try CheckpointChecksums.verify(path(step))
                return path(step)
            } catch {
                last = error
                damaged(step, "\(error)")
            }
        }
        if let last {
            throw TrainingError(
                .invalidRun,
                "\(last); no whole checkpoint is left in \(folder); --resume never starts over")
        }
        return nil
    }

    /// Writes a checkpoint that appears at once or not at all, then removes the oldest ones.
    func write(_ snapshot: CheckpointSnapshot) throws {
        let target = try begin(snapshot.step)
        try fill(target.partialPath, snapshot)
        try complete(target, keeping: snapshot.bestStep)
    }

    /// Makes the folder of a checkpoint under way.
    func begin(_ step: Int) throws -> AtomicDirectory {
        try AtomicDirectory(path: path(step), replacesExisting: true)
    }

    /// Writes a snapshot's files into a folder.
    func fill(_ partial: String, _ snapshot: CheckpointSnapshot) throws {
        try write(
            snapshot.model, values: snapshot.weights, trained: snapshot.trained, to: partial)
        try SafetensorsFile.write(snapshot.optimizer, to: "\(partial)/optimizer.safetensors")
        if !snapshot.average.isEmpty {
            try SafetensorsFile.write(snapshot.average, to: "\(partial)/ema.safetensors")
        }
        try snapshot.state.write(to: "\(partial)/\(StateFile.name)")
    }

    /// Gives a checkpoint its checksums and its name, then removes the oldest ones.
    ///
    /// - Parameter best: the checkpoint that must not be removed, besides the newest ones.
    func complete(_ target: consuming AtomicDirectory, keeping best: Int?) throws {
        try CheckpointChecksums.write(target.partialPath)
        try target.commit()
        // The checkpoint is there: what cannot be removed now goes with the next one.
        for old in ((try? steps()) ?? []).dropLast(limit) where old != best {
            try? remove(old)
        }
    }

    /// Takes a checkpoint out of the run without removing it: it gets the first free name of
    /// `checkpoint-<step>.set-aside`, `….set-aside-2` and so on.
    ///
    /// - Returns: the name.
    func setAside(_ step: Int) throws -> String {
        let base = "\(path(step)).\(Self.aside)"
        var target = base
        var number = 1
        while !FileSystem.isMissing(target) {
            number += 1
            target = "\(base)-\(number)"
        }
        try FileSystem.rename(path(step), to: target)
        return FileSystem.name(of: target)
    }

    /// Removes all checkpoints, those that were set aside too.
    func removeAll() throws {
        for step in try steps().reversed() { try remove(step) }
        for name in try FileSystem.list(folder) where Self.isName(name) {
            try FileSystem.removeTree("\(folder)/\(name)")
        }
    }

    /// Removes a checkpoint; it loses its name first, so that a crash leaves no half one.
    func remove(_ step: Int) throws {
        let gone = "\(path(step)).partial"
        if FileSystem.kind(gone) != nil { try FileSystem.removeTree(gone) }
        try FileSystem.rename(path(step), to: gone)
        try FileSystem.removeTree(gone)
    }

    /// Removes what a crash left half written or half removed.
    func removeRemains() throws {
        for name in try FileSystem.list(folder) where name.hasPrefix(Self.prefix) {
            guard name.hasSuffix(".partial") || name.hasSuffix(".replaced") else { continue }
            try FileSystem.removeTree("\(folder)/\(name)")
        }
    }
}
