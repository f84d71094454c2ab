import Foundation
import MiphaImaging
import Testing

@Suite struct ImageProcessorTests {
    struct Case: Decodable {
        let configuration: String
        let width: Int
        let height: Int
        let seed: Int
        let aspect: ImageAspectRatio
        let shape: [Int]
        let sha256: String
    }

    struct Table: Decodable {
        let cases: [Case]
    }

    /// The configurations as JSON text, by name.
    static func configurations() throws -> [String: [UInt8]] {
        let object = try JSONSerialization.jsonObject(
            with: Data(TestFolders.bytes("processors.json")))
        let table = try #require(object as? [String: Any])
        let entries = try #require(table["configurations"] as? [String: Any])
        return try entries.mapValues { try [UInt8](JSONSerialization.data(withJSONObject: $0)) }
    }

    static func processor(_ text: String) throws -> ImageProcessor {
        try ImageProcessor(configuration: [UInt8](text.utf8), name: "test.json")
    }

    @Test func `tensors equal transformers' to the bit`() throws {
        let configurations = try Self.configurations()
        let cases = try TestFolders.table(Table.self, "processors.json").cases
        #expect(cases.count >= 100)
        for entry in cases {
            let text = try #require(configurations[entry.configuration])
            let processor = try ImageProcessor(configuration: text, name: entry.configuration)
            let image = try GeneratedImage.make(
                width: entry.width, height: entry.height, pattern: "noise", seed: entry.seed)
            let values = try processor.pixelValues(image, aspectRatio: entry.aspect)
            #expect(entry.shape == [3, processor.outputHeight, processor.outputWidth])
            #expect(
                sha256(littleEndianBytes(values)) == entry.sha256,
                "\(entry.configuration) \(entry.width) x \(entry.height) \(entry.aspect)")
            let samples = try processor.resized(image, aspectRatio: entry.aspect)
            #expect(samples.width == processor.outputWidth)
            #expect(samples.height == processor.outputHeight)
        }
    }

    @Test func `a written processor reads back equal`() throws {
        for (name, text) in try Self.configurations() {
            let processor = try ImageProcessor(configuration: text, name: name)
            let again = try ImageProcessor(configuration: processor.encoded(), name: name)
            if processor.crops {
                #expect(again == processor)
            }
            #expect(try again.encoded() == processor.encoded())
        }
    }

    @Test func `the SigLIP shorthand equals its configuration file`() throws {
        let text = """
            {"image_processor_type": "SiglipImageProcessor", "size": {"height": 384, "width": 384}}
            """
        let processor = try Self.processor(text)
        #expect(processor == .siglip(size: 384))
        #expect(processor.outputWidth == 384 && processor.outputHeight == 384)
    }

    @Test func `a file is read from disk`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "mipha-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "preprocessor_config.json")
        try Data(ImageProcessor.siglip(size: 56).encoded()).write(to: file)
        #expect(try ImageProcessor(contentsOf: file.path) == .siglip(size: 56))
    }

    @Test(arguments: [
        ("SiglipImageProcessorFast", ImageProcessor.Kind.siglip),
        ("CLIPImageProcessorPil", .clip), ("CLIPFeatureExtractor", .clip),
        ("BitImageProcessor", .bit),
    ])
    func `other spellings of a class are known`(
        _ label: String, _ kind: ImageProcessor.Kind
    ) throws {
        let processor = try Self.processor(#"{"image_processor_type": "\#(label)"}"#)
        #expect(processor.kind == kind)
        #expect(processor.outputWidth == 224)
    }

    @Test func `absent and null keys mean the defaults of the class`() throws {
        let null = try Self.processor(
            """
            {"crop_size": null, "data_format": "channels_first", "do_center_crop": null,
             "do_convert_rgb": null, "do_pad": null, "image_mean": null, "resample": null,
             "image_processor_type": "SiglipImageProcessor", "rescale_factor": null,
             "size": {"height": 224, "width": 224, "shortest_edge": null}}
            """)
        #expect(null == .siglip(size: 224))
        let bare = try Self.processor("{}")
        #expect(bare == .siglip(size: 224))
        #expect(try Self.processor(#"{"do_center_crop": true}"#).kind == .clip)
    }

    @Test func `a plain number is a square for SigLIP and a shortest edge for CLIP`() throws {
        let siglip = try Self.processor(
            #"{"image_processor_type": "SiglipImageProcessor", "size": 50}"#)
        #expect(siglip.size == .exact(width: 50, height: 50))
        let clip = try Self.processor(
            #"{"image_processor_type": "CLIPImageProcessor", "size": 50, "crop_size": 48}"#)
        #expect(clip.size == .shortestEdge(50))
        #expect(clip.outputHeight == 48)
    }

    @Test(arguments: ["CLIPImageProcessor", "BitImageProcessor", "SiglipImageProcessor"])
    func `default_to_square says what a plain number means`(_ kind: String) throws {
        func size(_ fields: String) throws -> ImageProcessor.Size {
            try Self.processor(
                "{\"image_processor_type\": \"\(kind)\", \"do_center_crop\": true, "
                    + "\"crop_size\": 28, \(fields)}"
            ).size
        }
        #expect(
            try size(#""size": 28, "default_to_square": true"#) == .exact(width: 28, height: 28))
        #expect(try size(#""size": 28, "default_to_square": false"#) == .shortestEdge(28))
        #expect(
            try size(#""size": {"shortest_edge": 30}, "default_to_square": true"#)
                == .shortestEdge(30))
    }

    @Test(arguments: [
        ("{", "expected a key"), ("[]", "JSON"), (#"{"size": "big"}"#, "size"),
        (#"{"size": 0}"#, "size"),
        (#"{"size": {"height": 5}}"#, "size"), (#"{"size": 99999999}"#, "size"),
        (#"{"size": {"shortest_edge": 5, "longest_edge": 9}}"#, "size"),
        (#"{"size": {"shortest_edge": 5}}"#, "size"), (#"{"resample": 9}"#, "resample"),
        (#"{"image_mean": [0.5]}"#, "image_mean"), (#"{"image_std": [1, 1, 0]}"#, "image_std"),
        (#"{"image_std": [1, 1, 1e-60]}"#, "image_std"), (#"{"image_mean": "x"}"#, "image_mean"),
        (#"{"do_convert_rgb": false}"#, "do_convert_rgb"), (#"{"do_pad": true}"#, "do_pad"),
        (#"{"image_processor_type": "ViTImageProcessor"}"#, "image_processor_type"),
        (#"{"do_center_crop": true, "crop_size": {"height": -1, "width": 2}}"#, "crop_size"),
        (#"{"size": 5, "default_to_square": "yes"}"#, "default_to_square"),
        (#"{"size": 5, "default_to_square": false}"#, "size"),
        (#"{"do_resize": "yes"}"#, "do_resize"), (#"{"do_resize": false}"#, "size"),
    ])
    func `an invalid file is an error naming the key`(_ text: String, _ key: String) throws {
        let error = try #require(throws: ImagingError.self) { try Self.processor(text) }
        #expect(error.code == .configuration)
        #expect(error.message.contains("test.json"))
        #expect(error.message.contains(key), "\(error.message)")
    }

    @Test func `the canvas has the mean colour`() throws {
        let clip = try Self.processor(#"{"image_processor_type": "CLIPImageProcessor"}"#)
        #expect(clip.padColour == (122, 116, 104))
        #expect(ImageProcessor.siglip(size: 8).padColour == (127, 127, 127))
    }
}
