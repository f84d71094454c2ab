#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where bytes come from, in order: an open file, an array, or any other source.
final class FileSource {
    private enum Origin {
        case file(Int32, path: String)
        case array([UInt8])
        case source
    }

    private let origin: Origin
    private var taken = 0
    private var source: any ByteSource = ArrayByteSource([])

    init(path: String) throws(FileError) {
        origin = .file(try FileSystem.openFile(path).descriptor, path: path)
    }

    init(_ bytes: [UInt8]) {
        origin = .array(bytes)
    }

    init(_ source: any ByteSource) {
        origin = .source
        self.source = source
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
        case .source:
            let bytes = try source.read(upTo: count)
            unsafe bytes.withUnsafeBufferPointer { all in
                guard let start = all.baseAddress else { return }
                unsafe target.update(from: start, count: all.count)
            }
            return bytes.count
        }
    }
}
