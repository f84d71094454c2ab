import MiphaFiles
import MiphaImaging
import Synchronization

/// The images of benchmarks, recognised by their pixels.
final class BenchmarkImages: Sendable {
    private struct State: Sendable {
        var names: [Fingerprint: String] = [:]
        var pictures: [Int]
        var unreadable: [Int]
    }

    private static let suffixes = [".jpg", ".jpeg", ".png", ".gif", ".webp"]
    /// The largest image file in an archive or a table, in bytes.
    private static let limit = 1 << 28

    private let paths: [String]
    private let state: Mutex<State>

    /// Names where the benchmarks are: folders, zip archives, or tables with a column `image`.
    init(_ paths: [String]) {
        self.paths = paths
        let zeros = paths.map { _ in 0 }
        state = Mutex(State(pictures: zeros, unreadable: zeros))
    }

    /// The name of a benchmark's image with these pixels.
    func name(of content: Fingerprint) -> String? {
        state.withLock { $0.names[content] }
    }

    /// What was found at each path.
    var summaries: [DataReport.Benchmark] {
        state.withLock { state in
            paths.indices.map {
                DataReport.Benchmark(
                    path: paths[$0], pictures: state.pictures[$0], unreadable: state.unreadable[$0])
            }
        }
    }

    /// Reads all images.
    ///
    /// - Parameter step: called with the number of images that were handed in so far.
    /// - Throws: `DataError` when there is nothing at a path or no image in it; `FileError` for
    ///   damaged archives and tables; what `step` throws.
    func read(_ queue: JobQueue, step: (Int) throws -> Void) throws {
        var count = 0
        for (index, path) in paths.enumerated() {
            let before = count
            try forEach(path) { name, load in
                count += 1
                try step(count)
                queue.add { [self] in examine(name, of: index, load) }
            }
            guard count > before else {
                throw DataError(
                    .invalidRequest,
                    "\(path): expected a benchmark's images (\(Self.suffixes.joined(separator: ", ")) "
                        + "in folders or zip archives, or .tsv files with a column \"image\"), "
                        + "found none")
            }
        }
    }

    private typealias Load = @Sendable () throws -> [UInt8]

    private func examine(_ name: String, of index: Int, _ load: Load) {
        let content: Fingerprint?
        do {
            content = Fingerprint(try RGBImage(decoding: load(), name: name))
        } catch {
            content = nil
        }
        state.withLock { state in
            state.pictures[index] += 1
            guard let content else {
                state.unreadable[index] += 1
                return
            }
            // Of several the first by name counts, whatever the threads do.
            if let other = state.names[content], other <= name { return }
            state.names[content] = name
        }
    }

    private func forEach(_ path: String, _ body: (String, @escaping Load) throws -> Void) throws {
        switch FileSystem.kind(path) {
        case .folder:
            let tree = FolderTree(path, depth: 32) { Self.isWanted($0) }
            for name in tree.files { try open(FileSystem.join(path, name), body) }
        case .file: try open(path, body)
        default:
            throw DataError(
                .invalidRequest, "\(path): no such folder or file with a benchmark's images")
        }
    }

    private func open(_ path: String, _ body: (String, @escaping Load) throws -> Void) throws {
        let name = path.lowercased()
        if name.hasSuffix(".zip") {
            let archive = try ZipArchive(path: path)
            for entry in archive.entries where Self.isImage(entry.name) {
                try body("\(path)/\(entry.name)") { try archive.read(entry, limit: Self.limit) }
            }
        } else if name.hasSuffix(".tsv") {
            try openTable(path, body)
        } else {
            try body(path) { try FileSystem.read(path, limit: Self.limit) }
        }
    }

    /// A table of MMBench's kind: images in Base64, or in their place the number of an earlier row.
    private func openTable(
        _ path: String, _ body: (String, @escaping Load) throws -> Void
    ) throws {
        var table = try DelimitedTable(path: path)
        guard table.columns.contains("image") else { return }
        while let row = try table.next() {
            let text = try row.bytes("image")
            guard text.count >= 64 else { continue }
            let name = "\(path): line \(row.line)"
            try body(name) { try Base64.decode(text, name: name) }
        }
    }

    private static func isWanted(_ name: String) -> Bool {
        let lower = name.lowercased()
        return isImage(name) || lower.hasSuffix(".zip") || lower.hasSuffix(".tsv")
    }

    private static func isImage(_ name: String) -> Bool {
        let name = name.lowercased()
        return suffixes.contains { name.hasSuffix($0) }
    }
}
