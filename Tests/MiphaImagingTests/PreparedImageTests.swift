import Foundation
import MiphaImaging
import Testing

/// What makes two images the same.
@Suite struct PreparedImageTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "mipha-images-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let url = folder.appending(path: name)
        try Data(bytes).write(to: url)
        return url.path(percentEncoded: false)
    }

    private func png(_ seed: UInt64, width: Int = 20, height: Int = 12) throws -> [UInt8] {
        try Array(
            GeneratedImage.make(width: width, height: height, pattern: "noise", seed: Int(seed))
                .pngData())
    }

    private static func processor(_ text: String) throws -> ImageProcessor {
        try ImageProcessor(configuration: Array(text.utf8), name: "processor")
    }

    @Test func `a file is the same image under two paths and as bytes`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let bytes = try png(1)
        let preparer = ImagePreparer(.siglip(size: 14), aspectRatio: .pad)
        let first = try preparer.image(contentsOf: write(bytes, "a.png"))
        let second = try preparer.image(contentsOf: write(bytes, "b.png"))
        let third = try preparer.image(decoding: bytes, name: "bytes")
        #expect(first == second && first == third)
        #expect(Set([first, second, third]).count == 1)
        #expect(first.pixels == second.pixels)
        #expect(first.id.description.utf8.count == 64)
        #expect(try preparer.file(write(bytes, "c.png")).id == first.id)
        let again = ImagePreparer(.siglip(size: 14), aspectRatio: .pad)
        #expect(try again.image(decoding: bytes, name: "bytes") == first)
    }

    @Test func `a changed file is another image, even with the same pixels`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let preparer = ImagePreparer(.siglip(size: 14), aspectRatio: .pad)
        let path = try write(png(1), "a.png")
        let before = try preparer.image(contentsOf: path)
        _ = try write(png(2), "a.png")
        let after = try preparer.image(contentsOf: path)
        #expect(before != after && before.pixels != after.pixels)
        // Bytes after the end of a PNG change no pixel.
        let longer = try preparer.image(decoding: png(1) + [0], name: "longer")
        #expect(longer.pixels == before.pixels && longer != before)
    }

    @Test func `every setting of the processor is part of the identity`() throws {
        let base = #""image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, "#
        let texts = [
            #"{\#(base)"crop_size": 14}"#,
            #"{\#(base)"crop_size": {"height": 14, "width": 13}}"#,
            #"{\#(base)"crop_size": {"height": 13, "width": 14}}"#,
            #"{\#(base)"crop_size": 14, "resample": 2}"#,
            #"{\#(base)"crop_size": 14, "do_resize": false}"#,
            #"{\#(base)"crop_size": 14, "do_rescale": false}"#,
            #"{\#(base)"crop_size": 14, "rescale_factor": 0.00392156862745099}"#,
            #"{\#(base)"crop_size": 14, "do_normalize": false}"#,
            #"{\#(base)"crop_size": 14, "image_mean": [0.5, 0.5, 0.5000000000000001]}"#,
            #"{\#(base)"crop_size": 14, "image_mean": [0.5, 0.5, 0.5]}"#,
            #"{\#(base)"crop_size": 14, "image_std": 0.5}"#,
            #"{"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 16}, "#
                + #""crop_size": 14}"#,
            #"{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 17}, "#
                + #""crop_size": 14}"#,
            #"{"image_processor_type": "CLIPImageProcessor", "crop_size": 14, "#
                + #""size": {"height": 16, "width": 16}}"#,
            #"{"image_processor_type": "LlavaImageProcessor", "size": {"shortest_edge": 16}, "#
                + #""crop_size": 14}"#,
            #"{"image_processor_type": "LlavaImageProcessor", "size": {"shortest_edge": 16}, "#
                + #""crop_size": 14, "do_pad": true}"#,
            #"{"image_processor_type": "LlavaImageProcessor", "size": {"shortest_edge": 16}, "#
                + #""crop_size": 14, "do_pad": false}"#,
            #"{"size": {"height": 14, "width": 14}}"#, #"{"size": {"height": 14, "width": 15}}"#,
        ]
        let bytes = try png(3)
        var ids: [ImageID] = []
        for text in texts {
            let processor = try Self.processor(text)
            for ratio in ImageAspectRatio.allCases {
                let preparer = ImagePreparer(processor, aspectRatio: ratio)
                let image = try preparer.image(decoding: bytes, name: text)
                ids.append(image.id)
                #expect(
                    try image.pixels[0].values
                        == processor.pixelValues(
                            RGBImage(decoding: bytes, name: text), aspectRatio: ratio))
            }
        }
        #expect(Set(ids).count == 2 * texts.count)
        // A new field must become part of the identity, and get a line above.
        let fields = Mirror(reflecting: ImageProcessor.siglip(size: 14)).children
        #expect(
            fields.compactMap(\.label) == [
                "kind", "pads", "statesPadding", "resizes", "size", "filter", "crops", "crop",
                "rescales", "rescaleFactor", "normalizes", "mean", "deviation", "outputWidth",
                "outputHeight",
            ])
    }

    @Test func `the identity of samples contains their sizes`() throws {
        let preparer = ImagePreparer(.siglip(size: 14), aspectRatio: .square)
        let samples = [UInt8](0..<36)
        let wide = try preparer.image(RGBImage(width: 4, height: 3, pixels: samples))
        let tall = try preparer.image(RGBImage(width: 3, height: 4, pixels: samples))
        #expect(wide != tall)
        #expect(try wide == preparer.image(RGBImage(width: 4, height: 3, pixels: samples)))
    }

    @Test func `values prepared elsewhere are compared by value and size`() throws {
        let values = (0..<24).map(Float.init)
        func image(_ channels: Int, _ height: Int, _ width: Int, _ values: [Float]) throws
            -> PreparedImage
        {
            PreparedImage(
                try PixelBlock(channels: channels, height: height, width: width, values: values))
        }
        let first = try image(3, 2, 4, values)
        #expect(try first == image(3, 2, 4, values))
        #expect(try first != image(3, 4, 2, values))
        #expect(try first != image(3, 2, 4, values.reversed()))
        #expect(first.pixels[0].shape == [3, 2, 4])
        for (channels, height, width) in [(3, 2, 3), (0, 0, 0), (-3, -2, 4), (3, 8, 0)] {
            #expect(throws: ImagingError.self) { try image(channels, height, width, values) }
        }
    }

    @Test func `an output need not be square`() throws {
        let processor = try Self.processor(#"{"size": {"height": 6, "width": 10}}"#)
        let image = try ImagePreparer(processor, aspectRatio: .pad)
            .image(decoding: png(4), name: "image")
        #expect(image.pixels[0].shape == [3, 6, 10] && image.pixels[0].values.count == 180)
        let grey = try ImagePreparer(processor, aspectRatio: .pad).meanColour()
        #expect(grey.pixels[0].shape == [3, 6, 10] && Set(grey.pixels[0].values).count == 1)
    }

    @Test func `decodings are counted, and reading a file is none`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let preparer = ImagePreparer(.siglip(size: 14), aspectRatio: .pad)
        let file = try preparer.file(write(png(5), "a.png"))
        #expect(preparer.decodings.count == 0)
        let copy = preparer
        #expect(try copy.image(file).id == file.id)
        #expect(preparer.decodings.count == 1)
        let error = #expect(throws: ImagingError.self) {
            try preparer.image(decoding: Array("no image".utf8), name: "text")
        }
        #expect(error?.message.hasPrefix("text: ") == true)
        #expect(preparer.decodings.count == 2)
        #expect(throws: ImagingError.self) { try preparer.file("/does/not/exist.png") }
        #expect(preparer.decodings.count == 2)
    }
}
