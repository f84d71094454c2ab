import MiphaCheckpoints
public import MiphaFolders
import MiphaImaging

/// Images as the vision tower sees them, in a file.
public enum PictureProbe {
    /// Writes `pixel_values` `[images, 3, height, width]` float32 and, on request, `resized`
    /// `[images, height, width, 3]` uint8, the pixels before normalisation.
    ///
    /// The file appears when it is complete.
    ///
    /// - Parameter progress: called with the number of images done after each; may throw to stop.
    /// - Throws: `ImagingError` naming the image; `CheckpointError` when the file cannot be
    ///   written.
    public static func run(
        _ folder: ModelFolder, pictures: [String], output: String, includesResized: Bool,
        progress: (Int) throws -> Void
    ) throws {
        let processor = try folder.imageProcessor()
        let aspectRatio = try folder.aspectRatio()
        let (height, width) = (processor.outputHeight, processor.outputWidth)
        let count = pictures.count
        var entries = [
            TensorDeclaration(
                name: "pixel_values", scalarType: .float32, shape: [count, 3, height, width])
        ]
        if includesResized {
            entries.append(
                TensorDeclaration(
                    name: "resized", scalarType: .uint8, shape: [count, height, width, 3]))
        }
        var writer = try SafetensorsWriter(path: output, entries: entries)
        var resized: [[UInt8]] = []
        for (index, path) in pictures.enumerated() {
            let image = try RGBImage(contentsOf: path)
            let values: [Float]
            do throws(ImagingError) {
                values = try processor.pixelValues(image, aspectRatio: aspectRatio)
                if includesResized {
                    resized.append(try processor.resized(image, aspectRatio: aspectRatio).pixels)
                }
            } catch {
                throw error.about(path)
            }
            try writer.write(values)
            try progress(index + 1)
        }
        for pixels in resized { try writer.write(pixels) }
        try writer.finish()
    }
}
