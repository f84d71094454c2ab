import MiphaCheckpoints
public import MiphaFolders
import MiphaImaging

/// Images as the vision tower sees them, in a file.
public enum PictureProbe {
    /// Writes `pixel_values` `[images, 3, height, width]` float32 and, on request, `resized`
    /// `[images, height, width, 3]` uint8, the pixels before normalisation; of a second vision tower
    /// `pixel_values_2` and `resized_2`.
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
        let processors = try folder.imageProcessors()
        let aspectRatio = try folder.aspectRatio()
        var writer = try SafetensorsWriter(
            path: output,
            entries: processors.enumerated().flatMap { tower, processor in
                entries(processor, tower, count: pictures.count, includesResized)
            })
        // The file holds tensor after tensor: all but the first wait for the last image.
        var waiting = processors.map { _ in Waiting() }
        for (index, path) in pictures.enumerated() {
            let image = try RGBImage(contentsOf: path)
            for (tower, processor) in processors.enumerated() {
                let values: [Float]
                do throws(ImagingError) {
                    values = try processor.pixelValues(image, aspectRatio: aspectRatio)
                    if includesResized {
                        let resized = try processor.resized(image, aspectRatio: aspectRatio)
                        waiting[tower].resized.append(resized.pixels)
                    }
                } catch {
                    throw error.about(path)
                }
                if tower == 0 {
                    try writer.write(values)
                } else {
                    waiting[tower].values.append(values)
                }
            }
            try progress(index + 1)
        }
        for tower in waiting {
            for values in tower.values { try writer.write(values) }
            for pixels in tower.resized { try writer.write(pixels) }
        }
        try writer.finish()
    }

    /// Images of a tower that are written later.
    private struct Waiting {
        var values: [[Float]] = []
        var resized: [[UInt8]] = []
    }

    private static func entries(
        _ processor: ImageProcessor, _ tower: Int, count: Int, _ includesResized: Bool
    ) -> [TensorDeclaration] {
        let suffix = ImageProcessorFile.suffix(tower: tower)
        let (height, width) = (processor.outputHeight, processor.outputWidth)
        let values = TensorDeclaration(
            name: "pixel_values\(suffix)", scalarType: .float32, shape: [count, 3, height, width])
        let resized = TensorDeclaration(
            name: "resized\(suffix)", scalarType: .uint8, shape: [count, height, width, 3])
        return includesResized ? [values, resized] : [values]
    }
}
