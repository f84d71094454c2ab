import MiphaFiles

/// The SHA-256 of every file of a checkpoint, in its `checksums.json`.
package struct CheckpointChecksums {
    private static let file = "checksums.json"

    /// Hashes all files of a folder and writes the list beside them.
    package static func write(_ folder: String) throws {
        var files = JSONObject()
        for name in try FileSystem.list(folder) where name != file {
            let path = FileSystem.join(folder, name)
            guard FileSystem.kind(path) == .file else { continue }
            files[name] = .string(try SHA256Digest(contentsOf: path).hex)
        }
        let object: JSONValue = ["algorithm": "sha256", "files": .object(files)]
        try object.write(to: FileSystem.join(folder, file))
    }

    /// Holds every file against the list.
    ///
    /// - Throws: `TrainingError` naming the first file that is missing or was changed.
    package static func verify(_ folder: String) throws {
        let path = FileSystem.join(folder, file)
        if FileSystem.isMissing(path),
            !FileSystem.isMissing(FileSystem.join(folder, StateFile.name))
        {
            _ = try StateFile.read(in: folder)
        }
        let files: JSONObject
        do {
            files = try JSONValue(contentsOf: path)["files"]?.objectValue ?? JSONObject()
        } catch {
            throw TrainingError(.invalidRun, "\(path): expected a list of checksums: \(error)")
        }
        guard !files.isEmpty else {
            throw TrainingError(.invalidRun, "\(path): expected the checksum of every file")
        }
        for member in files.members {
            let name = FileSystem.join(folder, member.key)
            guard FileSystem.kind(name) == .file else {
                throw TrainingError(.invalidRun, "\(name): missing from a damaged checkpoint")
            }
            let found = try SHA256Digest(contentsOf: name).hex
            guard found == member.value.stringValue else {
                throw TrainingError(
                    .invalidRun,
                    "\(name): damaged: expected SHA-256 \(member.value.stringValue ?? "?"), "
                        + "found \(found)")
            }
        }
    }
}
