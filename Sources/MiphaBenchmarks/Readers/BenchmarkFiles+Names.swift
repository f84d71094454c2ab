import MiphaFiles

extension BenchmarkFiles {
    /// The names of the files in a folder inside, sorted; none where it is absent.
    ///
    /// - Parameter folder: its relative path; in archives the end of an entry's folder.
    func names(in folder: String) -> [String] {
        if kind == .folder, let names = try? FileSystem.list(FileSystem.join(path, folder)) {
            return names
        }
        guard kind != .file, let wanted = RelativeName(folder) else { return [] }
        var names: Set<String> = []
        for index in shelf.archives.indexes {
            for entry in index.entries {
                guard let parent = RelativeName(FileSystem.folder(of: entry.name)),
                    parent.hasSuffix(wanted)
                else { continue }
                names.insert(FileSystem.name(of: entry.name))
            }
        }
        return names.sorted()
    }
}
