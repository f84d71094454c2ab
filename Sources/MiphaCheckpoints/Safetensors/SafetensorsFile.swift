import MiphaFiles

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A safetensors file, mapped read-only into memory.
///
/// Opening reads and checks the header only; the elements come in from the disk when they are
/// touched. The file must not be changed or cut while it is mapped: the system stops a program
/// that reads a mapped page past the end of its file. (Files written by this library are
/// replaced by renaming, which leaves an old mapping whole.)
@safe public final class SafetensorsFile: Sendable {
    /// How the program is going to use a tensor's bytes.
    public enum Advice: Sendable {
        /// They are needed soon: start to read them.
        case willNeed
        /// They will not be read soon: their memory may be given back.
        case dontNeed
    }

    /// The path that was opened.
    public let path: String
    /// The tensors in the order of their data.
    public let entries: [TensorEntry]
    /// The strings of `__metadata__`.
    public let metadata: [String: String]

    // The mapping is never written and lives as long as this object.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let size: Int
    private let positions: [ExactString: Int]

    /// Maps a file and checks its header.
    ///
    /// - Throws: `CheckpointError` when the file cannot be read or breaks the format; the message
    ///   names file, tensor and byte.
    public init(path: String) throws(CheckpointError) {
        let (descriptor, size) = try CheckpointError.converting { () throws(FileError) in
            try FileSystem.openFile(path)
        }
        defer { close(descriptor) }
        guard size >= 8 else {
            throw CheckpointError(
                .malformedFile,
                "\(path): not a safetensors file: expected at least 8 bytes, found \(size)")
        }
        let mapping = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let base = unsafe mapping, unsafe base != MAP_FAILED else {
            throw CheckpointError(FileSystem.failure("map", path, errno))
        }
        do throws(CheckpointError) {
            let contents = unsafe UnsafeRawBufferPointer(start: base, count: size)
            let header = try unsafe SafetensorsHeader(
                file: path, contents: contents.bytes, fileSize: size)
            var positions: [ExactString: Int] = [:]
            positions.reserveCapacity(header.entries.count)
            for (position, entry) in header.entries.enumerated() {
                positions[ExactString(entry.name)] = position
            }
            self.path = path
            self.entries = header.entries
            self.metadata = header.metadata
            unsafe self.base = base
            self.size = size
            self.positions = positions
        } catch {
            _ = unsafe munmap(base, size)
            throw error
        }
    }

    deinit {
        _ = unsafe munmap(base, size)
    }

    /// The tensor of that name, compared by bytes.
    public func entry(_ name: String) -> TensorEntry? {
        positions[ExactString(name)].map { entries[$0] }
    }

    /// The tensor of that name.
    ///
    /// - Throws: `CheckpointError` when the file has none.
    public func requiredEntry(_ name: String) throws(CheckpointError) -> TensorEntry {
        guard let entry = entry(name) else {
            throw CheckpointError(.missing, "\(path): no tensor \(name.quoted)")
        }
        return entry
    }

    /// The size of all elements in bytes.
    public var totalBytes: Int { entries.reduce(0) { $0 + $1.byteCount } }

    /// The address of a tensor's first byte, valid while this object lives.
    ///
    /// The address is a multiple of the element size only if ``TensorEntry/isAligned``. The pages
    /// are read-only: writing through the pointer stops the program.
    ///
    /// - Precondition: `entry` comes from this file.
    public func pointer(of entry: TensorEntry) -> UnsafeRawPointer {
        precondition(entry.byteRange.upperBound <= size, "entry of another file")
        return unsafe UnsafeRawPointer(base + entry.byteRange.lowerBound)
    }

    /// Calls `body` with a tensor's bytes, which must not escape it.
    ///
    /// - Precondition: `entry` comes from this file.
    public func withBytes<Result>(
        of entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(
            UnsafeRawBufferPointer(start: pointer(of: entry), count: entry.byteCount))
    }

    /// Calls `body` with a tensor's bytes as a span.
    ///
    /// - Precondition: `entry` comes from this file.
    public func withSpan<Result, Failure: Error>(
        of entry: TensorEntry, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = unsafe UnsafeRawBufferPointer(
            start: pointer(of: entry), count: entry.byteCount)
        return try unsafe body(buffer.bytes)
    }

    /// Whether two tensors have the same type, shape and bytes.
    ///
    /// - Precondition: `entry` comes from this file, and `otherEntry` from the other.
    public func holdsSame(
        _ entry: TensorEntry, as otherEntry: TensorEntry, of other: SafetensorsFile
    ) -> Bool {
        guard entry.scalarType == otherEntry.scalarType, entry.shape == otherEntry.shape else {
            return false
        }
        return unsafe memcmp(
            pointer(of: entry), other.pointer(of: otherEntry), entry.byteCount) == 0
    }

    /// Advises the system how the bytes of a tensor will be used.
    ///
    /// Useful before a copy to a device (`willNeed`) and after it (`dontNeed`). Has no effect on
    /// what is read.
    public func advise(_ advice: Advice, for entry: TensorEntry) {
        guard entry.byteCount > 0 else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        var start = entry.byteRange.lowerBound
        var end = entry.byteRange.upperBound
        switch advice {
        case .willNeed:
            start -= start % page
        case .dontNeed:
            // Pages shared with a neighbour stay.
            start += (page - start % page) % page
            end -= end % page
        }
        guard start < end, end <= size else { return }
        let flag = advice == .willNeed ? MADV_WILLNEED : MADV_DONTNEED
        _ = unsafe madvise(base + start, end - start, flag)
    }
}
