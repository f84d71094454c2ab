#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A stretch of bytes in a file.
public struct FilePlace: Sendable, Hashable {
    /// The position of the first byte, from 0.
    public let offset: Int
    /// The number of bytes.
    public let length: Int

    /// Names a stretch.
    public init(offset: Int, length: Int) {
        self.offset = offset
        self.length = length
    }
}

/// An open regular file that is read at any position by any number of readers at once.
public final class RandomAccessFile: Sendable {
    /// The path it was opened with.
    public let path: String
    /// The number of bytes when it was opened.
    public let size: Int
    private let descriptor: Int32

    /// Opens a file.
    ///
    /// - Throws: `FileError` when there is none, it is not a regular file, or it may not be read.
    public init(path: String) throws(FileError) {
        let (descriptor, size) = try FileSystem.openFile(path)
        self.path = path
        self.size = size
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The position behind a stretch of the file.
    ///
    /// - Throws: `FileError` when the stretch is not within the file.
    func end(of place: FilePlace) throws(FileError) -> Int {
        guard place.offset >= 0, place.length >= 0, place.offset <= size,
            place.length <= size - place.offset
        else {
            throw FileError(
                .malformedFile,
                "\(path): \(place.length) bytes at \(place.offset) are not within the file of "
                    + "\(size) bytes")
        }
        return place.offset + place.length
    }

    /// Reads a stretch whole.
    ///
    /// - Throws: `FileError` when it is not within the file, or the system cannot read.
    public func read(_ place: FilePlace) throws(FileError) -> [UInt8] {
        _ = try end(of: place)
        var failure: FileError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: place.length) { buffer, count in
            do throws(FileError) {
                let part = unsafe UnsafeMutableBufferPointer(
                    start: buffer.baseAddress, count: place.length)
                try unsafe fill(part, at: place.offset)
                count = place.length
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills a buffer from a position.
    func fill(
        _ buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int
    ) throws(FileError) {
        var count = 0
        while count < buffer.count {
            let start = unsafe buffer.baseAddress?.advanced(by: count)
            let wanted = min(buffer.count - count, 1 << 30)
            let got = unsafe pread(descriptor, start, wanted, off_t(offset + count))
            if got < 0 && errno == EINTR { continue }
            if got < 0 { throw FileSystem.failure("read", path, errno) }
            guard got > 0 else {
                throw FileError(
                    .system,
                    "cannot read \(path): it ends at byte \(offset + count), it had \(size) bytes "
                        + "when it was opened")
            }
            count += got
        }
    }
}
