#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folders below a folder, and the files in them, listed without opening any.
///
/// Folders reached through symbolic links count. Names with a leading "." and `__MACOSX` are left
/// out.
package struct FolderTree: Sendable {
    /// The folder itself as "", then those below with "/" between parts, nearest first, each level
    /// in the order of the bytes.
    package private(set) var folders: [String] = [""]
    /// The files that `isWanted` accepted, in the same order.
    package private(set) var files: [String] = []

    /// The most folders that are looked into.
    package static let maximumFolders = 10_000

    /// Lists a folder; what cannot be listed counts as empty.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - depth: how many levels of folders below it to list.
    ///   - isWanted: whether to keep the file of a name.
    package init(_ path: String, depth: Int, isWanted: (String) -> Bool) {
        var level = [""]
        for distance in 0...max(depth, 0) {
            var next: [String] = []
            for folder in level {
                let items = Self.items(of: FileSystem.join(path, folder))
                for item in items where item.kind == .file && isWanted(item.name) {
                    files.append(FileSystem.join(folder, item.name))
                }
                guard distance < depth else { continue }
                for item in items where item.kind == .folder {
                    next.append(FileSystem.join(folder, item.name))
                }
            }
            next = Array(next.prefix(Self.maximumFolders - folders.count))
            folders += next
            level = next
        }
    }

    private struct Item {
        let name: String
        let kind: FileSystem.Kind?
    }

    private static func items(of path: String) -> [Item] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var items: [Item] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(".") || name == "__MACOSX" { continue }
            let kind: FileSystem.Kind?
            switch unsafe Int32(entry.pointee.d_type) {
            case Int32(DT_DIR): kind = .folder
            case Int32(DT_REG): kind = .file
            default: kind = FileSystem.kind(FileSystem.join(path, name))
            }
            items.append(Item(name: name, kind: kind))
        }
        return items.sorted { $0.name.precedesInBytes($1.name) }
    }
}
