import MiphaFiles
import MiphaTestSupport
import Testing

struct FileLockTests {
    @Test func `one owner has a lock, or several who share it`() throws {
        let scratch = try TemporaryFolder()
        let path = scratch.file("lock")
        #expect(!FileLock.isHeld(path))
        let owner = try #require(try FileLock(path: path))
        #expect(try FileLock(path: path) == nil)
        #expect(FileLock.isHeld(path))
        owner.release()
        let sharers = try (0..<2).map { _ in try FileLock(path: path, isShared: true) }
        #expect(sharers.allSatisfy { $0 != nil })
        #expect(try FileLock(path: path) == nil)
        withExtendedLifetime(sharers) {}
    }

    @Test func `a lock knows whether its file was removed`() throws {
        let scratch = try TemporaryFolder()
        let path = scratch.file("lock")
        let lock = try #require(try FileLock(path: path, isShared: true))
        #expect(lock.isOf(path))
        FileSystem.remove(path)
        #expect(!lock.isOf(path))
        try AtomicFile.write("", to: path)
        #expect(!lock.isOf(path))
        lock.release()
        #expect(!lock.isOf(path))
    }
}
