import MiphaFiles

/// The files in a zip archive by their last name part.
struct ArchiveIndex: Sendable {
    /// The path of the archive.
    let path: String
    /// The files in the archive's order; hidden ones and `__MACOSX` are left out.
    private(set) var entries: [ZipEntry] = []
    /// The last entry of each last name part, and for each entry the one before it of the same.
    private var last: [ExactString: Int] = [:]
    private var previous: [Int] = []

    init(_ path: String) throws(FileError) {
        self.path = path
        let all = try ZipArchive(path: path).entries
        entries.reserveCapacity(all.count)
        previous.reserveCapacity(all.count)
        last.reserveCapacity(all.count)
        for entry in all where !entry.isFolder {
            let base = FileSystem.name(of: entry.name)
            if base.utf8.first == UInt8(ascii: ".") || entry.name.hasPrefix("__MACOSX/") {
                continue
            }
            let before = last.updateValue(entries.count, forKey: ExactString(base))
            previous.append(before ?? -1)
            entries.append(entry)
        }
    }

    /// The entries whose path ends with all parts of a name, in the archive's order.
    func matches(_ name: RelativeName) -> [(entry: ZipEntry, name: RelativeName)] {
        var found: [(entry: ZipEntry, name: RelativeName)] = []
        var position = last[ExactString(String(decoding: name.base, as: UTF8.self))] ?? -1
        while position >= 0 {
            let entry = entries[position]
            // Of entries with one name the last counts.
            if let full = RelativeName(entry.name), full.hasSuffix(name),
                !found.contains(where: { $0.name == full })
            {
                found.append((entry, full))
            }
            position = previous[position]
        }
        return found.reversed()
    }
}
