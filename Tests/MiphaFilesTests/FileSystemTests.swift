import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// Errors of folders in the operating system's words.
struct FileSystemTests {
    @Test func `a folder that cannot be made, listed or removed is told with path and reason`()
        throws
    {
        let scratch = try TemporaryFolder()
        let file = scratch.file("file")
        let absent = scratch.file("absent")
        try AtomicFile.write("x", to: file)
        for (action, path, reason, call) in [
            ("create folder", file, "File exists", FileSystem.createFolder),
            ("create folder", "\(file)/a/b", "Not a directory", FileSystem.createFolder),
            ("list folder", file, "Not a directory", { _ = try FileSystem.list($0) }),
            ("list folder", absent, "No such file or directory", { _ = try FileSystem.list($0) }),
            ("remove", absent, "No such file or directory", FileSystem.removeTree),
        ] as [(String, String, String, (String) throws -> Void)] {
            let error = #expect(throws: FileError.self) { try call(path) }
            #expect(error?.message == "cannot \(action) \(path): \(reason)")
        }
        try FileSystem.createFolder("\(absent)/a/b")
        try FileSystem.createFolder("\(absent)/a/b")
        #expect(try FileSystem.list(absent) == ["a"])
    }
}
