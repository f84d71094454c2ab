import MiphaImaging
import MiphaModels

extension ModelFolder {
    /// Values of pictures from files, or from the tensor `pixel_values` of a safetensors file.
    ///
    /// - Throws: `ImagingError`, `CheckpointError`, `InferenceError`.
    public func pictures(files: [String], pixels: String?) throws -> [[Float]] {
        if let pixels {
            let side = config.vision.imageSize
            return try TensorFile.pictures("pixel_values", in: pixels, count: 3 * side * side)
        }
        guard !files.isEmpty else { return [] }
        let processor = try imageProcessor()
        let ratio = try aspectRatio()
        return try files.map {
            try processor.pixelValues(contentsOf: $0, aspectRatio: ratio)
        }
    }
}
