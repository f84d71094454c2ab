import MiphaFiles
import MiphaTestSupport
import Testing

struct ZipArchiveTests {
    static let archives = [
        "plain", "comment", "descriptors", "prefix", "zip64", "zip64-prefix",
    ]

    private func expected() throws -> [String: [UInt8]] {
        let json = try JSONValue(contentsOf: PackagePaths.fixture("oracles/zip/expected.json"))
        var result: [String: [UInt8]] = [:]
        for key in try #require(json.objectValue).keys {
            let text = try #require(json[key]?.stringValue)
            result[key] = try Base64.decode(Array(text.utf8))
        }
        return result
    }

    @Test(arguments: archives)
    func `archives of Python's zipfile are read`(name: String) throws {
        let path = PackagePaths.fixture("oracles/zip/\(name).zip")
        let archive = try ZipArchive(path: path)
        let expected = try expected()
        #expect(archive.entries.count == expected.count + 1)
        #expect(archive.entries[0].isFolder)
        #expect(archive.entries[0].name == "folder/")
        for (name, bytes) in expected {
            let entry = try #require(archive.entry(named: name))
            #expect(entry.size == bytes.count)
            #expect(try archive.read(entry) == bytes)
            #expect(try archive.read(named: name) == bytes)
            #expect(try ZipArchive.read(entry, inArchive: path) == bytes)
            for step in [1, 7, 300, 1 << 20] {
                let source = try archive.open(entry)
                var found: [UInt8] = []
                while true {
                    let piece = try source.read(upTo: step)
                    if piece.isEmpty { break }
                    #expect(piece.count <= step)
                    found += piece
                }
                #expect(found == bytes)
                #expect(try source.read(upTo: 5).isEmpty)
            }
        }
    }

    @Test func `the place of a stored entry is where its bytes are`() throws {
        let path = PackagePaths.fixture("oracles/zip/zip64-prefix.zip")
        let archive = try ZipArchive(path: path)
        let expected = try expected()
        var stored = 0
        for entry in archive.entries where !entry.isFolder {
            guard let place = try archive.place(of: entry) else {
                #expect(entry.method == .deflated)
                continue
            }
            stored += 1
            #expect(try RandomAccessFile(path: path).read(place) == expected[entry.name])
        }
        #expect(stored == 2)
    }

    @Test func `methods other than stored and deflate are named`() throws {
        let archive = try ZipArchive(path: PackagePaths.fixture("oracles/zip/methods.zip"))
        #expect(archive.entries.count == 5)
        let bzip = fileFailure { _ = try archive.read(named: "empty.txt") }
        #expect(bzip?.message.contains("method 12 (bzip2)") == true)
        let lzma = fileFailure { _ = try archive.read(named: "stored.bin") }
        #expect(lzma?.message.contains("method 14 (LZMA)") == true)
    }

    @Test func `an entry larger than the limit is not read`() throws {
        let archive = try ZipArchive(path: PackagePaths.fixture("oracles/zip/plain.zip"))
        let entry = try #require(archive.entry(named: "stored.bin"))
        #expect(try archive.read(entry, limit: 768).count == 768)
        let error = fileFailure { _ = try archive.read(entry, limit: 767) }
        #expect(error?.message.contains("larger than the limit of 767") == true)
    }

    @Test func `a folder is no file, and a missing name says so`() throws {
        let archive = try ZipArchive(path: PackagePaths.fixture("oracles/zip/plain.zip"))
        #expect(fileFailure { _ = try archive.read(named: "folder/") }?.code == .invalidRequest)
        #expect(fileFailure { _ = try archive.read(named: "folder") }?.code == .missing)
    }

    @Test func `many tasks read one archive at once`() async throws {
        let archive = try ZipArchive(path: PackagePaths.fixture("oracles/zip/plain.zip"))
        let expected = try expected()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 {
                for (name, bytes) in expected {
                    group.addTask { try archive.read(named: name) == bytes }
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
    }

    @Test func `a file larger than a piece is inflated piece by piece`() throws {
        let folder = try TemporaryFolder()
        var generator = SplitMix64(seed: 5)
        let content = (0..<3_000_000).map { _ in UInt8.random(in: 0..<50, using: &generator) }
        var writer = ZipWriter()
        try writer.add("large.bin", content)
        try AtomicFile.write(try writer.finished(), to: folder.file("large.zip"))
        let archive = try ZipArchive(path: folder.file("large.zip"))
        let entry = archive.entries[0]
        #expect(entry.method == .deflated)
        #expect(entry.compressedSize < 2_400_000)
        #expect(try archive.read(entry) == content)
        var source: any ByteSource = try archive.open(entry)
        #expect(try source.readAll(limit: content.count, name: "large") == content)
        var again: any ByteSource = try archive.open(entry)
        #expect(
            fileFailure { _ = try again.readAll(limit: content.count - 1, name: "large") } != nil)
    }

    @Test func `names are cleaned`() throws {
        let names: [(String, String?)] = [
            ("a\\b\\c.txt", "a/b/c.txt"), ("/a/b", "a/b"), ("./a//b", "a/b"), ("a/./b", "a/b"),
            ("a..b/c.", "a..b/c."), ("...", "..."), ("é.txt", "é.txt"),
        ]
        for (name, clean) in names {
            let found = try CraftedZip(name: Array(name.utf8)).read()
            #expect(found.keys.first == clean)
        }
        #expect(try CraftedZip(name: Array("./".utf8)).read().isEmpty)
    }

    @Test func `names that are not UTF-8 are code page 437`() throws {
        let found = try CraftedZip(name: [0x66, 0x81, 0x72, 0x9B, 0xFF]).read()
        #expect(found.keys.first == "für¢\u{A0}")
    }

    @Test func `of entries with one name the last counts`() throws {
        let first = CraftedZip(content: Array("first".utf8), crc: 0)
        let folder = try TemporaryFolder()
        let one = first.bytes
        // Two local headers and two records by hand.
        let local = Array(one[..<43])
        var record = Array(one[43..<97])
        var other = CraftedZip()
        other.offset = 43
        let second = Array(other.bytes[..<43])
        record += Array(other.bytes[43..<97])
        var end: [UInt8] = []
        end.little(0x0605_4B50, 4)
        end.little(0, 4)
        end.little(2, 2)
        end.little(2, 2)
        end.little(record.count, 4)
        end.little(86, 4)
        end.little(0, 2)
        let path = folder.file("twice.zip")
        try AtomicFile.write(local + second + record + end, to: path)
        let archive = try ZipArchive(path: path)
        #expect(archive.entries.count == 2)
        #expect(try archive.read(named: "file.txt") == Array("hello".utf8))
    }
}
