import MiphaFiles
import MiphaTestSupport
import Testing

struct ByteSourceTests {
    @Test func `a file is read in pieces, and a copy goes on by itself`() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<1000).map { UInt8($0 % 251) }
        try AtomicFile.write(bytes, to: folder.file("a"))
        var source = try FileByteSource(path: folder.file("a"))
        #expect(try source.read(upTo: 300) == Array(bytes[..<300]))
        var copy = source
        #expect(try source.read(upTo: 5000) == Array(bytes[300...]))
        #expect(try source.read(upTo: 1).isEmpty)
        #expect(try copy.read(upTo: 10) == Array(bytes[300..<310]))
        var array = ArrayByteSource(bytes)
        #expect(try array.readAll(limit: 1000, name: "a") == bytes)
        #expect(try array.read(upTo: 10).isEmpty)
    }

    @Test func `a part of a file ends where it should`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("0123456789", to: folder.file("a"))
        let file = try RandomAccessFile(path: folder.file("a"))
        var part = try FileByteSource(file, place: FilePlace(offset: 2, length: 3))
        #expect(try part.read(upTo: 9) == Array("234".utf8))
        #expect(try part.read(upTo: 9).isEmpty)
        let places = [(-1, 2), (0, 11), (11, 0), (10, 1), (2, .max), (.max, .max), (0, -1)]
        for (offset, length) in places {
            let place = FilePlace(offset: offset, length: length)
            #expect(fileFailure { _ = try file.read(place) } != nil)
            #expect(fileFailure { _ = try FileByteSource(file, place: place) } != nil)
        }
    }

    @Test func `a file that became shorter is an error`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("0123456789", to: folder.file("a"))
        let file = try RandomAccessFile(path: folder.file("a"))
        #expect(folder.truncate("a", to: 4))
        let error = fileFailure { _ = try file.read(FilePlace(offset: 0, length: 10)) }
        #expect(error?.message.contains("it ends at byte 4") == true)
    }
}
