import MiphaImaging
import Testing

/// Images whose pixels are one block or several.
@Suite struct PixelBlockTests {
    private static let clip = #"""
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 12},
         "crop_size": {"height": 10, "width": 12}}
        """#

    private func processors() throws -> [ImageProcessor] {
        [
            .siglip(size: 14),
            try ImageProcessor(configuration: Array(Self.clip.utf8), name: "processor"),
        ]
    }

    private func png(seed: Int) throws -> [UInt8] {
        try Array(
            GeneratedImage.make(width: 20, height: 12, pattern: "noise", seed: seed).pngData())
    }

    @Test func `the identity of an image with one block is what it was`() throws {
        let settings = [
            "mipha pixels 1", ImageProcessor.decoders, "aspect ratio pad",
            "kind SiglipImageProcessor", "pads false false", "resizes true", "size 14 x 14",
            "filter 3", "crops false", "crop 224 224", "rescales true",
            "factor 0.00392156862745098", "normalizes true", "mean [0.5, 0.5, 0.5]",
            "deviation [0.5, 0.5, 0.5]", "output 14 14",
        ].joined(separator: "\n")
        let digest = sha256(Array(settings.utf8))
        func id(_ text: String) -> String { sha256(Array(text.utf8)) }
        let bytes = try png(seed: 1)
        for preparer in [
            ImagePreparer(.siglip(size: 14), aspectRatio: .pad),
            ImagePreparer([.siglip(size: 14)], aspectRatio: .pad),
        ] {
            let file = try preparer.image(decoding: bytes, name: "image")
            #expect(file.id.description == id("file [] \(digest) \(sha256(bytes))"))
            let samples = try preparer.image(RGBImage(width: 1, height: 1, pixels: [1, 2, 3]))
            #expect(
                samples.id.description == id("samples [1, 1, 3] \(digest) \(sha256([1, 2, 3]))"))
            let mean = try preparer.meanColour().id.description
            #expect(mean == id("meanColour [] \(digest) \(sha256([]))"))
        }
        let values = try PixelBlock(height: 2, width: 4, values: (0..<24).map(Float.init))
        for image in [PreparedImage(values), PreparedImage(PixelBlocks(values))] {
            #expect(
                image.id.description
                    == "be144bf5b9d8e85580840b929542b0bd1456dc89bd807dd6393dca0920066c44")
        }
    }

    @Test func `each processor makes the block that it makes alone, from one decoding`() throws {
        let processors = try processors()
        let preparer = ImagePreparer(processors, aspectRatio: .pad)
        let bytes = try png(seed: 2)
        let image = try preparer.image(decoding: bytes, name: "image")
        #expect(preparer.decodings.count == 1)
        #expect(image.pixels.map(\.shape) == [[3, 14, 14], [3, 10, 12]])
        #expect(image.pixels.valueCount == 3 * (14 * 14 + 10 * 12))
        #expect(preparer.valueCount == image.pixels.valueCount)
        let mean = try preparer.meanColour()
        #expect(mean.pixels.map(\.shape) == image.pixels.map(\.shape))
        for (block, processor) in processors.enumerated() {
            let alone = ImagePreparer(processor, aspectRatio: .pad)
            #expect(
                try image.pixels[block] == alone.image(decoding: bytes, name: "image").pixels[0])
            #expect(try mean.pixels[block] == alone.meanColour().pixels[0])
        }
    }

    @Test func `the settings and the order of all processors are part of the identity`() throws {
        let (first, second) = (try processors()[0], try processors()[1])
        let bytes = try png(seed: 3)
        let lists = [
            [first], [second], [first, second], [second, first], [first, first],
            [.siglip(size: 15), second], [first, .siglip(size: 15)],
        ]
        var ids: [ImageID] = []
        for processors in lists {
            for ratio in ImageAspectRatio.allCases {
                let preparer = ImagePreparer(processors, aspectRatio: ratio)
                let image = try preparer.image(decoding: bytes, name: "image")
                #expect(try image == preparer.image(decoding: bytes, name: "other"))
                ids.append(image.id)
            }
        }
        #expect(Set(ids).count == 2 * lists.count)
    }

    @Test func `blocks that were prepared elsewhere are compared by value, size and order`() throws
    {
        func block(_ height: Int, _ width: Int, _ value: Float) throws -> PixelBlock {
            try PixelBlock(
                height: height, width: width,
                values: Array(repeating: value, count: 3 * height * width))
        }
        let (wide, tall) = (try block(2, 4, 1), try block(4, 2, 1))
        let images = try [
            PixelBlocks(wide), PixelBlocks(tall), PixelBlocks(wide, [tall]),
            PixelBlocks(tall, [wide]), PixelBlocks(wide, [wide]), PixelBlocks(wide, [tall, tall]),
            PixelBlocks(wide, [block(4, 2, 2)]),
        ].map { PreparedImage($0) }
        #expect(Set(images).count == images.count)
        #expect(images[2] == PreparedImage(PixelBlocks(wide, [tall])))
        #expect(Array(images[5].pixels) == [wide, tall, tall])
        #expect([images[2], images[0]].values == [wide, tall, wide].map(\.values))
    }
}
