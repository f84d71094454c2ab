/// A zip archive that is read in place: nothing is extracted and nothing is held but the list of
/// entries.
///
/// Reads stored and deflated entries, zip64, archives with a comment or with other bytes in front,
/// entries with data descriptors. Refuses split archives, encrypted central directories and, when
/// such an entry is read, encryption and other methods. Any number of tasks may read at once.
/// Reference: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification" 6.3.10.
///
/// Names: bytes flagged as UTF-8, or that are valid UTF-8, are taken as such, others as code page
/// 437 (Python's `zipfile` takes every name without the flag as code page 437). A backslash counts
/// as "/"; a leading "/" and parts "." or without letters are dropped. An archive with a part ".."
/// or a zero byte in a name is refused.
public struct ZipArchive: Sendable {
    /// The path it was opened with.
    public let path: String
    /// Files and folders in the order of the central directory.
    public let entries: [ZipEntry]
    private let file: RandomAccessFile
    private let positions: [ExactString: Int]

    /// Opens an archive and reads its list of entries.
    ///
    /// - Throws: `FileError` when the file cannot be read, is no zip archive, or is damaged.
    public init(path: String) throws(FileError) {
        try self.init(RandomAccessFile(path: path))
    }

    /// Reads the list of entries of an open file.
    ///
    /// - Throws: `FileError` when the file is no zip archive, or is damaged.
    public init(_ file: RandomAccessFile) throws(FileError) {
        self.file = file
        path = file.path
        entries = try ZipDirectory(file).entries()
        var positions: [ExactString: Int] = [:]
        positions.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() {
            positions[ExactString(entry.name)] = position
        }
        self.positions = positions
    }

    /// The entry of exactly this name, the last one of several, or nil.
    public func entry(named name: String) -> ZipEntry? {
        positions[ExactString(name)].map { entries[$0] }
    }

    /// Reads an entry whole and checks its CRC-32.
    ///
    /// - Parameters:
    ///   - entry: an entry of this archive.
    ///   - limit: the largest content to read, in bytes.
    /// - Throws: `FileError` when the content is larger than the limit, is of a kind that is not
    ///   read, or is damaged.
    public func read(_ entry: ZipEntry, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        try ZipEntrySource(entry, in: file).readWhole(limit: limit)
    }

    /// Reads the entry of a name whole and checks its CRC-32.
    ///
    /// - Throws: `FileError` when there is none, and as ``read(_:limit:)``.
    public func read(named name: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        guard let entry = entry(named: name) else {
            throw FileError(.missing, "\(path): no entry \(name.quoted) in this archive")
        }
        return try read(entry, limit: limit)
    }

    /// Starts reading an entry piece by piece.
    ///
    /// - Throws: `FileError` when it is of a kind that is not read, or its header is damaged.
    public func open(_ entry: ZipEntry) throws(FileError) -> ZipEntrySource {
        try ZipEntrySource(entry, in: file)
    }

    /// Where the content of a stored entry lies in the archive file; nil for a compressed one.
    ///
    /// - Throws: `FileError` when the entry's header is damaged.
    public func place(of entry: ZipEntry) throws(FileError) -> FilePlace? {
        try Self.place(of: entry, in: file)
    }

    /// Where the content of a stored entry lies in an archive file; nil for a compressed one.
    ///
    /// - Throws: as ``place(of:)``.
    public static func place(
        of entry: ZipEntry, in file: RandomAccessFile
    ) throws(FileError) -> FilePlace? {
        guard entry.method == .stored, !entry.isEncrypted else { return nil }
        return try ZipEntrySource.place(of: entry, in: file)
    }

    /// Reads an entry whole without reading the archive's list of entries.
    ///
    /// - Parameters:
    ///   - entry: an entry that an archive at this path listed.
    ///   - path: the archive.
    ///   - limit: the largest content to read, in bytes.
    /// - Throws: as ``read(_:limit:)``.
    public static func read(
        _ entry: ZipEntry, inArchive path: String, limit: Int = 1 << 30
    ) throws(FileError) -> [UInt8] {
        try open(entry, inArchive: path).readWhole(limit: limit)
    }

    /// Starts reading an entry piece by piece without reading the archive's list of entries.
    ///
    /// - Throws: as ``open(_:)``.
    public static func open(
        _ entry: ZipEntry, inArchive path: String
    ) throws(FileError) -> ZipEntrySource {
        try ZipEntrySource(entry, in: RandomAccessFile(path: path))
    }
}
