import Foundation
import MiphaImaging
import Testing

@Suite struct DecodingTests {
    static let manifest = try? TestFolders.table(Manifest.self, "manifest.json")

    @Test func `the fixtures are the files the manifest lists`() throws {
        let manifest = try #require(Self.manifest)
        #expect(manifest.pictures.count >= 70)
        for picture in manifest.pictures {
            #expect(try sha256(TestFolders.bytes(picture.file)) == picture.sha256)
        }
        for (name, digest) in manifest.tables {
            #expect(try sha256(TestFolders.bytes(name)) == digest)
        }
    }

    @Test(arguments: manifest?.pictures ?? [])
    func `decoded bytes equal Pillow's`(_ picture: PictureRecord) throws {
        let path = TestFolders.images.appending(path: picture.file).path
        let image = try RGBImage(contentsOf: path)
        #expect(image.width == picture.width)
        #expect(image.height == picture.height)
        #expect(sha256(image.pixels) == picture.rgb, "\(picture.file), mode \(picture.mode)")
    }

    @Test(arguments: (manifest?.pictures ?? []).filter { $0.upright != nil })
    func `the orientation tag turns the picture on request only`(
        _ picture: PictureRecord
    ) throws {
        let bytes = try TestFolders.bytes(picture.file)
        let options = DecodeOptions(applyOrientation: true)
        let image = try RGBImage(decoding: bytes, name: picture.file, options: options)
        let upright = try #require(picture.upright)
        #expect(upright.matches(image))
    }

    @Test func `a picture without the tag is the same either way`() throws {
        let bytes = try TestFolders.bytes("rgb444.jpg")
        let plain = try RGBImage(decoding: bytes, name: "a")
        let options = DecodeOptions(applyOrientation: true)
        #expect(try RGBImage(decoding: bytes, name: "a", options: options) == plain)
    }

    @Test func `the format is recognised by bytes and not by the name`() throws {
        let bytes = try TestFolders.bytes("plain.gif")
        let image = try RGBImage(decoding: bytes, name: "picture.jpg")
        #expect(image.width == 33)
    }

    @Test func `a pixel limit holds before decoding`() throws {
        for name in ["rgb444.jpg", "rgb8.png", "lossy.webp", "plain.gif"] {
            let bytes = try TestFolders.bytes(name)
            let options = DecodeOptions(maximumPixels: 100)
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(decoding: bytes, name: name, options: options)
            }
            #expect(error.code == .limit)
            #expect(error.message.contains(name))
            #expect(error.message.contains("100"))
        }
    }

    @Test func `a file beyond the byte limit is not read`() throws {
        let path = TestFolders.images.appending(path: "rgb444.jpg").path
        let error = try #require(throws: ImagingError.self) {
            try RGBImage(contentsOf: path, options: DecodeOptions(maximumFileBytes: 10))
        }
        #expect(error.code == .limit)
        #expect(error.message.contains("the limit is 10 bytes"))
    }

    @Test func `missing files and folders are named`() throws {
        for path in ["/nowhere/at-all.png", "/tmp", "/dev/null"] {
            let error = try #require(throws: ImagingError.self) { try RGBImage(contentsOf: path) }
            #expect(error.code == .unreadable)
            #expect(error.message.contains(path))
        }
    }
}
