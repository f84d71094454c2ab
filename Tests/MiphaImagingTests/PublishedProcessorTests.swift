import Foundation
import MiphaImaging
import Testing

/// The image preprocessing of published towers, at their own and at other image sizes.
@Suite struct PublishedProcessorTests {
    private struct Manifest: Decodable {
        let files: [String: String]
    }

    private static func processors() throws -> [String: ImageProcessor] {
        let object = try JSONSerialization.jsonObject(
            with: Data(TestFolders.bytes("published.json")))
        let table = try #require(object as? [String: Any])
        let entries = try #require(table["configurations"] as? [String: Any])
        return try entries.reduce(into: [:]) { processors, entry in
            let text = try [UInt8](JSONSerialization.data(withJSONObject: entry.value))
            processors[entry.key] = try ImageProcessor(configuration: text, name: entry.key)
        }
    }

    @Test func `the table is the one that the manifest lists`() throws {
        let manifest = try TestFolders.table(Manifest.self, "published.manifest.json")
        #expect(
            try manifest.files["published.json"] == sha256(TestFolders.bytes("published.json")))
    }

    @Test func `tensors of hundreds of sizes equal transformers' to the bit`() throws {
        let processors = try Self.processors()
        let cases = try TestFolders.table(ImageProcessorTests.Table.self, "published.json").cases
        #expect(cases.count >= 300)
        for entry in cases {
            let processor = try #require(processors[entry.configuration])
            let image = try GeneratedImage.make(
                width: entry.width, height: entry.height, pattern: "noise", seed: entry.seed)
            let values = try processor.pixelValues(image, aspectRatio: entry.aspect)
            #expect(
                sha256(littleEndianBytes(values)) == entry.sha256,
                "\(entry.configuration) \(entry.width) x \(entry.height) \(entry.aspect)")
        }
    }

    @Test func `the colour of padding is the mean, rounded down`() throws {
        let processors = try Self.processors()
        func colour(_ name: String) throws -> [UInt8] {
            let (red, green, blue) = try #require(processors[name]).padColour
            return [red, green, blue]
        }
        #expect(try colour("clip-224") == [122, 116, 104])
        #expect(try colour("siglip2-224") == [127, 127, 127])
        #expect(try colour("dinov2-224") == [123, 116, 103])
    }

    @Test(arguments: [
        ("clip-224", 448, "clip-448"), ("dinov2-224", 336, "dinov2-336"),
        ("siglip2-224", 384, "siglip2-384"), ("clip-448", 448, "clip-448"),
        ("dinov2-336", 224, "dinov2-224"),
    ])
    func `a processor at another image size is that of a tower of the size`(
        _ name: String, _ side: Int, _ expected: String
    ) throws {
        let processors = try Self.processors()
        #expect(try processors[name]?.resized(to: side) == processors[expected])
    }

    @Test func `what makes tensors of no size by resizing cannot follow another`() throws {
        let processor = try #require(try Self.processors()["clip-not-resized"])
        #expect(try processor.resized(to: 224) == processor)
        let error = #expect(throws: ImagingError.self) { try processor.resized(to: 336) }
        #expect(error?.message.contains("image_size 336") == true)
        #expect(throws: ImagingError.self) {
            try ImageProcessor.siglip(size: 224).resized(to: 16_385)
        }
    }
}
