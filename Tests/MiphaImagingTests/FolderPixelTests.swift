import Foundation
import MiphaImaging
import Testing

/// The image preprocessing of folders, in every file it can stand in, against transformers.
@Suite struct FolderPixelTests {
    struct Case: Decodable, Sendable {
        let folder: String
        let width: Int
        let height: Int
        let seed: Int
        let sha256: String
    }

    struct Table: Decodable {
        let cases: [Case]
    }

    private static let folders = TestFolders.package.appending(path: "Fixtures/folders")

    private func folder(
        _ files: [String: String]
    ) throws -> (path: String, remove: () -> Void) {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "mipha-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        return (folder.path, { try? FileManager.default.removeItem(at: folder) })
    }

    @Test func `pictures that are not square are treated as the folder's processor does`() throws {
        let table = try JSONDecoder().decode(
            Table.self, from: Data(contentsOf: Self.folders.appending(path: "pixels.json")))
        #expect(table.cases.count >= 70)
        for entry in table.cases {
            let file = try #require(
                try ImageProcessorFile(folder: Self.folders.appending(path: entry.folder).path))
            let image = try GeneratedImage.make(
                width: entry.width, height: entry.height, pattern: "noise", seed: entry.seed)
            let values = try file.processor.pixelValues(
                image, aspectRatio: file.aspectRatio(stated: nil, by: "config.json"))
            #expect(
                sha256(littleEndianBytes(values)) == entry.sha256,
                "\(entry.folder) \(entry.width) x \(entry.height)")
        }
    }

    @Test(arguments: [
        ("written-padded", ImageAspectRatio.pad), ("written-square", .square),
    ])
    func `what is written is what transformers was asked about`(
        _ name: String, _ ratio: ImageAspectRatio
    ) throws {
        let source = try folder([
            "processor_config.json":
                #"{"image_processor": {"image_processor_type": "SiglipImageProcessor", "#
                + #""size": {"height": 28, "width": 28}, "do_pad": false}, "patch_size": 14}"#
        ])
        defer { source.remove() }
        let target = try folder([:])
        defer { target.remove() }
        let file = try #require(try ImageProcessorFile(folder: source.path))
        try file.write(
            to: target.path, aspectRatio: ratio, isStated: false, from: source.path)
        let expected = Self.folders.appending(path: name)
        if ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1" {
            try? FileManager.default.removeItem(at: expected)
            try FileManager.default.copyItem(atPath: target.path, toPath: expected.path)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: target.path).sorted()
        #expect(
            names == (try FileManager.default.contentsOfDirectory(atPath: expected.path)).sorted())
        for name in names {
            #expect(
                try Data(contentsOf: expected.appending(path: name))
                    == Data(contentsOf: URL(filePath: "\(target.path)/\(name)")), "\(name)")
        }
        let again = try #require(try ImageProcessorFile(folder: target.path))
        #expect(try again.aspectRatio(stated: nil, by: "") == ratio)
        #expect(try again.aspectRatio(stated: ratio, by: "") == ratio)
    }

    @Test func `the official layout gets the classes that its code knows`() throws {
        let source = Self.folders.appending(path: "padded").path
        let target = try folder([:])
        defer { target.remove() }
        let file = try #require(try ImageProcessorFile(folder: source))
        #expect(file.processor.pads && file.processor.kind == .llava)
        try file.write(to: target.path, aspectRatio: .pad, isStated: true, from: source)
        let official = try #require(try ImageProcessorFile(folder: target.path))
        #expect(official.processor.kind == .siglip && !official.processor.pads)
        #expect(try official.aspectRatio(stated: .pad, by: "config.json") == .pad)
        let image = try GeneratedImage.make(width: 50, height: 21, pattern: "noise", seed: 3)
        #expect(
            try official.processor.pixelValues(image, aspectRatio: .pad)
                == file.processor.pixelValues(image, aspectRatio: .pad))
    }

    @Test func `files that contradict each other are refused by name`() throws {
        let padded = #"{"image_processor_type": "LlavaImageProcessor", "do_pad": true}"#
        let plain = #"{"image_processor_type": "LlavaImageProcessor", "do_pad": false}"#
        let both = try folder([
            "preprocessor_config.json": plain,
            "processor_config.json": #"{"image_processor": \#(padded)}"#,
        ])
        defer { both.remove() }
        let error = try #require(throws: ImagingError.self) {
            _ = try ImageProcessorFile(folder: both.path)
        }
        #expect(error.message.contains("preprocessor_config.json"))
        #expect(error.message.contains("image_processor"))
        let one = try folder(["preprocessor_config.json": padded])
        defer { one.remove() }
        let file = try #require(try ImageProcessorFile(folder: one.path))
        let contradiction = try #require(throws: ImagingError.self) {
            _ = try file.aspectRatio(stated: .square, by: "config.json")
        }
        #expect(contradiction.message.contains("do_pad"))
        #expect(contradiction.message.contains("image_aspect_ratio"))
        #expect(try ImageProcessorFile(folder: "/does/not/exist") == nil)
    }

    @Test(arguments: [
        (#"{"vision_feature_select_strategy": "default"}"#, "vision_feature_select_strategy"),
        (#"{"num_additional_image_tokens": 1}"#, "num_additional_image_tokens"),
        (#"{"image_processor": {"pad_size": {"height": 9, "width": 9}}}"#, "pad_size"),
        (#"{"image_processor": {"do_pad": true}}"#, "do_pad"),
        (#"{"image_processor": {"offset": true}}"#, "offset"),
        ("[]", "JSON object"),
    ])
    func `settings that are not followed are refused by name`(
        _ text: String, _ key: String
    ) throws {
        let source = try folder(["processor_config.json": text])
        defer { source.remove() }
        let error = try #require(throws: ImagingError.self) {
            _ = try ImageProcessorFile(folder: source.path)
        }
        #expect(error.message.contains("processor_config.json"))
        #expect(error.message.contains(key), "\(error.message)")
    }

    @Test func `fields nobody knows, and a missing class, are told of`() throws {
        let source = try folder([
            "preprocessor_config.json": #"{"size": 28, "sharpen": 2, "crop_pct": null}"#
        ])
        defer { source.remove() }
        let notes = try #require(try ImageProcessorFile(folder: source.path)).notes
        #expect(notes.count == 2)
        #expect(notes[0].contains("sharpen") && !notes[0].contains("crop_pct"))
        #expect(notes[1].contains("SiglipImageProcessor"))
    }
}
