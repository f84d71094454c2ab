package import Foundation
import MiphaImaging

extension DemoDataSet {
    /// The names of the files inside the data folder.
    package enum FileName {
        /// The folder of the images.
        package static let images = "images"
        /// The captions of the images of one shape.
        package static let single = "single.json"
        /// The captions of the images of several shapes.
        package static let alignment = "align.json"
        /// The conversations of the instruction stage.
        package static let instruction = "instruct.json"
        /// The held-out questions, one item each.
        package static let heldOut = "held-out.json"
        /// The kinds and right answers of the held-out questions.
        package static let heldOutKinds = "held-out-kinds.json"
    }

    /// Returns an image as the bytes of a PNG file.
    ///
    /// - Throws: `DemoError` when the image cannot be encoded.
    package func png(of picture: Picture) throws(DemoError) -> [UInt8] {
        let pixels = SceneRasterizer(side: plan.side).pixels(of: picture.scene)
        do {
            return try RGBImage(width: plan.side, height: plan.side, pixels: pixels).pngData()
        } catch {
            throw DemoError(.picture, "\(picture.file): \(error)")
        }
    }

    /// Writes images and conversations into a folder, creating it if necessary.
    ///
    /// - Parameters:
    ///   - folder: the data folder.
    ///   - progress: called with the number of written images after each.
    /// - Throws: `DemoError` when a file cannot be written.
    package func write(
        to folder: URL, progress: (Int) -> Void = { _ in }
    ) throws(DemoError) {
        let images = folder.appendingPathComponent(FileName.images, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
        } catch {
            throw DemoError(.file, "\(images.path): the folder cannot be made: \(error)")
        }
        for (index, picture) in pictures.enumerated() {
            try Self.write(
                Data(try png(of: picture)), to: images.appendingPathComponent(picture.file))
            progress(index + 1)
        }
        try Self.write(json: single, to: folder.appendingPathComponent(FileName.single))
        try Self.write(json: alignment, to: folder.appendingPathComponent(FileName.alignment))
        try Self.write(json: instruction, to: folder.appendingPathComponent(FileName.instruction))
        try Self.write(json: heldOut, to: folder.appendingPathComponent(FileName.heldOut))
        try Self.write(
            json: heldOutQuestions, to: folder.appendingPathComponent(FileName.heldOutKinds))
    }

    private static func write(json value: some Encodable, to file: URL) throws(DemoError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data: Data
        do {
            data = try encoder.encode(value)
        } catch {
            throw DemoError(.file, "\(file.path): the items cannot be encoded: \(error)")
        }
        try write(data, to: file)
    }

    /// `Data.write` waits for the disk after every file, 5 ms each; a file handle does not.
    private static func write(_ data: Data, to file: URL) throws(DemoError) {
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw DemoError(.file, "\(file.path): the file cannot be made")
        }
        do {
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: data)
            try handle.close()
        } catch {
            throw DemoError(.file, "\(file.path): the file cannot be written: \(error)")
        }
    }
}
