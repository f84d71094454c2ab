import MiphaFiles

extension BenchmarkFiles {
    /// Finds an image.
    ///
    /// It is looked for as `folder/name` below the path; then below the folders up to
    /// ``maximumDepth`` levels down; then in the zip archives there by the end of the entry's
    /// path; then as `name` alone in folders and archives, where it counts only when it is the
    /// one image of that name. When the path is a single file its folder stands for it.
    ///
    /// - Parameters:
    ///   - name: its relative path, which also names the result.
    ///   - folders: folders in which it may lie, the most likely first; "" for none.
    /// - Returns: nil when there is none, or the name is absolute or leads upwards.
    public func picture(_ name: String, in folders: [String] = [""]) -> PictureSource? {
        let places = places(of: name, in: folders)
        return places.count == 1 ? PictureSource(name: name, place: places[0]) : nil
    }

    /// Where an image lies; several places when it is not certain which of them is meant.
    func places(of name: String, in folders: [String]) -> [PictureSource.Place] {
        guard let bare = RelativeName(name) else { return [] }
        let wanted = folders.compactMap { RelativeName(FileSystem.join($0, bare.text)) }
        if kind != .archive {
            for candidate in wanted {
                let path = FileSystem.join(shelf.root, candidate.text)
                if FileSystem.kind(path) == .file { return [.file(path)] }
            }
        }
        let places = wanted.filter { $0 != bare } + [bare]
        for candidate in places {
            let found = below(candidate, isAlone: candidate == bare)
            if !found.isEmpty { return found }
        }
        return []
    }

    /// The image below the folders or in the archives; of a bare name all there are.
    private func below(_ name: RelativeName, isAlone: Bool) -> [PictureSource.Place] {
        var found: [PictureSource.Place] = []
        if kind == .folder {
            for folder in shelf.tree.folders {
                let path = FileSystem.join(shelf.root, FileSystem.join(folder, name.text))
                guard FileSystem.kind(path) == .file else { continue }
                found.append(.file(path))
                if !isAlone { break }
            }
        }
        if found.isEmpty, kind != .file {
            for index in shelf.archives.indexes {
                found += index.matches(name).map {
                    .archived(archive: index.path, entry: $0.entry)
                }
                if !isAlone, !found.isEmpty { break }
            }
        }
        return isAlone ? found : Array(found.prefix(1))
    }
}
