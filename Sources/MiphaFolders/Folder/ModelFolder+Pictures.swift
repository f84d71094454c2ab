import MiphaCheckpoints
public import MiphaImaging
import MiphaModels

extension ModelFolder {
    /// Images from files, or from the tensor `pixel_values` of a safetensors file.
    ///
    /// - Throws: `ImagingError`, `CheckpointError`; `FolderError` when the tensor is not a list of
    ///   images of the tower's size.
    public func images(files: [String], pixels: String?) throws -> [PreparedImage] {
        if let pixels {
            let shape = config.vision.input
            return try Self.pictures("pixel_values", in: pixels, count: shape.valueCount).map {
                PreparedImage(
                    try PixelBlock(
                        channels: shape.channels, height: shape.height, width: shape.width,
                        values: $0))
            }
        }
        guard !files.isEmpty else { return [] }
        let preparer = try ImagePreparer(imageProcessor(), aspectRatio: aspectRatio())
        return try files.map { try preparer.image(contentsOf: $0) }
    }

    /// Reads a tensor as a list of images, each of `count` numbers.
    private static func pictures(
        _ name: String, in path: String, count: Int
    ) throws -> [[Float]] {
        let values = try SafetensorsFile(path: path).floats(name)
        guard values.count % count == 0 else {
            throw FolderError(
                .mismatchedParts,
                "\(path): tensor \"\(name)\": expected images of \(count) values, found "
                    + "\(values.count) values in all")
        }
        return stride(from: 0, to: values.count, by: count).map {
            Array(values[$0..<$0 + count])
        }
    }
}
