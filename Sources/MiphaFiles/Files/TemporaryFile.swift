#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file under a temporary name beside its target, which it replaces on `commit()`.
///
/// Released without commit it is removed.
package final class TemporaryFile {
    package let path: String
    package let temporaryPath: String
    package private(set) var descriptor: Int32
    private var isCommitted = false

    package init(replacing path: String) throws(FileError) {
        let name = FileSystem.name(of: path)
        guard !name.isEmpty, FileSystem.kind(path) != .folder else {
            throw FileError(.system, "cannot write \(path): expected a file, found a folder")
        }
        if let found = FileSystem.irregularKind(path) {
            throw FileError(
                .system,
                "cannot write \(path): expected a regular file or a new name, found \(found); give "
                    + "another name")
        }
        let folder = FileSystem.folder(of: path)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<16 {
            let mark = String(generator.next() as UInt64, radix: 36)
            let candidate = FileSystem.join(folder, ".\(name.prefix(100)).\(mark).partial")
            let descriptor = unsafe open(
                candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                self.path = path
                self.temporaryPath = candidate
                self.descriptor = descriptor
                return
            }
            guard errno == EEXIST else { throw FileSystem.failure("create", path, errno) }
        }
        throw FileSystem.failure("create", path, EEXIST)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isCommitted { FileSystem.remove(temporaryPath) }
    }

    package func write(_ bytes: RawSpan) throws(FileError) {
        try FileSystem.write(bytes, to: descriptor, path: path)
    }

    package func write(_ bytes: [UInt8]) throws(FileError) {
        try unsafe write(bytes.span.bytes)
    }

    /// Brings the bytes to the disk and closes the file, still under its temporary name.
    package func seal() throws(FileError) {
        guard descriptor >= 0 else { return }
        try FileSystem.flush(descriptor, path: path)
        let result = close(descriptor)
        descriptor = -1
        guard result == 0 || errno == EINTR else {
            throw FileSystem.failure("close", path, errno)
        }
    }

    /// Gives the file its name, replacing a file of that name.
    package func commit() throws(FileError) {
        try seal()
        try FileSystem.rename(temporaryPath, to: path)
        isCommitted = true
        try FileSystem.flush(FileSystem.folder(of: path))
    }
}
