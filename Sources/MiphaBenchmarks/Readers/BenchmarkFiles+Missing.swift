import MiphaFiles

extension BenchmarkFiles {
    /// The error for a file that is nowhere.
    func missing(_ names: [String], what: String) -> EvaluationError {
        let looked = names.map { "\"\($0)\"" }.joined(separator: ", ")
        let archives = shelf.archives
        var message = "\(path): no \(what); looked for \(looked)"
        switch kind {
        case .archive: message += " in the archive"
        case .folder, .file:
            message += " in the folder, \(Self.maximumDepth) levels of folders below"
            if !archives.indexes.isEmpty {
                message += " and \(archives.indexes.count) zip archives"
            }
        }
        let present = kind == .archive ? [] : shelf.tree.files
        let packed = archives.indexes.flatMap { index in
            index.entries.lazy.filter { !BenchmarkShelf.isImage($0.name) }.prefix(10_000)
                .map { "\(index.path)/\($0.name)" }
        }
        let similar = Self.similar(to: names, among: present + packed)
        if !similar.isEmpty { message += "; similar files: " + similar.joined(separator: ", ") }
        for problem in archives.problems.prefix(4) { message += "; not read: \(problem)" }
        return EvaluationError(.missingFile, message)
    }

    /// The files that most resemble the wanted ones: by pieces of their names, then by suffix.
    private static func similar(to names: [String], among files: [String]) -> [String] {
        let wanted = names.map { Features($0) }
        var scored: [(score: Int, file: String)] = []
        for file in files.prefix(20_000) {
            let features = Features(file)
            let score = wanted.map { $0.likeness(to: features) }.max() ?? 0
            if score > 0 { scored.append((score, file)) }
        }
        return scored.enumerated()
            .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
            .prefix(6).map(\.element.file)
    }

    /// The pieces of a file's name: runs of letters and of digits, without case.
    private struct Features {
        let words: Set<String>
        let suffix: String

        init(_ path: String) {
            let base = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
            let parts = base.split(separator: ".")
            suffix = parts.count > 1 ? parts.last.map(String.init) ?? "" : ""
            let stem = parts.count > 1 ? parts.dropLast().joined(separator: ".") : base
            words = Set(stem.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        }

        func likeness(to other: Features) -> Int {
            let shared = words.intersection(other.words).map(\.count).reduce(0, +)
            return shared * 2 + (!suffix.isEmpty && suffix == other.suffix ? 1 : 0)
        }
    }
}
