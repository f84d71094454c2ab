#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An empty file that processes hold while they use what it stands for.
///
/// Any number of them hold it at the same time; the system lets go for those that are killed. Its time
/// of modification is that of the last beginning of a use.
package final class UseMark {
    private let descriptor: Int32

    /// Holds the file, which is made if need be; `nil` where the file system has no such thing.
    package init?(_ path: String) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_SH) == 0 else {
            close(descriptor)
            return nil
        }
        _ = futimens(descriptor, nil)
        self.descriptor = descriptor
    }

    /// Unlocks by name: a process that is just being started holds the descriptor for a moment too.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Whether somebody holds the file, or whether that cannot be found out.
    package static func isHeld(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return errno != ENOENT }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0
    }
}
