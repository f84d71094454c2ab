import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaTestSupport
import MiphaTinyFolder
import Testing

/// Folders of models with two vision towers, each with its own image preprocessing.
@Suite struct TowerPairFolderTests {
    private let tiny: TinyFolder
    private let second: ImageProcessor

    init() throws {
        let text = #"""
            {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 9},
             "crop_size": 9}
            """#
        let tower = CLIPConfig(
            hiddenSize: 12, intermediateSize: 20, layerCount: 3, headCount: 2, imageSize: 9,
            patchSize: 4)
        tiny = try TinyFolder(beside: (tower, text))
        second = try ImageProcessor(configuration: Array(text.utf8), name: "text")
    }

    private func folder() throws -> ModelFolder {
        try ModelFolder(tiny.path, for: "a test")
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `each tower has its own preprocessing`() throws {
        let folder = try folder()
        #expect(try folder.imageProcessors() == [.siglip(size: 14), second])
        let image = try folder.images(files: [tiny.picture], pixels: nil)[0]
        #expect(image.pixels.map(\.shape) == [[3, 14, 14], [3, 9, 9]])
        let picture = try RGBImage(contentsOf: tiny.picture)
        #expect(
            try image.pixels[1].values == second.pixelValues(picture, aspectRatio: .pad))
        let parts = try PromptParts(folder, answers: false)
        #expect(try parts.preparer?.image(contentsOf: tiny.picture) == image)
    }

    @Test func `a missing preprocessing of the second tower is named`() throws {
        try FileManager.default.removeItem(atPath: "\(tiny.path)/preprocessor_config_2.json")
        let text = message { _ = try folder().imageProcessors() }
        #expect(text.contains("preprocessor_config_2.json is missing; a test needs it"), "\(text)")
        #expect(message { _ = try PromptParts(folder(), answers: false) } == text)
    }

    @Test func `a preprocessing of another size than its tower's is refused`() throws {
        try AtomicFile.write(
            ImageProcessor.siglip(size: 14).encoded(),
            to: "\(tiny.path)/preprocessor_config_2.json")
        let text = message { _ = try folder().imageProcessors() }
        #expect(text.contains("preprocessor_config_2.json: makes images of 14 x 14"), "\(text)")
        #expect(text.contains("takes 9 x 9"), "\(text)")
    }

    @Test func `both must treat images that are not square in one way`() throws {
        try AtomicFile.write(
            #"""
            {"image_processor_type": "LlavaImageProcessor", "size": {"shortest_edge": 9},
             "crop_size": 9, "do_pad": true}
            """#, to: "\(tiny.path)/preprocessor_config_2.json")
        #expect(try folder().aspectRatio() == .pad)
        let path = "\(tiny.path)/config.json"
        var config = try ConfigReader(contentsOf: path).object
        config["image_aspect_ratio"] = nil
        try JSONValue.object(config).write(to: path)
        let text = message { _ = try folder().aspectRatio() }
        #expect(text.contains("\"square\" by \(tiny.path)/preprocessor_config.json"), "\(text)")
        #expect(text.contains("\"pad\" by \(tiny.path)/preprocessor_config_2.json"), "\(text)")
    }

    @Test func `pixels of a file are read for both, and must be of as many images`() throws {
        let path = tiny.temporary.file("pixels.safetensors")
        func write(_ second: Int) throws {
            var writer = try SafetensorsWriter(
                path: path,
                entries: [
                    TensorDeclaration(
                        name: "pixel_values", scalarType: .float32, shape: [2, 3, 14, 14]),
                    TensorDeclaration(
                        name: "pixel_values_2", scalarType: .float32, shape: [second, 3, 9, 9]),
                ])
            try writer.write((0..<2 * 3 * 14 * 14).map(Float.init))
            try writer.write((0..<second * 3 * 9 * 9).map(Float.init))
            try writer.finish()
        }
        try write(2)
        let images = try folder().images(files: [], pixels: path)
        #expect(images.count == 2)
        let firsts: [Float] = images[1].pixels.map { $0.values[0] }
        #expect(firsts == [588, 243])
        try write(1)
        let text = message { _ = try folder().images(files: [], pixels: path) }
        #expect(text.contains("as many images in pixel_values_2"), "\(text)")
    }

    @Test func `a report names both, and its weights are all known`() throws {
        let report = try ModelReport(folder())
        #expect(report.isComplete && report.notes.isEmpty)
        for part in ["SigLIP, 14 px", "CLIP, 9 px", "side by side 4 tokens of 28"] {
            #expect(report.text.contains(part), "\(part)")
        }
        #expect(
            try report.imageProcessor.get() == "SiglipImageProcessor + CLIPImageProcessor")
        let vision = report.json["architecture"]?["vision"]
        #expect(vision?["family"] == "siglip+clip")
        #expect(vision?["towers"]?.arrayValue?.count == 2)
    }

    @Test func `a written folder has both, and its fingerprint contains both`() throws {
        let output = tiny.temporary.file("again")
        let files = try ModelConversion.run(
            folder(), to: .mipha, output: output, dropsHeadBias: false)
        #expect(files.contains("preprocessor_config.json"))
        #expect(files.contains("preprocessor_config_2.json"))
        let again = try ModelFolder(output, for: "a test")
        #expect(try again.imageProcessors() == folder().imageProcessors())
        let before = try again.fingerprint(dtype: nil)
        try AtomicFile.write(
            ImageProcessor.siglip(size: 9).encoded(), to: "\(output)/preprocessor_config_2.json")
        #expect(try again.fingerprint(dtype: nil) != before)
    }

    @Test func `the layout of transformers is refused before anything is written`() throws {
        let output = tiny.temporary.file("llava")
        let text = message {
            _ = try ModelConversion.run(folder(), to: .llava, output: output, dropsHeadBias: true)
        }
        #expect(text.contains("hf-llava has a place for one vision tower"), "\(text)")
        #expect(FileSystem.isMissing(output))
    }
}
