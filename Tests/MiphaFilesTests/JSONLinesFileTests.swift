import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

struct JSONLinesFileTests {
    @Test func `a file appears on commit and replaces the one before`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.jsonl")
        try AtomicFile.write("old", to: path)
        let file = try JSONLinesFile(replacing: path)
        try file.write(["a": 1])
        try file.write(["b": .string(String(repeating: "x", count: 100_000))])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        try file.commit()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2 && lines[0] == #"{"a":1}"#)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.jsonl"])
    }

    @Test func `without commit the target stays and nothing is left behind`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.jsonl")
        try AtomicFile.write("old", to: path)
        do {
            let file = try JSONLinesFile(replacing: path)
            try file.write(["a": 1])
            #expect(throws: FileError.self) { try file.write(.double(.nan)) }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.jsonl"])
    }

    @Test func `links and other spellings lead to the same file`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try AtomicFile.write("x", to: path)
        let link = folder.file("b")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(FileSystem.identity(link) == FileSystem.identity(path))
        #expect(FileSystem.identity(folder.file("c")) == nil)
        #expect(FileSystem.isInside(folder.file("new"), folder: folder.path + "/."))
        #expect(!FileSystem.isInside(folder.path + "x", folder: folder.path))
    }
}
