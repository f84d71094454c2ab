public import MiphaFiles

/// An image that is read when it is needed.
public struct PictureSource: Sendable, Hashable {
    /// Where the bytes are.
    public enum Place: Sendable, Hashable {
        /// A file on the disk.
        case file(String)
        /// An entry of a zip archive on the disk.
        case archived(archive: String, entry: ZipEntry)
        /// A Base64 text in a part of a file.
        case base64(file: String, FilePlace)
        /// The bytes themselves.
        case bytes([UInt8])
        /// One of several places, nothing telling which.
        indirect case oneOf([Place])

        /// The place in words, for messages.
        var words: String {
            switch self {
            case .file(let path): path
            case .archived(let archive, let entry): "\(archive)/\(entry.name)"
            case .base64(let path, let place): "\(path) at byte \(place.offset)"
            case .bytes(let bytes): "\(bytes.count) bytes"
            case .oneOf(let places): places.map(\.words).joined(separator: ", ")
            }
        }
    }

    /// What questions about the same image share, and what is shown.
    public let name: String
    /// Where the bytes are.
    public let place: Place

    /// Names an image.
    public init(name: String, place: Place) {
        self.name = name
        self.place = place
    }

    /// Compares name and place, the name by its characters.
    public static func == (left: Self, right: Self) -> Bool {
        PythonText.equal(left.name, right.name) && left.place == right.place
    }

    /// The largest image file that is loaded, in bytes.
    public static let limit = 1 << 28

    /// Reads the bytes of the image file (JPEG, PNG, …).
    ///
    /// - Throws: `EvaluationError` naming the image when the bytes cannot be read, are damaged,
    ///   or are more than ``limit``.
    public func load() throws(EvaluationError) -> [UInt8] {
        do throws(FileError) {
            switch place {
            case .file(let path):
                var source = try FileByteSource(path: path)
                return try source.readAll(limit: Self.limit, name: path)
            case .archived(let archive, let entry):
                return try ZipArchive.read(entry, inArchive: archive, limit: Self.limit)
            case .base64(let path, let place):
                let shown = self.place.words
                guard place.length <= Self.limit / 3 * 4 else {
                    throw FileError(
                        .system,
                        "cannot read \(shown): \(place.length) bytes of Base64 are more than the "
                            + "limit of \(Self.limit / 3 * 4)")
                }
                let text = try RandomAccessFile(path: path).read(place)
                return try Base64.decode(text, name: shown)
            case .bytes(let bytes): return bytes
            case .oneOf(let places):
                throw FileError(
                    .malformedFile,
                    "\(places.count) files have this name: \(place.words); expected one of them in "
                        + "the benchmark's own folder")
            }
        } catch {
            throw EvaluationError(EvaluationError(error).code, "image \(name): \(error)")
        }
    }
}
