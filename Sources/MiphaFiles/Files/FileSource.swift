#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where bytes come from, in order: an open file or an array.
final class FileSource {
    private enum Origin {
        case file(Int32, path: String)
        case array([UInt8])
    }

    private let origin: Origin
    private var taken = 0

    init(path: String) throws(FileError) {
        origin = .file(try FileSystem.openFile(path).descriptor, path: path)
    }

    init(_ bytes: [UInt8]) {
        origin = .array(bytes)
    }

    deinit {
        if case .file(let descriptor, _) = origin { close(descriptor) }
    }

    /// Writes up to `count` bytes to `target`.
    ///
    /// - Returns: the number of bytes, 0 at the end.
    func read(into target: UnsafeMutablePointer<UInt8>, count: Int) throws(FileError) -> Int {
        switch origin {
        case .file(let descriptor, let path):
            return try unsafe FileSystem.read(descriptor, path: path, into: target, count: count)
        case .array(let bytes):
            let count = min(count, bytes.count - taken)
            unsafe bytes.withUnsafeBufferPointer { all in
                guard let start = all.baseAddress else { return }
                unsafe target.update(from: start + taken, count: count)
            }
            taken += count
            return count
        }
    }
}
