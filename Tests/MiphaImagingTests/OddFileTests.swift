import Foundation
import MiphaImaging
import Testing

/// Files as phones, scanners, browsers and failed downloads leave them.
@Suite struct OddFileTests {
    /// First bytes, and what the message must call them.
    @Test(arguments: [
        ("\0\0\0\u{18}ftypheic\0\0\0\0mif1heic", "a HEIC image, as iPhones write them"),
        ("\0\0\0\u{18}ftypmif1\0\0\0\0heic", "a HEIC image"),
        ("\0\0\0\u{1C}ftypavif\0\0\0\0avif", "an AVIF image"),
        ("\0\0\0\u{18}ftypmp42\0\0\0\0isom", "a video (brand mp42)"),
        ("II*\0\u{8}\0\0\0", "a TIFF image"), ("MM\0*\0\0\0\u{8}", "a TIFF image"),
        ("BM6\0\0\0\0\0", "a BMP image"), ("\0\0\0\u{C}JXL \r\n", "a JPEG XL image"),
        ("\0\0\0\u{C}jP  \r\n", "a JPEG 2000 image"), ("%PDF-1.7\n", "a PDF document"),
        ("\u{FEFF}<!DOCTYPE html><html>", "a web page"), ("\n<html lang=de>", "a web page"),
        ("<?xml version=\"1.0\"?>\n<svg xmlns=", "a drawing (SVG)"), ("<svg width=", "a drawing"),
        ("PK\u{3}\u{4}\u{14}\0", "a zip archive"), ("", "an empty file"),
        ("version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "zeros"), ("no picture", "bytes 6e 6f 20 70"),
    ])
    func `a file of another kind is told by its kind`(start: String, words: String) throws {
        let error = try #require(throws: ImagingError.self) {
            try RGBImage(decoding: Array(start.utf8), name: "a.jpg")
        }
        #expect(error.code == .unsupported)
        #expect(
            error.message.hasPrefix("a.jpg: expected a JPEG, PNG, WebP or GIF file, found "))
        #expect(error.message.contains(words), "\(error.message)")
        let isPicture = ["HEIC", "AVIF", "TIFF", "BMP", "JPEG", "PDF", "SVG"].contains {
            words.contains($0)
        }
        if isPicture { #expect(error.message.hasSuffix("; convert it to one of these")) }
    }

    /// Several images in a file (MPO), gain maps (Ultra HDR), and what cameras append.
    @Test(arguments: ["rgb444.jpg", "progressive420.jpg", "cmyk.jpg", "rgb8.png", "plain.gif"])
    func `what stands behind the first picture of a file changes nothing`(name: String) throws {
        let bytes = try TestFolders.bytes(name)
        let alone = try RGBImage(decoding: bytes, name: name)
        for tail in [try TestFolders.bytes("low.jpg"), [0], Array("\r\n\r\nSEFT".utf8)] {
            #expect(try RGBImage(decoding: bytes + tail, name: name) == alone)
        }
    }

    @Test(arguments: [
        ("orientation6.jpg", "orientation 6"), ("orientation6.png", "orientation 6"),
        ("orientation8.webp", "orientation 8"), ("grey16.png", "16-bit grey"),
        ("grey16-interlaced.png", "16-bit grey"), ("animated.gif", "first image"),
        ("animated.webp", "first image"), ("orientation1.jpg", ""), ("rgb16.png", ""),
        ("grey8.png", ""), ("plain.gif", ""), ("lossy.webp", ""), ("greyalpha16.png", ""),
    ])
    func `what viewers show otherwise is told`(name: String, words: String) throws {
        let notes = PictureNotes.of(try TestFolders.bytes(name))
        #expect(notes.count == (words.isEmpty ? 0 : 1))
        #expect(notes.allSatisfy { $0.contains(words) }, "\(notes)")
    }

    @Test func `a file that is not upright is told by its path`() throws {
        let path = TestFolders.images.appending(path: "orientation6.jpg").path
        let line = try #require(PictureNotes.orientation(ofFile: path))
        #expect(line.hasPrefix("\(path): the EXIF orientation 6 is not applied"))
        for name in ["orientation1.jpg", "animated.gif", "absent.jpg"] {
            let path = TestFolders.images.appending(path: name).path
            #expect(PictureNotes.orientation(ofFile: path) == nil)
        }
    }

    @Test func `an animated PNG is told to be one`() throws {
        let bytes = try TestFolders.bytes("rgb8.png")
        // An acTL chunk of two frames after the header, as it stands in APNG; decoders skip it.
        let chunk: [UInt8] = [
            0, 0, 0, 8, 0x61, 0x63, 0x54, 0x4C, 0, 0, 0, 2, 0, 0, 0, 0, 0xF3, 0x8D, 0x93, 0x70,
        ]
        let animated = Array(bytes[..<33]) + chunk + Array(bytes[33...])
        #expect(
            try RGBImage(decoding: animated, name: "a.png")
                == RGBImage(decoding: bytes, name: "b.png"))
        #expect(PictureNotes.of(bytes).isEmpty)
        #expect(
            PictureNotes.of(animated) == ["of the animation only the first image is read"])
    }

    @Test func `a JPEG that lies behind other bytes is none`() throws {
        let bytes = try TestFolders.bytes("rgb444.jpg")
        #expect(throws: ImagingError.self) { try RGBImage(decoding: [0] + bytes, name: "a.jpg") }
    }

    @Test func `a missing file that has a likely neighbour is told so`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(
            atPath: "\(folder)/sub", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bytes = try Data(TestFolders.bytes("one.png"))
        for name in ["gr\u{F6}\u{DF}e.png", "0.png", "B.PNG", "sub/a.png"] {
            try bytes.write(to: URL(filePath: "\(folder)/\(name)"))
            #expect(throws: Never.self) { try RGBImage(contentsOf: "\(folder)/\(name)") }
        }
        for (name, words) in [
            ("gro\u{308}\u{DF}e.png", "the Unicode form of its accents"), ("0.PNG", "capitals"),
            ("b.png", "capitals"), ("sub\\a.png", "/ and \\"), ("0.png\n", "whitespace"),
            (" 0.png", "whitespace"), ("http://localhost:1/0.png", "addresses are not fetched"),
            ("1.png", "No such file or directory"),
        ] {
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(contentsOf: "\(folder)/\(name)")
            }
            #expect(error.code == .unreadable)
            #expect(error.message.hasPrefix("\(folder)/\(name): cannot be opened: No such file"))
            #expect(error.message.contains(words), "\(error.message)")
        }
    }
}
