import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

private func systemPath(_ path: String) -> UnsafeMutablePointer<CChar>? {
    unsafe realpath(path, nil)
}

extension FileSystem {
    /// What stands at a path, in words, where that is neither a file, a folder nor a link to one; nil
    /// for those and for nothing.
    package static func irregularKind(_ path: String) -> String? {
        // Standard output, say, is such a link, whatever it leads to at the moment.
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path),
            target.hasPrefix("/proc/") || target.hasPrefix("fd/")
        {
            return "a link to an open file of a process"
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR: return nil
        case S_IFIFO: return "a named pipe"
        case S_IFSOCK: return "a socket"
        default: return "a device"
        }
    }

    /// Which file a path leads to, whatever its names.
    package struct Identity: Hashable, Sendable {
        let device: UInt64
        let node: UInt64
    }

    /// What a path leads to, symbolic links followed; nil when nothing.
    package static func identity(_ path: String) -> Identity? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            node: UInt64(truncatingIfNeeded: status.st_ino))
    }

    /// The absolute path without symbolic links; nil when nothing is there.
    package static func resolved(_ path: String) -> String? {
        guard let start = unsafe systemPath(path) else { return nil }
        defer { unsafe free(start) }
        return unsafe String(cString: start)
    }

    /// Whether a path, which need not exist, lies in a folder or below it.
    package static func isInside(_ path: String, folder: String) -> Bool {
        guard let root = resolved(folder), let parent = resolved(Self.folder(of: path)) else {
            return false
        }
        return parent.hasSameBytes(as: root) || root == "/"
            || Array(parent.utf8).starts(with: Array((root + "/").utf8))
    }
}
