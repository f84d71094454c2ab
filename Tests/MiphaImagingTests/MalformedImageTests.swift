import Foundation
import MiphaImaging
import Testing

@Suite struct MalformedImageTests {
    static let names = (DecodingTests.manifest?.pictures ?? []).map(\.file)

    /// Decodes bytes that may be bad; a result must at least be of a sound size.
    private func decode(_ bytes: [UInt8], _ name: String) -> ImagingError? {
        do throws(ImagingError) {
            let options = DecodeOptions(maximumPixels: 4_000_000, applyOrientation: true)
            let image = try RGBImage(decoding: bytes, name: name, options: options)
            #expect(image.pixels.count == 3 * image.width * image.height)
            return nil
        } catch {
            #expect(error.message.hasPrefix(name))
            return error
        }
    }

    @Test(arguments: names)
    func `a file cut anywhere is an error`(_ name: String) throws {
        let bytes = try TestFolders.bytes(name)
        // The trailer byte of a GIF stands after the first frame, and so do its further frames.
        var needed = bytes.count - 1
        if name.hasSuffix(".gif") { needed = name == "animated.gif" ? needed / 5 : needed - 1 }
        var lengths = Set((0..<24).map { $0 * needed / 24 })
        lengths.formUnion([needed, 1, 2, 3, 11, 12, 13, 20, 33].filter { $0 <= needed })
        for length in lengths {
            let error = decode([UInt8](bytes.prefix(length)), name)
            #expect(error != nil, "\(name) cut to \(length) of \(bytes.count) bytes")
        }
    }

    @Test(arguments: names)
    func `changed bytes never crash`(_ name: String) throws {
        let original = try TestFolders.bytes(name)
        var state = UInt64(original.count) &+ 0x9E37_79B9_7F4A_7C15
        func random(below bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        for round in 0..<40 {
            var bytes = original
            for _ in 0...random(below: 4) {
                // Half of the changes hit the headers.
                let bound = round.isMultiple(of: 2) ? min(64, bytes.count) : bytes.count
                bytes[random(below: bound)] = UInt8(random(below: 256))
            }
            if name.hasSuffix(".png") { bytes = PNGFile.withCheckSums(bytes) }
            _ = decode(bytes, name)
        }
    }

    @Test func `a huge PNG header is refused before memory is taken`() throws {
        let bytes = try TestFolders.bytes("rgb8.png")
        for (width, height) in [(0x7fff_ffff, 0x7fff_ffff), (100_000, 100_000), (13_000, 13_000)] {
            var changed = bytes
            for index in 0..<4 {
                changed[16 + index] = UInt8(truncatingIfNeeded: width >> (24 - 8 * index))
                changed[20 + index] = UInt8(truncatingIfNeeded: height >> (24 - 8 * index))
            }
            changed = PNGFile.withCheckSums(changed)
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(decoding: changed, name: "huge.png")
            }
            #expect([.limit, .truncated, .corrupt].contains(error.code))
            #expect(error.message.hasPrefix("huge.png: PNG: "))
        }
    }

    @Test func `a huge JPEG header is refused before memory is taken`() throws {
        for name in ["rgb444.jpg", "progressive444.jpg", "cmyk.jpg"] {
            var bytes = try TestFolders.bytes(name)
            let frame = try #require(
                (0..<bytes.count - 1).first {
                    bytes[$0] == 0xff && [0xc0, 0xc2].contains(bytes[$0 + 1])
                })
            for index in 5...8 { bytes[frame + index] = 0xfe }
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(decoding: bytes, name: name)
            }
            #expect([.limit, .truncated].contains(error.code))
        }
    }

    @Test func `a huge GIF or WebP canvas is refused`() throws {
        var gif = try TestFolders.bytes("plain.gif")
        for index in 6..<10 { gif[index] = 0xff }
        var webp = try TestFolders.bytes("animated.webp")
        for index in 24..<30 { webp[index] = 0xff }
        for (name, bytes) in [("canvas.gif", gif), ("canvas.webp", webp)] {
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(decoding: bytes, name: name)
            }
            #expect([.limit, .corrupt].contains(error.code))
        }
    }

    @Test func `a JPEG with endless scans is refused`() throws {
        let bytes = try TestFolders.bytes("progressive444.jpg")
        let last = try #require(
            (0..<bytes.count - 1).last { bytes[$0] == 0xff && bytes[$0 + 1] == 0xda })
        let scan = bytes[last..<bytes.count - 2]
        var repeated = [UInt8](bytes[..<last])
        for _ in 0..<300 { repeated.append(contentsOf: scan) }
        repeated.append(contentsOf: [0xff, 0xd9])
        let error = try #require(decode(repeated, "scans.jpg"))
        #expect(error.code == .limit)
        #expect(error.message.contains("scans"))
    }

    @Test func `GIF codes that stand for nothing are an error`() throws {
        func file(_ codes: [UInt8]) -> [UInt8] {
            Array("GIF89a".utf8) + [2, 0, 2, 0, 0x80, 0, 0, 9, 8, 7, 1, 2, 3]
                + [0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, UInt8(codes.count)] + codes + [0, 0x3b]
        }
        // Clear, 1, the string being defined just now, 1, end.
        let good = try RGBImage(decoding: file([0x8c, 0x53]), name: "good.gif")
        #expect(good.pixels == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
        // Clear, then a string that is not defined yet.
        let error = try #require(decode(file([0x3c]), "bad.gif"))
        #expect(error.code == .corrupt)
        #expect(error.message.contains("invalid code"))
        // Clear, 1, end.
        let short = try #require(decode(file([0x4c, 0x01]), "short.gif"))
        #expect(short.message.contains("the frame has 4 pixels, found 1"))
    }

    @Test func `compressed text is never unpacked`() throws {
        let bytes = try TestFolders.bytes("rgb8.png")
        let plain = try RGBImage(decoding: bytes, name: "plain.png")
        // A zTXt chunk whose deflate stream is nonsense, between the header and the data.
        let body = Array("Comment\0\0".utf8) + [UInt8](repeating: 0xa5, count: 500)
        let size = [0, 0, UInt8(body.count >> 8), UInt8(body.count & 255)]
        let chunk = size + Array("zTXt".utf8) + body + [0, 0, 0, 0]
        let changed = PNGFile.withCheckSums(Array(bytes[..<33]) + chunk + Array(bytes[33...]))
        #expect(try RGBImage(decoding: changed, name: "text.png") == plain)
    }

    @Test func `bytes of no known format are an error`() throws {
        for bytes: [UInt8] in [[], [0x42], Array("BM not a bitmap".utf8), Array("RIFF1234".utf8)] {
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(decoding: bytes, name: "file.bin")
            }
            #expect(error.code == .unsupported)
            #expect(error.message.hasPrefix("file.bin: expected a JPEG, PNG, WebP or GIF file"))
        }
    }

    @Test func `a broken picture is reported with its place`() throws {
        let bytes = try TestFolders.bytes("rgb444.jpg")
        let error = try #require(decode([UInt8](bytes.prefix(bytes.count / 2)), "cut.jpg"))
        #expect(error.code == .truncated)
        #expect(error.message.contains("byte \(bytes.count / 2)"))
    }
}

/// Recomputes chunk check sums, so that changed bytes reach the code after the check.
enum PNGFile {
    static func withCheckSums(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        var position = 8
        while position + 12 <= result.count {
            let length = result[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = position + 8 + length
            guard end + 4 <= result.count else { break }
            let sum = checkSum(result[position + 4..<end])
            for index in 0..<4 {
                result[end + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(index)))
            }
            position = end + 4
        }
        return result
    }

    /// CRC-32 as PNG defines it.
    private static func checkSum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum: UInt32 = 0xffff_ffff
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
