import MiphaCheckpoints
import MiphaImaging
import MiphaModels

extension ModelFolder {
    /// Values of pictures from files, or from the tensor `pixel_values` of a safetensors file.
    ///
    /// - Throws: `ImagingError`, `CheckpointError`; `FolderError` when the tensor is not a list of
    ///   pictures of the tower's size.
    public func pictures(files: [String], pixels: String?) throws -> [[Float]] {
        if let pixels {
            let side = config.vision.imageSize
            return try Self.pictures("pixel_values", in: pixels, count: 3 * side * side)
        }
        guard !files.isEmpty else { return [] }
        let processor = try imageProcessor()
        let ratio = try aspectRatio()
        return try files.map {
            try processor.pixelValues(contentsOf: $0, aspectRatio: ratio)
        }
    }

    /// Reads a tensor as a list of pictures, each of `count` numbers.
    private static func pictures(
        _ name: String, in path: String, count: Int
    ) throws -> [[Float]] {
        let values = try SafetensorsFile(path: path).floats(name)
        guard values.count % count == 0 else {
            throw FolderError(
                .mismatchedParts,
                "\(path): tensor \"\(name)\": expected pictures of \(count) values, found "
                    + "\(values.count) values in all")
        }
        return stride(from: 0, to: values.count, by: count).map {
            Array(values[$0..<$0 + count])
        }
    }
}
