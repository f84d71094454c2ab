import MiphaFiles

/// What files hold, as one SHA-256.
package enum InputHash {
    /// The input at a path: a file, or all files of a folder and of the folders below it as one.
    ///
    /// A folder's hash is that of lines of a file's hash, two spaces and its relative name, in the
    /// order of the names' bytes, as `sha256sum` prints them.
    ///
    /// - Throws: `EvaluationError` when a file cannot be read.
    package static func of(
        _ path: String, isWanted: (String) -> Bool = { _ in true }
    ) throws(EvaluationError) -> ScoreReport.Input {
        guard FileSystem.kind(path) == .folder else {
            let digest = try EvaluationError.wrapping { () throws(FileError) in
                try SHA256Digest(contentsOf: path).hex
            }
            return ScoreReport.Input(path: path, sha256: digest)
        }
        let names = try EvaluationError.wrapping { () throws(FileError) in
            try Self.names(in: path)
        }
        var listing = ""
        for name in names where isWanted(name) {
            let digest = try EvaluationError.wrapping { () throws(FileError) in
                try SHA256Digest(contentsOf: FileSystem.join(path, name)).hex
            }
            listing += "\(digest)  \(name)\n"
        }
        return ScoreReport.Input(
            path: path, sha256: SHA256Digest(of: Array(listing.utf8)).hex)
    }

    /// The files in a folder and below, each folder once, however links lead to it.
    static func names(in path: String) throws(FileError) -> [String] {
        var seen: Set<FileSystem.Identity> = []
        var open = [""]
        var files: [String] = []
        while let folder = open.popLast() {
            let here = folder.isEmpty ? path : FileSystem.join(path, folder)
            guard let identity = FileSystem.identity(here), seen.insert(identity).inserted else {
                continue
            }
            for item in try FileSystem.list(here).sorted(by: { $0.precedesInBytes($1) }) {
                let name = folder.isEmpty ? item : FileSystem.join(folder, item)
                switch FileSystem.kind(FileSystem.join(path, name)) {
                case .file: files.append(name)
                case .folder: open.append(name)
                case .other, nil: continue
                }
            }
        }
        return files.sorted { $0.precedesInBytes($1) }
    }
}
