/// A folder that is filled as `X.partial` and becomes `X` at once.
///
/// A training checkpoint of many files is either whole or visibly partial. Released without
/// ``commit()`` the partial folder is removed; a partial folder that a crash left behind is
/// removed when the same path is written again.
public struct AtomicDirectory: ~Copyable, Sendable {
    /// The final path `X`.
    public let path: String
    /// The path to write files to, `X.partial`.
    public let partialPath: String
    private let replacesExisting: Bool
    private var isCommitted = false

    /// Creates the partial folder, and missing folders above it.
    ///
    /// - Parameters:
    ///   - path: the final path.
    ///   - replacesExisting: whether a folder at `path` may be replaced. Between two renames the
    ///     old folder is called `X.replaced`; a crash in that instant leaves it and the whole new
    ///     one as `X.partial`.
    /// - Throws: `FileError` when `path` exists and may not be replaced, or the folder
    ///   cannot be created.
    public init(path: String, replacesExisting: Bool = false) throws(FileError) {
        var final = path
        while final.count > 1, final.hasSuffix("/") { final.removeLast() }
        try Self.check(final, replacesExisting: replacesExisting)
        let partial = final + ".partial"
        if FileSystem.kind(partial) != nil { try FileSystem.removeTree(partial) }
        try FileSystem.createFolder(partial)
        self.path = final
        self.partialPath = partial
        self.replacesExisting = replacesExisting
    }

    deinit {
        if !isCommitted { try? FileSystem.removeTree(partialPath) }
    }

    /// The path of a file inside the partial folder.
    public func file(_ name: String) -> String {
        FileSystem.join(partialPath, name)
    }

    /// Flushes everything in the partial folder to the disk and gives it its final name.
    ///
    /// - Throws: `FileError` when flushing or renaming fails; the partial folder is then
    ///   removed.
    public consuming func commit() throws(FileError) {
        try Self.check(path, replacesExisting: replacesExisting)
        try Self.flushTree(partialPath)
        if FileSystem.kind(path) == nil {
            try FileSystem.rename(partialPath, to: path)
            isCommitted = true
        } else {
            let aside = path + ".replaced"
            if FileSystem.kind(aside) != nil { try FileSystem.removeTree(aside) }
            try FileSystem.rename(path, to: aside)
            do throws(FileError) {
                try FileSystem.rename(partialPath, to: path)
            } catch {
                try FileSystem.rename(aside, to: path)
                throw error
            }
            isCommitted = true
            try FileSystem.removeTree(aside)
        }
        try FileSystem.flush(FileSystem.folder(of: path))
    }

    private static func check(_ path: String, replacesExisting: Bool) throws(FileError) {
        guard let kind = FileSystem.kind(path) else { return }
        guard replacesExisting, kind == .folder else {
            let found = kind == .folder ? "a folder" : "a file"
            throw FileError(
                .system, "cannot create folder \(path): \(found) of that name exists")
        }
    }

    private static func flushTree(_ path: String) throws(FileError) {
        for name in try FileSystem.list(path) {
            let item = FileSystem.join(path, name)
            switch FileSystem.kind(item) {
            case .folder: try flushTree(item)
            case .file: try FileSystem.flush(item)
            case .other, nil: break
            }
        }
        try FileSystem.flush(path)
    }
}
