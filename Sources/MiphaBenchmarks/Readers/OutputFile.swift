import MiphaFiles

/// Refuses to write over what is read.
package enum OutputFile {
    /// Requires that writing a file changes none that is read.
    ///
    /// Symbolic links are followed. A folder of predictions is read whole, so that nothing may be
    /// written into it; of a folder of annotations the benchmark's own files and folders are kept.
    ///
    /// - Parameter option: what named the file, for the message: `--per-item`.
    /// - Throws: `EvaluationError` naming the file that would be lost.
    package static func check(
        _ path: String, for option: String, predictions: String, annotations: BenchmarkFiles,
        of card: BenchmarkCard
    ) throws(EvaluationError) {
        func refuse(_ reason: String) -> EvaluationError {
            EvaluationError(.invalidRequest, "\(option): \(path) \(reason)")
        }
        if let kind = FileSystem.kind(path), kind != .file {
            throw refuse("is \(kind == .folder ? "a folder" : "no regular file")")
        }
        if FileSystem.kind(predictions) == .folder, FileSystem.isInside(path, folder: predictions) {
            throw refuse("lies in the folder of predictions, which is read whole")
        }
        let inputs = annotations.inputs(of: card)
        for folder in inputs.folders where FileSystem.isInside(path, folder: folder) {
            throw refuse("lies in \(folder), the folder of \(card.title)'s files")
        }
        guard let own = FileSystem.identity(path) else { return }
        for input in [predictions] + inputs.files where FileSystem.identity(input) == own {
            throw refuse("is an input; give it another name")
        }
    }
}

extension BenchmarkFiles {
    /// The files and folders on the disk that scoring a benchmark may read.
    func inputs(of card: BenchmarkCard) -> (files: [String], folders: [String]) {
        guard !isFile, kind == .folder else { return ([path], []) }
        var files: [String] = shelf.archives.indexes.map(\.path)
        var folders: [String] = []
        for name in card.files.flatMap(\.names) {
            let path = FileSystem.join(shelf.root, name)
            if FileSystem.kind(path) == .folder { folders.append(path) }
            if case .file(let found)? = (try? optionalFile([name]))?.place { files.append(found) }
        }
        return (files, folders)
    }
}
