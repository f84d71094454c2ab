import MiphaFiles
import MiphaImaging

/// Reads the entries of one frozen tower, on any thread.
///
/// An entry is the digest of its values, then the values. One that is damaged, or cannot be read, is
/// none.
struct FeatureReader: Sendable {
    /// The folder of the tower's entries.
    let folder: String
    /// Bytes of the values of an entry.
    let byteCount: Int

    private static let digestLength = 32

    /// Bytes of an entry.
    var entrySize: Int { Self.digestLength + byteCount }

    /// The path of an image's entry.
    func path(_ id: ImageID) -> String {
        let name = id.digest.hex
        let part = FileSystem.join(folder, String(name.prefix(2)))
        return FileSystem.join(part, name + FeatureFolders.suffix)
    }

    /// The values of an image's entry.
    func values(of id: ImageID) -> [UInt8]? {
        let path = path(id)
        // Another process may remove an entry at any moment.
        guard FileSystem.kind(path) == .file,
            let bytes = try? FileSystem.read(path, limit: entrySize), bytes.count == entrySize
        else { return nil }
        let values = Array(bytes[Self.digestLength...])
        guard Array(bytes[..<Self.digestLength]) == SHA256Digest(of: values).bytes else {
            return nil
        }
        return values
    }

    /// The bytes of an entry.
    static func entry(_ values: [UInt8]) -> [UInt8] { SHA256Digest(of: values).bytes + values }
}
