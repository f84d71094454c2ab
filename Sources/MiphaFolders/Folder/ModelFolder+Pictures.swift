import MiphaCheckpoints
public import MiphaImaging
import MiphaModels

extension ModelFolder {
    /// Images from files, or from the tensor `pixel_values` of a safetensors file; those of a second
    /// vision tower are in `pixel_values_2`.
    ///
    /// - Throws: `ImagingError`, `CheckpointError`; `FolderError` when the tensor is not a list of
    ///   images of the tower's size.
    public func images(files: [String], pixels: String?) throws -> [PreparedImage] {
        if let pixels {
            let file = try SafetensorsFile(path: pixels)
            let blocks = try config.vision.inputs.enumerated().map { tower, shape in
                try file.blocks(
                    "pixel_values\(ImageProcessorFile.suffix(tower: tower))", shape)
            }
            if let other = blocks.first(where: { $0.count != blocks[0].count }) {
                throw FolderError(
                    .mismatchedParts,
                    "\(pixels): expected as many images in pixel_values_2 as in pixel_values, found "
                        + "\(other.count) and \(blocks[0].count)")
            }
            return blocks[0].indices.map { image in
                PreparedImage(
                    PixelBlocks(blocks[0][image], blocks.dropFirst().map { $0[image] }))
            }
        }
        guard !files.isEmpty else { return [] }
        let preparer = try ImagePreparer(imageProcessors(), aspectRatio: aspectRatio())
        return try files.map { try preparer.image(contentsOf: $0) }
    }
}

extension SafetensorsFile {
    /// Reads a tensor as a list of blocks of pixels.
    fileprivate func blocks(_ name: String, _ shape: ImageShape) throws -> [PixelBlock] {
        let values = try floats(name)
        let count = shape.valueCount
        guard values.count % count == 0 else {
            throw FolderError(
                .mismatchedParts,
                "\(path): tensor \"\(name)\": expected images of \(count) values, found "
                    + "\(values.count) values in all")
        }
        return try stride(from: 0, to: values.count, by: count).map {
            try PixelBlock(
                channels: shape.channels, height: shape.height, width: shape.width,
                values: Array(values[$0..<$0 + count]))
        }
    }
}
