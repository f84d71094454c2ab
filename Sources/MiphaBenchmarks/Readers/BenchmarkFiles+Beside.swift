import MiphaFiles

extension BenchmarkFiles {
    /// The first of `names` that is there; when the path is a single file, beside it.
    ///
    /// - Throws: as ``optionalFile(_:isWhole:)``.
    func beside(_ names: [String]) throws(EvaluationError) -> SourceFile? {
        guard isFile else { return try optionalFile(names) }
        let folder = FileSystem.folder(of: path)
        return names.lazy.map { FileSystem.join(folder, $0) }
            .first { FileSystem.kind($0) == .file }.map { SourceFile(path: $0, watch: shelf.watch) }
    }
}
