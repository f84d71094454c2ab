import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

struct AtomicFileTests {
    @Test func `a file is created and replaced`() throws {
        let scratch = try TemporaryFolder()
        try AtomicFile.write("one", to: scratch.file("a"))
        try AtomicFile.write([UInt8](repeating: 7, count: 100_000), to: scratch.file("a"))
        #expect(try bytes(of: scratch.file("a")) == [UInt8](repeating: 7, count: 100_000))
        try AtomicFile.write("", to: scratch.file("a"))
        #expect(try bytes(of: scratch.file("a")).isEmpty)
        #expect(try names(in: scratch) == ["a"])
    }

    @Test func `a name without folder means the current one`() {
        let error = fileError { try AtomicFile.write("x", to: "") }
        #expect(error.code == .system)
    }

    @Test func `a refused write leaves nothing`() throws {
        let scratch = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: scratch.file("d"), withIntermediateDirectories: false)
        _ = try write("x", "f", in: scratch)
        for path in ["d", "none/a", "f/a"] {
            let error = fileError(path) {
                try AtomicFile.write("x", to: scratch.file(path))
            }
            #expect(error.message.contains(scratch.file(path)))
        }
        #expect(try names(in: scratch) == ["d", "f"])
    }

    @Test func `what is no regular file is refused by its kind and stays`() throws {
        let scratch = try TemporaryFolder()
        let made = unsafe mkfifo(scratch.file("pipe"), 0o600)
        try #require(made == 0)
        let links = [
            ("to-pipe", "pipe"), ("device", "/dev/null"), ("output", "/proc/self/fd/1"),
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: scratch.file(name), withDestinationPath: target)
        }
        let cases = [
            ("pipe", "a named pipe"), ("to-pipe", "a named pipe"), ("device", "a device"),
        ]
        for (name, kind) in cases {
            let path = scratch.file(name)
            let error = fileError(name) { try AtomicFile.write("x", to: path) }
            #expect(
                error.message
                    == "cannot write \(path): expected a regular file or a new name, found \(kind); "
                    + "give another name")
        }
        #if os(Linux)
            let error = fileError { try AtomicFile.write("x", to: scratch.file("output")) }
            #expect(error.message.contains("found a link to an open file of a process"))
        #endif
        #expect(
            try names(in: scratch).sorted() == ["device", "output", "pipe", "to-pipe"])
        for (name, target) in links {
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: scratch.file(name))
                    == target)
        }
    }

    @Test func `a link to a regular file, or to nothing, is replaced`() throws {
        let scratch = try TemporaryFolder()
        _ = try write("old", "real", in: scratch)
        for (name, target) in [("link", "real"), ("dangling", "nothing")] {
            try FileManager.default.createSymbolicLink(
                atPath: scratch.file(name), withDestinationPath: target)
            try AtomicFile.write("new", to: scratch.file(name))
            #expect(try bytes(of: scratch.file(name)) == Array("new".utf8))
        }
        #expect(try bytes(of: scratch.file("real")) == Array("old".utf8))
        #expect(try names(in: scratch).sorted() == ["dangling", "link", "real"])
    }

    @Test func `writers of one file at once leave one whole content`() async throws {
        let scratch = try TemporaryFolder()
        let path = scratch.file("a")
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let bytes = [UInt8](repeating: UInt8(number), count: 5000)
                    try? AtomicFile.write(bytes, to: path)
                }
            }
        }
        let bytes = try bytes(of: scratch.file("a"))
        #expect(bytes.count == 5000)
        #expect(Set(bytes).count == 1)
        #expect(try names(in: scratch) == ["a"])
    }

    #if os(Linux)
        @Test func `a full disk is an error and leaves nothing`() throws {
            let scratch = try TemporaryFolder()
            let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
            let error = fileError {
                let file = try TemporaryFile(replacing: scratch.file("out"))
                try #require(dup2(full.fileDescriptor, file.descriptor) >= 0)
                try file.write([UInt8](repeating: 1, count: 100))
            }
            #expect(error.message.contains("cannot write \(scratch.path)/out: No space left"))
            #expect(try names(in: scratch).isEmpty)
        }
    #endif
}

struct AtomicDirectoryTests {
    @Test func `a folder appears whole`() throws {
        let scratch = try TemporaryFolder()
        let target = scratch.file("runs/checkpoint-5")
        let folder = try AtomicDirectory(path: target + "/")
        #expect(folder.path == target)
        #expect(folder.partialPath == target + ".partial")
        try AtomicFile.write("x", to: folder.file("a"))
        try FileManager.default.createDirectory(
            atPath: folder.file("inner"), withIntermediateDirectories: false)
        try AtomicFile.write("y", to: folder.file("inner/b"))
        #expect(!FileManager.default.fileExists(atPath: target))
        try folder.commit()
        #expect(try bytes(of: scratch.file("runs/checkpoint-5/inner/b")) == Array("y".utf8))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.file("runs")) == [
                "checkpoint-5"
            ])
    }

    @Test func `a folder that is dropped goes away`() throws {
        let scratch = try TemporaryFolder()
        do {
            let folder = try AtomicDirectory(path: scratch.file("c"))
            try AtomicFile.write("x", to: folder.file("a"))
            #expect(try names(in: scratch) == ["c.partial"])
        }
        #expect(try names(in: scratch).isEmpty)
    }

    @Test func `what a crash left is removed`() throws {
        let scratch = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: scratch.file("c.partial"), withIntermediateDirectories: false)
        _ = try write("stale", "c.partial/old", in: scratch)
        let folder = try AtomicDirectory(path: scratch.file("c"))
        try folder.commit()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.file("c")).isEmpty)
    }

    @Test func `an existing folder is replaced only on request`() throws {
        let scratch = try TemporaryFolder()
        let path = scratch.file("c")
        let first = try AtomicDirectory(path: path)
        try AtomicFile.write("1", to: first.file("a"))
        try first.commit()
        let refused = fileError {
            let folder = try AtomicDirectory(path: path)
            try folder.commit()
        }
        #expect(refused.message == "cannot create folder \(path): a folder of that name exists")
        let second = try AtomicDirectory(path: path, replacesExisting: true)
        try AtomicFile.write("2", to: second.file("b"))
        try second.commit()
        #expect(try names(in: scratch) == ["c"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["b"])
        _ = try write("x", "f", in: scratch)
        #expect(
            fileError {
                let folder = try AtomicDirectory(
                    path: scratch.file("f"), replacesExisting: true)
                try folder.commit()
            }.message.contains("a file of that name exists"))
    }

    @Test func `a folder that appears meanwhile is not overwritten`() throws {
        let scratch = try TemporaryFolder()
        let error = fileError {
            let folder = try AtomicDirectory(path: scratch.file("c"))
            try FileManager.default.createDirectory(
                atPath: scratch.file("c"), withIntermediateDirectories: false)
            try folder.commit()
        }
        #expect(error.code == .system)
        #expect(try names(in: scratch) == ["c"])
    }
}
