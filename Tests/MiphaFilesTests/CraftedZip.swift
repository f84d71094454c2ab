import MiphaFiles
import MiphaTestSupport

/// A zip archive of one entry, every number of which a test can set.
struct CraftedZip {
    var name = Array("file.txt".utf8)
    var content = Array("hello".utf8)
    var flags = 0
    var method = 0
    var crc = 0x3610_A686
    var compressedSize: Int?
    var size: Int?
    var localFlags: Int?
    var localMethod: Int?
    var localSignature = 0x0403_4B50
    var localNameSize: Int?
    var signature = 0x0201_4B50
    var nameSize: Int?
    var extra: [UInt8] = []
    var extraSize: Int?
    var commentSize = 0
    var disk = 0
    var offset = 0
    var endSignature = 0x0605_4B50
    var endDisk = 0
    var countHere: Int?
    var count = 1
    var directorySize: Int?
    var directoryOffset: Int?
    var endComment: [UInt8] = []
    var endCommentSize: Int?
    var beforeEnd: [UInt8] = []
    var after: [UInt8] = []

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.little(localSignature, 4)
        bytes.little(20, 2)
        bytes.little(localFlags ?? flags, 2)
        bytes.little(localMethod ?? method, 2)
        bytes.little(0, 4)
        bytes.little(crc, 4)
        bytes.little(compressedSize ?? content.count, 4)
        bytes.little(size ?? content.count, 4)
        bytes.little(localNameSize ?? name.count, 2)
        bytes.little(0, 2)
        bytes += name + content
        let directory = bytes.count
        bytes.little(signature, 4)
        bytes.little(20, 2)
        bytes.little(20, 2)
        bytes.little(flags, 2)
        bytes.little(method, 2)
        bytes.little(0, 4)
        bytes.little(crc, 4)
        bytes.little(compressedSize ?? content.count, 4)
        bytes.little(size ?? content.count, 4)
        bytes.little(nameSize ?? name.count, 2)
        bytes.little(extraSize ?? extra.count, 2)
        bytes.little(commentSize, 2)
        bytes.little(disk, 2)
        bytes.little(0, 6)
        bytes.little(offset, 4)
        bytes += name + extra
        let end = bytes.count
        bytes += beforeEnd
        bytes.little(endSignature, 4)
        bytes.little(endDisk, 2)
        bytes.little(endDisk, 2)
        bytes.little(countHere ?? count, 2)
        bytes.little(count, 2)
        bytes.little(directorySize ?? end - directory, 4)
        bytes.little(directoryOffset ?? directory, 4)
        bytes.little(endCommentSize ?? endComment.count, 2)
        return bytes + endComment + after
    }

    /// Opens the archive and reads all of its files.
    static func read(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> [String: [UInt8]] {
        let path = folder.file("crafted.zip")
        try AtomicFile.write(bytes, to: path)
        let archive = try ZipArchive(path: path)
        var contents: [String: [UInt8]] = [:]
        for entry in archive.entries where !entry.isFolder {
            contents[entry.name] = try archive.read(entry, limit: 1 << 20)
        }
        return contents
    }

    func read() throws -> [String: [UInt8]] {
        try Self.read(bytes, in: TemporaryFolder())
    }
}

extension [UInt8] {
    /// Appends a number as so many bytes, the lowest first.
    mutating func little(_ value: Int, _ count: Int) {
        for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}

/// The message of the error that `body` throws, or nil.
func fileFailure(_ body: () throws -> Void) -> FileError? {
    do {
        try body()
        return nil
    } catch {
        return error as? FileError
    }
}
