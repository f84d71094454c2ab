import Foundation
import MiphaFiles

/// The files of a feature store: a folder for each fingerprint of tower and settings.
///
/// An entry is `ROOT/<fingerprint>/<two digits>/<image>.features`. Beside them the file `in-use` is
/// held by the stores that are open. Entries of fingerprints that nobody uses make room for others, those
/// of the fingerprint that was not used for the longest time first. Several processes may do all of
/// this at once: each entry is removed by one of them, and whoever misses it computes it again.
final class FeatureFolders {
    /// The folder of the own fingerprint.
    let own: String
    private let root: String
    private let lock: FileLock?
    /// Folders of other fingerprints that are still to be emptied, the next one last.
    private lazy var folders = unusedFolders()
    /// The folder that is being emptied.
    private var folder: String?
    /// Its parts that are still to be emptied.
    private var parts: [String] = []
    /// The part that is being emptied.
    private var part: String?
    /// Its entries that are still to be removed.
    private var entries: [String] = []

    /// - Throws: `FileError` when the root cannot be made or read.
    init(root: String, fingerprint: [UInt8]) throws(FileError) {
        self.root = root
        try FileSystem.createFolder(root)
        own = FileSystem.join(root, Self.name(fingerprint))
        lock = Self.take(own)
        _ = try FileSystem.list(root)
    }

    /// Marks a folder as used; `nil` where nothing can be written, as on a full disk: entries that are
    /// there can still be read.
    private static func take(_ folder: String) -> FileLock? {
        for _ in 0..<8 {
            try? FileSystem.createFolder(folder)
            // Another process may remove mark and folder until the lock is held.
            if let lock = try? FileLock(path: mark(folder), isShared: true),
                lock.isOf(mark(folder))
            {
                return lock
            }
        }
        return nil
    }

    static let suffix = ".features"

    private static func mark(_ folder: String) -> String { FileSystem.join(folder, "in-use") }

    private static func name(_ fingerprint: [UInt8]) -> String {
        String(SHA256Digest(of: fingerprint).hex.prefix(32))
    }

    /// Bytes of all entries of all fingerprints.
    func byteCount() -> Int {
        fingerprints().flatMap(Self.parts).flatMap(Self.entries).reduce(0) {
            // Another process may remove what was listed.
            $0 + ((try? FileSystem.size($1)) ?? 0)
        }
    }

    /// Writes an entry of the own fingerprint.
    ///
    /// - Throws: `FileError`, with nothing left of the entry.
    func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        do throws(FileError) {
            try AtomicFile.write(bytes, to: path)
        } catch {
            // Its folder is not there yet, or another process has just removed it.
            try FileSystem.createFolder(FileSystem.folder(of: path))
            try AtomicFile.write(bytes, to: path)
        }
    }

    // MARK: Making room

    /// Removes one entry of a fingerprint that nobody uses.
    ///
    /// - Returns: its bytes; `nil` when there is none left.
    func removeOne() -> Int? {
        repeat {
            while let path = entries.popLast() {
                // Of several processes one removes it.
                guard let size = try? FileSystem.size(path), FileSystem.remove(path) else {
                    continue
                }
                if entries.isEmpty { findEntries() }
                return size
            }
        } while findEntries()
        return nil
    }

    /// Goes on to the next part of a folder that nobody uses, and removes what is empty.
    ///
    /// - Returns: whether there is one.
    @discardableResult
    private func findEntries() -> Bool {
        if let part { FileSystem.removeEmptyFolder(part) }
        while true {
            part = parts.popLast()
            if let part, let folder, !FileLock.isHeld(Self.mark(folder)) {
                entries = Self.entries(part)
                return true
            }
            if let folder { Self.release(folder) }
            folder = folders.popLast()
            guard let folder else { return false }
            parts = Self.parts(folder)
        }
    }

    /// Removes the mark of a folder that nobody uses, and the folder if it is empty.
    private static func release(_ folder: String) {
        guard FileSystem.kind(folder) != nil, let lock = try? FileLock(path: mark(folder)) else {
            return
        }
        if lock.isOf(mark(folder)) { FileSystem.remove(mark(folder)) }
        FileSystem.removeEmptyFolder(folder)
    }

    /// Other fingerprints that nobody uses, the one used last first.
    private func unusedFolders() -> [String] {
        fingerprints().filter { $0 != own }.map { folder -> (path: String, time: Date) in
            let facts = try? FileManager.default.attributesOfItem(atPath: Self.mark(folder))
            return (folder, facts?[.modificationDate] as? Date ?? .distantPast)
        }.sorted { $0.time > $1.time }.map(\.path)
    }

    /// Folders with names of fingerprints: the root may hold other things.
    private func fingerprints() -> [String] {
        let names = (try? FileSystem.list(root)) ?? []
        return names.filter { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) }
            .map { FileSystem.join(root, $0) }
    }

    private static func parts(_ folder: String) -> [String] {
        let names = (try? FileSystem.list(folder)) ?? []
        return names.filter { $0.utf8.count == 2 }.map { FileSystem.join(folder, $0) }
    }

    /// Entries, and what is left of those whose writing was cut off.
    private static func entries(_ part: String) -> [String] {
        let names = (try? FileSystem.list(part)) ?? []
        return names.filter { $0.hasSuffix(suffix) || $0.hasSuffix(".partial") }
            .map { FileSystem.join(part, $0) }
    }
}
