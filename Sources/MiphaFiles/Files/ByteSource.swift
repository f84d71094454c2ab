/// A sequence of bytes that is read from front to back, a piece at a time.
///
/// Files, archive entries and byte arrays are read through it with flat memory:
/// ``FileByteSource``, ``ZipEntrySource``, ``ArrayByteSource``.
public protocol ByteSource {
    /// Reads the next bytes.
    ///
    /// - Parameter count: the most bytes to return, at least 1.
    /// - Returns: between 1 and `count` bytes; none means the end, now and for ever.
    /// - Throws: `FileError` when the bytes cannot be read or are damaged.
    mutating func read(upTo count: Int) throws(FileError) -> [UInt8]
}

extension ByteSource {
    /// Reads everything that is left.
    ///
    /// - Parameters:
    ///   - limit: the most bytes to accept.
    ///   - name: how the error calls the source.
    /// - Throws: `FileError` when there is more than `limit`, or reading fails.
    public mutating func readAll(limit: Int, name: String) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try read(upTo: 1 << 20)
            if piece.isEmpty { return bytes }
            guard piece.count <= limit - bytes.count else {
                throw FileError(
                    .system, "cannot read \(name): more than \(limit) bytes, the limit")
            }
            bytes.append(contentsOf: piece)
        }
    }
}

/// The bytes of an array as a source.
public struct ArrayByteSource: ByteSource, Sendable {
    private let bytes: [UInt8]
    private var position = 0

    /// Starts at the first byte.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the next bytes.
    public mutating func read(upTo count: Int) throws(FileError) -> [UInt8] {
        let end = position + min(max(count, 0), bytes.count - position)
        defer { position = end }
        return Array(bytes[position..<end])
    }
}

/// The bytes of a file, or of a part of it, as a source.
///
/// A copy goes on from the same place independently.
public struct FileByteSource: ByteSource, Sendable {
    private let file: RandomAccessFile
    private var position: Int
    private let end: Int

    /// Opens a file at its first byte.
    ///
    /// - Throws: `FileError` when it is not a regular file that can be opened.
    public init(path: String) throws(FileError) {
        self.init(try RandomAccessFile(path: path))
    }

    /// Reads an open file from its first byte.
    public init(_ file: RandomAccessFile) {
        self.file = file
        position = 0
        end = file.size
    }

    /// Reads a part of an open file.
    ///
    /// - Throws: `FileError` when the part reaches beyond the file.
    public init(_ file: RandomAccessFile, place: FilePlace) throws(FileError) {
        self.file = file
        position = place.offset
        end = try file.end(of: place)
    }

    /// Reads the next bytes.
    ///
    /// - Throws: `FileError` when the system cannot read, or the file has become shorter.
    public mutating func read(upTo count: Int) throws(FileError) -> [UInt8] {
        let wanted = min(max(count, 0), end - position)
        if wanted == 0 { return [] }
        let bytes = try file.read(FilePlace(offset: position, length: wanted))
        position += bytes.count
        return bytes
    }
}
