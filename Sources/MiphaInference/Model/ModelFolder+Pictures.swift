public import MiphaImaging
import MiphaModels

extension ModelFolder {
    /// Images from files, or from the tensor `pixel_values` of a safetensors file.
    ///
    /// - Throws: `ImagingError`, `CheckpointError`, `InferenceError`.
    public func images(files: [String], pixels: String?) throws -> [PreparedImage] {
        if let pixels {
            let side = config.vision.imageSize
            return try TensorFile.pictures("pixel_values", in: pixels, count: 3 * side * side)
                .map { PreparedImage(try PixelBlock(height: side, width: side, values: $0)) }
        }
        guard !files.isEmpty else { return [] }
        let preparer = try ImagePreparer(imageProcessor(), aspectRatio: aspectRatio())
        return try files.map { try preparer.image(contentsOf: $0) }
    }
}
