import Foundation
import MiphaImaging
import Testing

/// Images far longer than wide, whose canvas or enlargement fits no memory.
@Suite struct LongPictureTests {
    struct Case: Decodable {
        let processor: String
        let aspect: ImageAspectRatio
        let width: Int
        let height: Int
        let seed: Int
        let digest: String
    }

    private struct Table: Decodable {
        let cases: [Case]
    }

    private static func processor(_ name: String) throws -> ImageProcessor {
        let object = try JSONSerialization.jsonObject(with: Data(TestFolders.bytes("long.json")))
        let table = try #require(object as? [String: Any])
        let entries = try #require(table["configurations"] as? [String: Any])
        let entry = try #require(entries[name])
        return try ImageProcessor(
            configuration: [UInt8](JSONSerialization.data(withJSONObject: entry)), name: name)
    }

    /// The bands of `Tools/goldens/images_long.py`.
    private static func banded(width: Int, height: Int, seed: Int) throws -> RGBImage {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(3 * width * height)
        var row: [UInt8] = []
        for y in 0..<height {
            if y.isMultiple(of: 25) {
                row = (0..<width).flatMap { x in
                    (0..<3).map { channel in
                        UInt8(
                            truncatingIfNeeded: x / 613 * 89 + y / 25 * 57 + channel * 70
                                + seed * 31)
                    }
                }
            }
            pixels += row
        }
        return try RGBImage(width: width, height: height, pixels: pixels)
    }

    @Test func `the table is what the script wrote`() throws {
        struct Manifest: Decodable {
            let files: [String: String]
        }
        let manifest = try TestFolders.table(Manifest.self, "long.manifest.json")
        #expect(try manifest.files["long.json"] == sha256(TestFolders.bytes("long.json")))
    }

    @Test func `tensors of long pictures equal transformers' to the bit`() throws {
        let cases = try TestFolders.table(Table.self, "long.json").cases
        #expect(cases.contains { $0.width == 65_000 } && cases.contains { $0.height == 65_000 })
        for (seed, group) in Dictionary(grouping: cases, by: \.seed) {
            let image = try Self.banded(
                width: group[0].width, height: group[0].height, seed: seed)
            for entry in group {
                let values = try Self.processor(entry.processor)
                    .pixelValues(image, aspectRatio: entry.aspect)
                #expect(
                    sha256(littleEndianBytes(values)).prefix(32) == entry.digest,
                    "\(entry.processor) \(entry.aspect) \(entry.width) x \(entry.height)")
            }
        }
    }

    @Test func `a crop of a resized picture is that part of the whole`() throws {
        for seed in 0..<40 {
            let image = try GeneratedImage.make(
                width: 1 + (seed * 29) % 70, height: 1 + (seed * 67) % 70, pattern: "noise",
                seed: seed)
            let (width, height) = (9 + seed % 13, 8 + seed % 17)
            for (filter, aspect) in (0..<6).flatMap({ filter in
                ImageAspectRatio.allCases.map { (filter, $0) }
            }) {
                let size =
                    #"{"image_processor_type": "CLIPImageProcessor", "do_center_crop": false, "#
                    + #""resample": \#(filter), "size": {"height": \#(height), "width": \#(width)}"#
                let whole = try ImageProcessor(configuration: Array("\(size)}".utf8), name: "whole")
                    .resized(image, aspectRatio: aspect)
                let part = try ImageProcessor(
                    configuration: Array(
                        (size.replacing("false", with: "true")
                            + #", "crop_size": {"height": 6, "width": 5}}"#)
                            .utf8), name: "part"
                ).resized(image, aspectRatio: aspect)
                let (left, top) = ((width - 5) / 2, (height - 6) / 2)
                for y in 0..<6 {
                    let start = 3 * ((top + y) * width + left)
                    #expect(
                        whole.pixels[start..<start + 15] == part.pixels[15 * y..<15 * (y + 1)],
                        "\(seed) \(aspect) \(filter)")
                }
            }
        }
    }

    @Test func `a side beyond the limit is refused by name before pixels are read`() throws {
        let long = RGBImage.maximumSide + 1
        let error = try #require(throws: ImagingError.self) {
            try RGBImage(width: 1, height: long, pixels: [UInt8](repeating: 0, count: 3 * long))
        }
        #expect(error.code == .limit)
        // A file of fewer bytes is refused as too short for so many pixels.
        var bytes = try GeneratedImage.make(width: 60, height: 60, pattern: "noise", seed: 1)
            .pngData()
        let sides = [long, 1].flatMap { side in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: side >> $0) }
        }
        bytes.replaceSubrange(16..<24, with: sides)
        let refused = try #require(throws: ImagingError.self) {
            try RGBImage(decoding: PNGFile.withCheckSums(bytes), name: "long.png")
        }
        #expect(refused.code == .limit, "\(refused)")
        #expect(
            refused.message.hasPrefix("long.png: PNG: the header declares 1048577 x 1 pixels"),
            "\(refused)")
    }

    @Test func `what a processor cannot make of a file is told with its name`() throws {
        // Columns stay nearly as they are while rows shrink, so the rows come first.
        let processor = try ImageProcessor(
            configuration: Array(#"{"size": {"height": 2, "width": 16384}}"#.utf8), name: "flat")
        let image = try GeneratedImage.make(width: 20_000, height: 2, pattern: "ramp", seed: 1)
        let error = try #require(throws: ImagingError.self) {
            try ImagePreparer(processor, aspectRatio: .pad)
                .image(decoding: image.pngData(), name: "flat.png")
        }
        #expect(error.code == .limit && error.message.hasPrefix("flat.png: an image of 20000 x 2"))
        #expect(throws: Never.self) { try processor.pixelValues(image, aspectRatio: .square) }
    }
}
