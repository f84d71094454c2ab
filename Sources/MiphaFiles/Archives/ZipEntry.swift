/// One file or folder in a zip archive.
///
/// It says by itself where its bytes are, so it can be read later without the list of entries:
/// ``ZipArchive/read(_:inArchive:limit:)``.
public struct ZipEntry: Sendable, Hashable {
    /// How an entry's bytes are kept.
    public enum Method: Sendable, Hashable {
        /// As they are.
        case stored
        /// As a raw deflate stream.
        case deflated
        /// In a way that is not read, by the number in the archive.
        case unknown(Int)

        init(_ number: Int) {
            switch number {
            case 0: self = .stored
            case 8: self = .deflated
            default: self = .unknown(number)
            }
        }

        var number: Int {
            switch self {
            case .stored: 0
            case .deflated: 8
            case .unknown(let number): number
            }
        }

        /// The method in words.
        var summary: String {
            let names = [
                1: "shrink", 6: "implode", 9: "deflate64", 12: "bzip2", 14: "LZMA",
                20: "Zstandard", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd", 99: "AES",
            ]
            switch self {
            case .stored: return "stored"
            case .deflated: return "deflate"
            case .unknown(let number):
                return "method \(number)" + (names[number].map { " (\($0))" } ?? "")
            }
        }
    }

    /// The path inside the archive, with "/" between its parts; a folder ends with "/".
    public let name: String
    /// How the bytes are kept.
    public let method: Method
    /// Whether a password is needed.
    public let isEncrypted: Bool
    /// The number of bytes in the archive.
    public let compressedSize: Int
    /// The number of bytes of the content, as the archive declares it.
    public let size: Int
    /// The CRC-32 of the content.
    public let crc32: UInt32
    /// The position of the entry's own header in the archive file.
    let headerOffset: Int

    /// Whether this is a folder.
    public var isFolder: Bool { name.utf8.last == UInt8(ascii: "/") }
}
