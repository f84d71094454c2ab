import MiphaFiles

/// What was downloaded into a folder: `fetched.json` beside the files.
///
/// Authors publish hashes of few files. The hash of a first download is kept here, so that a file
/// that changes later, on the disk or at its source, is noticed.
package struct DownloadManifest: Sendable {
    /// One file.
    package struct Entry: Sendable, Hashable {
        /// Its name in the folder.
        package var name: String
        /// Where it came from.
        package var url: String
        /// Number of bytes.
        package var bytes: Int
        /// SHA-256, 64 hexadecimal digits.
        package var sha256: String
        /// Whether a published hash was there to compare with.
        package var isPublished: Bool

        /// Describes a file.
        package init(name: String, url: String, bytes: Int, sha256: String, isPublished: Bool) {
            self.name = name
            self.url = url
            self.bytes = bytes
            self.sha256 = sha256
            self.isPublished = isPublished
        }
    }

    /// The name of the file.
    package static let fileName = "fetched.json"

    /// The folder it is about.
    package let folder: String
    /// The files in the order of their download.
    package private(set) var entries: [Entry] = []

    /// Reads the manifest of a folder; one without is new.
    ///
    /// - Throws: `DownloadError` when there is one that cannot be read.
    package init(folder: String) throws(DownloadError) {
        self.folder = folder
        let path = FileSystem.join(folder, Self.fileName)
        guard FileSystem.kind(path) != nil else { return }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: FileSystem.read(path, limit: 1 << 26), file: path)
        } catch {
            throw DownloadError(error)
        }
        for (index, value) in (json["files"]?.arrayValue ?? [.null]).enumerated() {
            guard let name = value["name"]?.stringValue, let url = value["url"]?.stringValue,
                let bytes = value["bytes"]?.integerValue, bytes >= 0,
                let sum = value["sha256"]?.stringValue, sum.utf8.count == 64
            else {
                throw DownloadError(
                    .malformedFile,
                    "\(path): key files[\(index)]: expected name, url, bytes and sha256 of a "
                        + "download; remove the file to start anew")
            }
            entries.append(
                Entry(
                    name: name, url: url, bytes: bytes, sha256: sum,
                    isPublished: value["published_hash"]?.boolValue ?? false))
        }
    }

    /// The entry of a file.
    package subscript(name: String) -> Entry? {
        entries.first { $0.name == name }
    }

    /// Adds or replaces an entry and writes the manifest.
    ///
    /// - Throws: `DownloadError` when it cannot be written.
    package mutating func record(_ entry: Entry) throws(DownloadError) {
        if let place = entries.firstIndex(where: { $0.name == entry.name }) {
            entries[place] = entry
        } else {
            entries.append(entry)
        }
        let files = entries.map { entry -> JSONValue in
            [
                "name": .string(entry.name), "url": .string(entry.url),
                "bytes": .integer(entry.bytes), "sha256": .string(entry.sha256),
                "published_hash": .bool(entry.isPublished),
            ]
        }
        do {
            let json: JSONValue = ["files": .array(files)]
            try json.write(to: FileSystem.join(folder, Self.fileName))
        } catch {
            throw DownloadError(error)
        }
    }
}
