import MiphaFiles
import Synchronization

/// What lies in a benchmark's folder, looked up once and only when it is asked for.
final class BenchmarkShelf: Sendable {
    /// Archives that were opened, and why others were not.
    struct Archives: Sendable {
        var indexes: [ArchiveIndex] = []
        var problems: [String] = []
    }

    private struct State {
        var tree: FolderTree?
        var archives: Archives?
    }

    private static let imageSuffixes = [
        ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff",
    ]

    let root: String
    /// What was seen of the fields of the files.
    let watch = FieldWatch()
    private let onlyArchive: String?
    private let state = Mutex(State())

    /// A folder.
    init(folder: String) {
        root = folder
        onlyArchive = nil
    }

    /// A single archive, whose folder is not looked at.
    init(archive: String, in folder: String) {
        root = folder
        onlyArchive = archive
    }

    /// Whether a file's name is that of an image.
    static func isImage(_ name: String) -> Bool {
        let name = name.lowercased()
        return imageSuffixes.contains { name.hasSuffix($0) }
    }

    /// Folders up to three levels down, and the files there that are not images.
    var tree: FolderTree {
        state.withLock { state in
            if let tree = state.tree { return tree }
            let tree = FolderTree(root, depth: BenchmarkFiles.maximumDepth) {
                !Self.isImage($0)
            }
            state.tree = tree
            return tree
        }
    }

    /// The zip archives in those folders.
    var archives: Archives {
        if let archives = state.withLock({ $0.archives }) { return archives }
        let paths =
            onlyArchive.map { [$0] }
            ?? tree.files.filter { BenchmarkFiles.isArchive($0) }
            .map { FileSystem.join(root, $0) }
        return state.withLock { state in
            if let archives = state.archives { return archives }
            var archives = Archives()
            for path in paths {
                do throws(FileError) {
                    archives.indexes.append(try ArchiveIndex(path))
                } catch {
                    archives.problems.append(error.message)
                }
            }
            state.archives = archives
            return archives
        }
    }
}
