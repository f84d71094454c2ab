/// A writer of small zip archives in memory.
///
/// The bytes depend on names, contents and the version of zlib only: every entry carries the time
/// 1980-01-01 00:00. Archives beyond the sizes that need zip64 are refused.
public struct ZipWriter: Sendable {
    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var names: Set<ExactString> = []

    /// Starts an empty archive.
    public init() {}

    /// Appends a file.
    ///
    /// - Parameters:
    ///   - name: its path in the archive, parts separated by "/", none of them "." or "..".
    ///   - content: its bytes.
    ///   - isDeflated: whether to compress it; bytes that do not become fewer are stored.
    /// - Throws: `FileError` for a name that is taken or not allowed, and beyond 65,534 entries or
    ///   4 GiB.
    public mutating func add(
        _ name: String, _ content: [UInt8], isDeflated: Bool = true
    ) throws(FileError) {
        let rawName = Array(name.utf8)
        let isClean = try ZipName.name(rawName, isUTF8: true, file: "zip archive")
        guard let isClean, isClean.hasSameBytes(as: name), rawName.count <= 0xFFFF,
            rawName.last != UInt8(ascii: "/")
        else {
            throw FileError(
                .invalidRequest, "zip archive: \(name.quoted) is not a name for an entry")
        }
        guard names.count < 0xFFFE, names.insert(ExactString(name)).inserted else {
            throw FileError(
                .invalidRequest,
                "zip archive: \(name.quoted) is a name twice, or one of too many entries")
        }
        var stored = content
        if isDeflated {
            guard let deflated = Deflate.deflated(content) else {
                throw FileError(.system, "zip archive: out of memory for \(name.quoted)")
            }
            if deflated.count < content.count { stored = deflated }
        }
        let offset = bytes.count
        guard content.count < 0xFFFF_FFFF, stored.count < 0xFFFF_FFFF - offset - 0x1_0020 else {
            throw FileError(.invalidRequest, "zip archive: larger than 4 GiB at \(name.quoted)")
        }
        var header: [UInt8] = []
        header.append16(20)
        header.append16(rawName.allSatisfy { $0 < 0x80 } ? 0 : 0x800)
        header.append16(stored.count < content.count ? 8 : 0)
        header.append16(0)
        header.append16(0x21)
        header.append32(Int(Deflate.crc32(of: content)))
        header.append32(stored.count)
        header.append32(content.count)
        header.append16(rawName.count)
        header.append16(0)
        bytes.append32(0x0403_4B50)
        bytes += header + rawName + stored
        directory.append32(0x0201_4B50)
        directory.append16(20)
        directory += header
        directory.append16(0)
        directory.append16(0)
        directory.append16(0)
        directory.append32(0)
        directory.append32(offset)
        directory += rawName
    }

    /// The whole archive.
    ///
    /// - Throws: `FileError` when the list of entries does not fit 4 GiB.
    public func finished() throws(FileError) -> [UInt8] {
        guard bytes.count + directory.count < 0xFFFF_FFFF else {
            throw FileError(.invalidRequest, "zip archive: larger than 4 GiB")
        }
        var end: [UInt8] = []
        end.append32(0x0605_4B50)
        end.append32(0)
        end.append16(names.count)
        end.append16(names.count)
        end.append32(directory.count)
        end.append32(bytes.count)
        end.append16(0)
        return bytes + directory + end
    }
}
