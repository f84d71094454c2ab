import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A lock on a file that one owner has at a time, or that several share; the system takes it back when
/// the process ends.
///
/// On a file system without locks everybody has it.
package final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock of a file, which is made if need be; its time of modification is then now.
    ///
    /// - Parameter isShared: whether any number of owners may have it who say the same; an owner who does not
    ///   is waited for.
    /// - Returns: `nil` when another owner has it.
    package init?(path: String, isShared: Bool = false) throws(FileError) {
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw FileSystem.failure("open", path, errno) }
        _ = futimens(file, nil)
        while flock(file, isShared ? LOCK_SH : LOCK_EX | LOCK_NB) != 0 {
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

    /// Whether somebody has the lock of a file, or whether that cannot be found out.
    ///
    /// Another process that asks the same at this moment has it for an instant, so that a lock is held only
    /// when it is so several times.
    package static func isHeld(_ path: String) -> Bool {
        let file = unsafe open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return errno != ENOENT }
        defer { close(file) }
        for _ in 0..<4 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 {
                // Not left to closing: a process that is being started has the descriptor, too.
                flock(file, LOCK_UN)
                return false
            }
            usleep(500)
        }
        return true
    }

    /// Whether the file that is locked is the one that `path` names.
    ///
    /// Another process may have removed it between its opening and its locking.
    package func isOf(_ path: String) -> Bool {
        descriptor.withLock { descriptor in
            guard let file = descriptor else { return false }
            var locked = stat(), named = stat()
            guard unsafe fstat(file, &locked) == 0, unsafe stat(path, &named) == 0 else {
                return false
            }
            return locked.st_dev == named.st_dev && locked.st_ino == named.st_ino
        }
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
