import MiphaFiles
import MiphaTestSupport
import Testing

struct ZipWriterTests {
    @Test func `what is written is read back`() throws {
        let folder = try TemporaryFolder()
        var generator = SplitMix64(seed: 3)
        var contents: [(name: String, bytes: [UInt8], isDeflated: Bool)] = [
            ("empty", [], true), ("empty stored", [], false), ("a/b/ü 中.txt", [1, 2, 3], true),
        ]
        for index in 0..<30 {
            let count = Int.random(in: 0...70_000, using: &generator)
            let spread = UInt8.random(in: 1...255, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...spread, using: &generator) }
            contents.append(("item \(index)", bytes, index % 3 != 0))
        }
        var writer = ZipWriter()
        var again = ZipWriter()
        for item in contents {
            try writer.add(item.name, item.bytes, isDeflated: item.isDeflated)
            try again.add(item.name, item.bytes, isDeflated: item.isDeflated)
        }
        let bytes = try writer.finished()
        #expect(try again.finished() == bytes)
        try AtomicFile.write(bytes, to: folder.file("a.zip"))
        let archive = try ZipArchive(path: folder.file("a.zip"))
        #expect(archive.entries.map(\.name) == contents.map(\.name))
        for item in contents {
            let entry = try #require(archive.entry(named: item.name))
            #expect(try archive.read(entry) == item.bytes)
            #expect(item.isDeflated || entry.method == .stored)
        }
    }

    @Test func `an archive without entries is one`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(try ZipWriter().finished(), to: folder.file("a.zip"))
        #expect(try ZipArchive(path: folder.file("a.zip")).entries.isEmpty)
    }

    @Test(arguments: ["", "/a", "a/", "a//b", "../a", "a/..", "a\\b", "./a", "a\0b"])
    func `a name that would be changed or refused in reading is refused`(name: String) {
        var writer = ZipWriter()
        #expect(fileFailure { try writer.add(name, []) } != nil)
    }

    @Test func `a name twice is refused, but for other bytes of the same letters`() throws {
        var writer = ZipWriter()
        try writer.add("é", [1])
        try writer.add("e\u{301}", [2])
        #expect(fileFailure { try writer.add("é", [3]) }?.code == .invalidRequest)
    }
}
