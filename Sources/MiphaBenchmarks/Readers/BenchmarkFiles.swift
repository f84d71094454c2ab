import MiphaFiles

/// The files of a benchmark below one path: a folder, a zip archive, or a single file.
///
/// A file is looked for under its relative path in the folder; then by its last name part in
/// folders up to ``maximumDepth`` levels down; then in the zip archives that lie in those folders,
/// by the end of the entry's path. Nothing is extracted.
public struct BenchmarkFiles: Sendable {
    /// How many levels of folders below the path are looked into.
    public static let maximumDepth = 3

    /// What the path is.
    enum Kind: Sendable {
        case folder, archive, file
    }

    /// The path as it was given.
    public let path: String
    let kind: Kind
    let shelf: BenchmarkShelf

    /// Whether the path is a single file, which is taken whatever its name.
    public var isFile: Bool { kind == .file }

    /// Remarks on fields that nothing reads, of the files that were read so far.
    package var fieldNotes: [String] { shelf.watch.notes }

    /// Looks at what the path is.
    ///
    /// A file whose name ends with `.zip` counts as an archive.
    ///
    /// - Throws: `EvaluationError` when there is nothing at the path.
    public init(_ path: String) throws(EvaluationError) {
        var clean = path
        while clean.utf8.count > 1, clean.hasSuffix("/") { clean.removeLast() }
        let found = FileSystem.kind(clean)
        guard found == .folder || found == .file else {
            throw EvaluationError(
                .missingFile,
                "\(path): no such file or folder; expected a folder, a zip archive or a file with "
                    + "a benchmark's data")
        }
        self.path = path
        if found == .folder {
            kind = .folder
            shelf = BenchmarkShelf(folder: clean)
        } else if Self.isArchive(clean) {
            kind = .archive
            shelf = BenchmarkShelf(archive: clean, in: FileSystem.folder(of: clean))
        } else {
            kind = .file
            shelf = BenchmarkShelf(folder: FileSystem.folder(of: clean))
        }
    }

    /// Finds a file that is needed.
    ///
    /// When the path is itself a file it is taken whatever its name.
    ///
    /// - Parameters:
    ///   - names: relative paths that it may have, the best first.
    ///   - what: what it is, for the message.
    /// - Throws: `EvaluationError` when there is none, saying where it was looked for and what
    ///   similar files there are; when several would do equally well; when a zip archive without
    ///   which nothing is found is damaged.
    public func file(_ names: [String], what: String) throws(EvaluationError) -> SourceFile {
        if kind == .file { return SourceFile(path: path, watch: shelf.watch) }
        if let found = try find(names, what: what) { return found }
        throw missing(names, what: what)
    }

    /// Finds a file that may be absent.
    ///
    /// When the path is itself a file it is taken whatever its name; see ``isFile``.
    ///
    /// - Parameter isWhole: whether a file counts only when its path ends with all parts of a name.
    /// - Throws: `EvaluationError` when several files would do equally well.
    public func optionalFile(
        _ names: [String], isWhole: Bool = false
    ) throws(EvaluationError) -> SourceFile? {
        if kind == .file { return SourceFile(path: path, watch: shelf.watch) }
        return try find(names, what: "file " + (names.first ?? ""), isWhole: isWhole)
    }

    // MARK: Search

    private func find(
        _ names: [String], what: String, isWhole: Bool = false
    ) throws(EvaluationError) -> SourceFile? {
        let wanted = names.compactMap { RelativeName($0) }
        if kind == .folder {
            for name in wanted {
                let path = FileSystem.join(shelf.root, name.text)
                if FileSystem.kind(path) == .file {
                    return SourceFile(path: path, watch: shelf.watch)
                }
            }
            let found = try first(of: wanted, what, isWhole, among: inFolders)
            if let found { return found }
        }
        return try first(of: wanted, what, isWhole, among: inArchives)
    }

    /// The file of the first name that is there.
    ///
    /// Where several files would do equally well for it, another name counts of which all parts
    /// are those of one file.
    private func first(
        of names: [RelativeName], _ what: String, _ isWhole: Bool,
        among candidates: (RelativeName) -> [Candidate]
    ) throws(EvaluationError) -> SourceFile? {
        func whole(_ name: RelativeName) -> [Candidate] {
            Self.best(of: candidates(name).filter { $0.name.hasSuffix(name) }, for: name)
        }
        for name in names {
            let nearest = isWhole ? whole(name) : Self.best(of: candidates(name), for: name)
            if nearest.isEmpty { continue }
            if nearest.count == 1 { return nearest[0].file }
            for longer in names where longer.parts.count > name.parts.count {
                let certain = whole(longer)
                if certain.count == 1 { return certain[0].file }
            }
            let list = nearest.prefix(8).map(\.file.name).joined(separator: ", ")
            throw EvaluationError(
                .wrongFile,
                "\(path): \(nearest.count) files could be the \(what): \(list); give the path of "
                    + "the right one, or of a folder that holds only it")
        }
        return nil
    }

    private func inFolders(_ name: RelativeName) -> [Candidate] {
        let base = String(decoding: name.base, as: UTF8.self)
        return shelf.tree.folders.compactMap { folder in
            let relative = FileSystem.join(folder, base)
            let path = FileSystem.join(shelf.root, relative)
            guard let parts = RelativeName(relative), FileSystem.kind(path) == .file else {
                return nil
            }
            return Candidate(file: SourceFile(path: path, watch: shelf.watch), name: parts)
        }
    }

    private func inArchives(_ name: RelativeName) -> [Candidate] {
        var found: [Candidate] = []
        let wanted = RelativeName(String(decoding: name.base, as: UTF8.self)) ?? name
        for index in shelf.archives.indexes {
            for match in index.matches(wanted) {
                let file = SourceFile(archive: index.path, entry: match.entry, watch: shelf.watch)
                found.append(Candidate(file: file, name: match.name))
            }
        }
        return found
    }

    private struct Candidate {
        let file: SourceFile
        let name: RelativeName
    }

    /// The candidates that share most parts at the end of the name; of those the least deep.
    private static func best(of found: [Candidate], for name: RelativeName) -> [Candidate] {
        guard let most = found.map({ $0.name.commonEnd(with: name) }).max() else { return [] }
        let closest = found.filter { $0.name.commonEnd(with: name) == most }
        let least = closest.map(\.name.parts.count).min()
        return closest.filter { $0.name.parts.count == least }
    }

    // MARK: Paths

    static func isArchive(_ path: String) -> Bool {
        path.lowercased().hasSuffix(".zip")
    }
}
