import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// Inside the enumeration its own functions of these names would be found first.
private func systemRead(_ file: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(file, start, count)
}

private func systemWrite(_ file: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
    unsafe write(file, start, count)
}

private func systemRename(_ source: String, _ target: String) -> Int32 {
    unsafe rename(source, target)
}

/// The calls to the operating system that this library needs, with errors in words.
package enum FileSystem {
    package enum Kind {
        case file, folder, other
    }

    package static func failure(_ action: String, _ path: String, _ code: Int32) -> FileError {
        let reason = unsafe String(cString: strerror(code))
        return FileError(.system, "cannot \(action) \(path): \(reason)")
    }

    /// The same for an error of Foundation, in the operating system's words where it has them.
    private static func failure(_ action: String, _ path: String, _ error: any Error) -> FileError {
        if let reason = (error as? CocoaError)?.underlying as? POSIXError {
            return failure(action, path, reason.code.rawValue)
        }
        return FileError(.system, "cannot \(action) \(path): \(error.localizedDescription)")
    }

    /// What a path leads to, symbolic links followed; nil when nothing.
    package static func kind(_ path: String) -> Kind? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return kind(status)
    }

    /// Whether a path surely leads to nothing, and is not just out of reach.
    package static func isMissing(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR)
    }

    private static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
    }

    /// Opens a regular file and gives its descriptor and its size in bytes.
    package static func openFile(_ path: String) throws(FileError) -> (descriptor: Int32, size: Int)
    {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            guard code == ENOENT else { throw failure("open", path, code) }
            throw FileError(.missing, "cannot open \(path): no such file")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw failure("examine", path, code)
        }
        guard kind(status) == .file else {
            close(descriptor)
            let found = kind(status) == .folder ? "a folder" : "a device, pipe or socket"
            throw FileError(
                .system, "cannot read \(path): expected a regular file, found \(found)")
        }
        return (descriptor, Int(status.st_size))
    }

    /// Number of bytes of a regular file.
    package static func size(_ path: String) throws(FileError) -> Int {
        let (descriptor, size) = try openFile(path)
        close(descriptor)
        return size
    }

    /// Reads a whole file of at most `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let (descriptor, size) = try openFile(path)
        defer { close(descriptor) }
        guard size <= limit else {
            throw FileError(
                .system, "cannot read \(path): \(size) bytes, the limit is \(limit)")
        }
        var code: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let start = unsafe buffer.baseAddress?.advanced(by: count)
                let got = unsafe systemRead(descriptor, start, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { code = errno }
                guard got > 0 else { return }
                count += got
            }
        }
        guard code == 0 else { throw failure("read", path, code) }
        return bytes
    }

    /// Reads up to `count` bytes; 0 at the end of the file.
    package static func read(
        _ descriptor: Int32, path: String, into start: UnsafeMutablePointer<UInt8>, count: Int
    ) throws(FileError) -> Int {
        while true {
            let got = unsafe systemRead(descriptor, start, min(count, 1 << 30))
            if got >= 0 { return got }
            guard errno == EINTR else { throw failure("read", path, errno) }
        }
    }

    /// Writes all bytes to a descriptor, however the system cuts the pieces.
    package static func write(
        _ bytes: RawSpan, to descriptor: Int32, path: String
    ) throws(FileError) {
        try unsafe bytes.withUnsafeBytes { (buffer) throws(FileError) in
            var rest = unsafe buffer[...]
            while let start = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                unsafe !rest.isEmpty
            {
                // Linux writes at most 0x7FFFF000 bytes a call.
                let count = unsafe systemWrite(descriptor, start, min(rest.count, 1 << 30))
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw failure("write", path, errno) }
                guard count > 0 else { throw failure("write", path, ENOSPC) }
                unsafe rest = rest.dropFirst(count)
            }
        }
    }

    /// Waits until a file's bytes are on the disk.
    package static func flush(_ descriptor: Int32, path: String) throws(FileError) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw failure("flush", path, errno) }
        }
    }

    /// Opens a file or folder to flush it.
    package static func flush(_ path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path, errno) }
        defer { close(descriptor) }
        // Some file systems cannot flush folders and say so.
        while fsync(descriptor) != 0 {
            if errno == EINVAL || errno == ENOTSUP { return }
            guard errno == EINTR else { throw failure("flush", path, errno) }
        }
    }

    package static func rename(_ source: String, to target: String) throws(FileError) {
        guard systemRename(source, target) == 0 else {
            throw failure("rename \(source) to", target, errno)
        }
    }

    /// Removes a file.
    ///
    /// - Returns: whether it was there and this call removed it.
    @discardableResult
    package static func remove(_ path: String) -> Bool {
        unsafe unlink(path) == 0
    }

    /// Removes a folder if nothing is in it.
    package static func removeEmptyFolder(_ path: String) {
        _ = unsafe rmdir(path)
    }

    package static func removeTree(_ path: String) throws(FileError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw failure("remove", path, error)
        }
    }

    package static func createFolder(_ path: String) throws(FileError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw failure("create folder", path, error)
        }
    }

    /// The names in a folder, sorted.
    package static func list(_ path: String) throws(FileError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw failure("list folder", path, error)
        }
    }

    package static func join(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        return folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// A path that is absolute, or starts from a folder; from the working directory when that is empty.
    package static func path(_ path: String, from folder: String) -> String {
        path.hasPrefix("/") ? path : join(folder, path)
    }

    /// The folder part of a path, "." when there is none.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        let folder = path[..<slash]
        return folder.isEmpty ? "/" : String(folder)
    }

    package static func name(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }
}
