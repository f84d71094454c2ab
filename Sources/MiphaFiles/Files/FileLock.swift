import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A lock on a file that one owner has at a time; the system takes it back when the process ends.
///
/// On a file system without locks everybody has it.
package final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock of a file, which is made if need be.
    ///
    /// - Returns: `nil` when another owner has it.
    package init?(path: String) throws(FileError) {
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileSystem.failure("open", path, errno) }
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                close(file)
                return nil
            default:
                // No locks here.
                descriptor = Mutex(file)
                return
            }
        }
        descriptor = Mutex(file)
    }

    deinit {
        release()
    }

    /// Gives the lock back.
    ///
    /// It is unlocked by name: a process that is just being started holds the descriptor for a moment
    /// too.
    package func release() {
        descriptor.withLock { descriptor in
            guard let file = descriptor else { return }
            _ = flock(file, LOCK_UN)
            close(file)
            descriptor = nil
        }
    }
}
