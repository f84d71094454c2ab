import Foundation
import MiphaFiles

/// A download that is under way: `X.part`, and `X.part.json` with what it is a part of.
struct PartialFile: Sendable {
    /// What the bytes so far are a part of.
    struct Origin: Sendable, Equatable {
        var url: String
        /// A strong entity tag or a date, for `If-Range`.
        var validator: String?
        /// Size of the whole, when it is known.
        var total: Int?
    }

    let path: String
    private var notePath: String { path + ".json" }

    init(for target: String) {
        path = target + ".part"
    }

    /// Bytes that are there.
    var size: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? Int) ?? 0
    }

    /// What the bytes are a part of; nil when that is not known, and then they are useless.
    var origin: Origin? {
        guard let bytes = try? FileSystem.read(notePath, limit: 1 << 16),
            let json = try? JSONValue(parsing: bytes, file: notePath),
            let url = json["url"]?.stringValue
        else { return nil }
        return Origin(
            url: url, validator: json["validator"]?.stringValue, total: json["total"]?.integerValue)
    }

    /// Notes what the bytes are a part of.
    func note(_ origin: Origin) throws(DownloadError) {
        let json: JSONValue = [
            "url": .string(origin.url),
            "validator": origin.validator.map { .string($0) } ?? .null,
            "total": origin.total.map { .integer($0) } ?? .null,
        ]
        do {
            try json.write(to: notePath)
        } catch {
            throw DownloadError(error)
        }
    }

    /// Opens the file to append, cut to nothing unless it is continued.
    func open(continued: Bool) throws(DownloadError) -> FileHandle {
        if FileSystem.kind(path) == nil {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw DownloadError(.system, "cannot create \(path)")
            }
        }
        do {
            let file = try FileHandle(forUpdating: URL(filePath: path))
            if continued { try file.seekToEnd() } else { try file.truncate(atOffset: 0) }
            return file
        } catch {
            throw DownloadError(.system, "cannot write \(path): \(error.localizedDescription)")
        }
    }

    /// Removes both files.
    func remove() {
        FileSystem.remove(path)
        FileSystem.remove(notePath)
    }

    /// Gives the file its name.
    func rename(to target: String) throws(DownloadError) {
        do {
            if FileSystem.kind(target) == .file { FileSystem.remove(target) }
            try FileManager.default.moveItem(atPath: path, toPath: target)
        } catch {
            throw DownloadError(
                .system, "cannot rename \(path) to \(target): \(error.localizedDescription)")
        }
        FileSystem.remove(notePath)
    }

    /// Bytes that fit on the disk; nil when the system does not report it.
    var freeBytes: Int? {
        let folder = FileSystem.folder(of: path)
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }
}
