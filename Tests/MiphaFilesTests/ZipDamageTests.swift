import MiphaFiles
import MiphaTestSupport
import Testing

struct ZipDamageTests {
    /// A change to a sound archive, and a piece of the message it must give.
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let message: String
        let change: @Sendable (inout CraftedZip) -> Void

        init(
            _ name: String, _ message: String,
            _ change: @escaping @Sendable (inout CraftedZip) -> Void
        ) {
            testDescription = name
            self.message = message
            self.change = change
        }
    }

    static func field(_ values: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.little(1, 2)
        bytes.little(values.count * 8, 2)
        for value in values { bytes.little(value, 8) }
        return bytes
    }

    static func locator(offset: Int, disks: Int = 1, disk: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.little(0x0706_4B50, 4)
        bytes.little(disk, 4)
        bytes.little(offset, 8)
        bytes.little(disks, 4)
        return bytes
    }

    static let damages: [Damage] = [
        Damage("wrong CRC", "CRC-32 is 3610a686, expected 1") { $0.crc = 1 },
        Damage("encrypted", "is encrypted") { $0.flags = 1 },
        Damage("strongly encrypted", "is encrypted") { $0.flags = 0x41 },
        Damage("local flag of encryption only", "contradicts") { $0.localFlags = 1 },
        Damage("encrypted list", "list of entries is encrypted") { $0.flags = 0x2000 },
        Damage("unknown method", "method 93 (Zstandard)") { $0.method = 93 },
        Damage("unheard-of method", "method 77;") { $0.method = 77 },
        Damage("methods differ", "contradicts") { $0.localMethod = 8 },
        Damage("not deflate", "not a valid deflate stream") { $0.method = 8 },
        Damage("deflate stream too short", "is cut off") {
            $0.method = 8
            $0.content = [0x4A, 0x4C]
            $0.size = 5
        },
        Damage("deflate ends early", "ends after 2 of 3 bytes") {
            $0.method = 8
            $0.content = [0x4B, 0x4C, 0x02, 0x00]
            $0.size = 3
        },
        Damage("deflate goes on", "larger than the 1 bytes") {
            $0.method = 8
            $0.content = [0x4B, 0x4C, 0x02, 0x00]
            $0.size = 1
        },
        Damage("empty deflate", "is cut off") {
            $0.method = 8
            $0.content = []
        },
        Damage("a bomb's size", "deflate cannot hold") {
            $0.method = 8
            $0.size = 0x7FFF_FFFF
        },
        Damage("stored sizes differ", "stored in 5 bytes and declares 6") { $0.size = 6 },
        Damage("over the limit", "stored in 5 bytes and declares") { $0.size = 1 << 30 },
        Damage("content beyond the list", "does not lie before") {
            $0.compressedSize = 500
            $0.size = 500
        },
        Damage("content into the list", "are not within the file") {
            $0.compressedSize = 43
            $0.size = 43
            $0.localNameSize = 0xFFFF
        },
        Damage("header elsewhere", "has no header at byte 1") { $0.offset = 1 },
        Damage("header beyond", "does not lie before") { $0.offset = 5000 },
        Damage("no local header", "has no header") { $0.localSignature = 0x0403_4B51 },
        Damage("no record", "not a zip entry") { $0.signature = 0x0201_4B51 },
        Damage("name too long", "reaches beyond the list") { $0.nameSize = 400 },
        Damage("extra too long", "reaches beyond the list") { $0.extraSize = 400 },
        Damage("comment too long", "reaches beyond the list") { $0.commentSize = 1 },
        Damage("entry of another disk", "split archive") { $0.disk = 1 },
        Damage("split", "split archive") { $0.endDisk = 1 },
        Damage("counts differ", "split archive") { $0.countHere = 2 },
        Damage("too many entries", "2 entries cannot be listed") { $0.count = 2 },
        Damage("65,535 entries", "65535 entries cannot be listed") { $0.count = 0xFFFF },
        Damage("list too long", "does not lie before its end") { $0.directorySize = 5000 },
        Damage("list too far", "does not lie before its end") { $0.directoryOffset = 44 },
        Damage("list too short", "1 entries cannot be listed") { $0.directorySize = 45 },
        Damage("list cut", "entry 1 of the list is not a zip entry") { $0.directorySize = 50 },
        Damage("no end", "no end record") { $0.endSignature = 0x0605_4B51 },
        Damage("end cut off", "no end record") { $0.endCommentSize = 1 },
        Damage("upwards", "leads out of the archive") { $0.name = Array("a/../b".utf8) },
        Damage("upwards, Windows", "leads out of the archive") { $0.name = Array("..\\b".utf8) },
        Damage("zero byte", "holds a zero byte") { $0.name = Array("a\0b".utf8) },
        Damage("not UTF-8", "flagged as UTF-8 and is not") {
            $0.name = [0x61, 0xFF]
            $0.flags = 0x800
        },
        Damage("zip64 field missing", "does not lie before") {
            $0.compressedSize = 0xFFFF_FFFF
            $0.size = 0xFFFF_FFFF
        },
        Damage("zip64 field too short", "zip64 field of entry 1") {
            $0.extra = Self.field([5])
            $0.compressedSize = 0xFFFF_FFFF
            $0.size = 0xFFFF_FFFF
        },
        Damage("zip64 size beyond Int", "zip64 field of entry 1") {
            $0.extra = Self.field([-1, 5])
            $0.compressedSize = 0xFFFF_FFFF
            $0.size = 0xFFFF_FFFF
        },
        Damage("zip64 sum beyond Int", "does not lie before") {
            $0.extra = Self.field([.max, .max])
            $0.compressedSize = 0xFFFF_FFFF
            $0.size = 0xFFFF_FFFF
        },
        Damage("zip64 end nowhere", "no zip64 end record at byte 12") {
            $0.beforeEnd = Self.locator(offset: 12)
            $0.count = 0xFFFF
        },
        Damage("zip64 end beyond Int", "points beyond the file") {
            $0.beforeEnd = Self.locator(offset: -1)
            $0.count = 0xFFFF
        },
        Damage("zip64 split", "split archive") {
            $0.beforeEnd = Self.locator(offset: 12, disks: 2)
            $0.count = 0xFFFF
        },
    ]

    @Test(arguments: damages)
    func `a damaged archive is an error that says what is wrong`(damage: Damage) throws {
        var zip = CraftedZip()
        damage.change(&zip)
        let error = fileFailure { _ = try zip.read() }
        #expect(error?.message.contains(damage.message) == true, "\(error?.message ?? "no error")")
    }

    @Test func `the sound archive is read`() throws {
        #expect(try CraftedZip().read() == ["file.txt": Array("hello".utf8)])
        var large = CraftedZip()
        large.extra = [9, 0, 2, 0, 1, 1] + Self.field([5, 5])
        large.compressedSize = 0xFFFF_FFFF
        large.size = 0xFFFF_FFFF
        #expect(try large.read() == ["file.txt": Array("hello".utf8)])
        var trailing = CraftedZip()
        trailing.after = Array("trailing bytes".utf8)
        #expect(try trailing.read() == ["file.txt": Array("hello".utf8)])
    }

    @Test func `what is no archive is said to be none`() throws {
        let folder = try TemporaryFolder()
        for bytes in [[], [0x50], Array("PK\u{3}\u{4} but no more, whatever its length".utf8)] {
            let error = fileFailure { _ = try CraftedZip.read(bytes, in: folder) }
            #expect(error?.code == .malformedFile)
        }
        #expect(fileFailure { _ = try ZipArchive(path: folder.path) }?.code == .system)
        #expect(fileFailure { _ = try ZipArchive(path: folder.file("none")) }?.code == .missing)
    }

    @Test func `every cut of an archive is an error`() throws {
        let folder = try TemporaryFolder()
        let bytes = try RandomAccessFile(
            path: PackagePaths.fixture("oracles/zip/zip64.zip"))
        let whole = try bytes.read(FilePlace(offset: 0, length: bytes.size))
        for count in stride(from: 0, to: whole.count, by: 13) {
            #expect(throws: FileError.self) {
                _ = try CraftedZip.read(Array(whole[..<count]), in: folder)
            }
        }
    }

    @Test(arguments: ["plain", "zip64", "descriptors"])
    func `changed bytes give an error or the same contents, never a trap`(name: String) throws {
        let folder = try TemporaryFolder()
        let file = try RandomAccessFile(path: PackagePaths.fixture("oracles/zip/\(name).zip"))
        let whole = try file.read(FilePlace(offset: 0, length: file.size))
        let contents = Set(try CraftedZip.read(whole, in: folder).values)
        var generator = SplitMix64(seed: 17)
        var errors = 0
        for _ in 0..<1500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                // Headers are at the front and at the end.
                let near = Bool.random(using: &generator)
                let range = near ? bytes.count * 2 / 3..<bytes.count : 0..<bytes.count
                let position = Int.random(in: range, using: &generator)
                bytes[position] =
                    Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator) : 0xFF
            }
            do {
                let found = try CraftedZip.read(bytes, in: folder)
                #expect(contents.isSuperset(of: found.values))
            } catch is FileError {
                errors += 1
            }
        }
        #expect(errors > 500)
    }
}
