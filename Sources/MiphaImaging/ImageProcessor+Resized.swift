extension ImageProcessor {
    /// The same processor for tensors of another side.
    ///
    /// A crop gets the side; what images are resized to before it keeps its ratio to the crop, rounded to
    /// whole pixels: the side itself for CLIP, 8/7 of it for DINOv2 (256 and 224).
    ///
    /// - Parameter side: columns and rows of the tensor, 1...16384.
    /// - Throws: `ImagingError` when a size would be too large, or images are neither resized nor cropped.
    package func resized(to side: Int) throws(ImagingError) -> ImageProcessor {
        guard outputWidth != side || outputHeight != side else { return self }
        func scaled(_ length: Int, _ old: Int) -> Int {
            Int((Double(length) * Double(side) / Double(old)).rounded())
        }
        var fields = fields
        guard resizes else {
            throw ImagingError(
                .configuration,
                "image_size \(side): expected image preprocessing that resizes images, found one that "
                    + "does not (do_resize)")
        }
        switch size {
        case .exact(let width, let height):
            fields.size =
                crops
                ? .exact(width: scaled(width, crop.width), height: scaled(height, crop.height))
                : .exact(width: side, height: side)
        case .shortestEdge(let edge):
            fields.size = .shortestEdge(scaled(edge, min(crop.width, crop.height)))
        }
        if crops { fields.crop = Crop(width: side, height: side) }
        return try ImageProcessor(fields, name: "image_size \(side)")
    }

    /// The values that this processor is made of.
    private var fields: ImageProcessorFields {
        var fields = ImageProcessorFields(kind)
        fields.pads = pads
        fields.statesPadding = statesPadding
        fields.resizes = resizes
        fields.size = size
        fields.filter = filter
        fields.crops = crops
        fields.crop = crop
        fields.rescales = rescales
        fields.rescaleFactor = rescaleFactor
        fields.normalizes = normalizes
        fields.mean = mean
        fields.deviation = deviation
        return fields
    }
}
