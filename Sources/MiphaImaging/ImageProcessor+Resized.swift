extension ImageProcessor {
    /// The same processor for tensors of another side.
    ///
    /// A crop gets the side; what images are resized to before it keeps its ratio to the crop, rounded to
    /// whole pixels: the side itself for CLIP, 8/7 of it for DINOv2 (256 and 224).
    ///
    /// - Parameter side: columns and rows of the tensor, 1...16384.
    /// - Throws: `ImagingError` when a size would be too large, or images are not resized.
    package func resized(to side: Int) throws(ImagingError) -> ImageProcessor {
        guard outputWidth != side || outputHeight != side else { return self }
        guard resizes else {
            throw ImagingError(
                .configuration,
                "image_size \(side): expected image preprocessing that resizes images, found one that "
                    + "does not (do_resize)")
        }
        var fields = ImageProcessorFields(self)
        fields.resize(to: side)
        return try ImageProcessor(fields, name: "image_size \(side)")
    }
}

extension ImageProcessorFields {
    /// The values that a processor is made of.
    init(_ processor: ImageProcessor) {
        self.init(processor.kind)
        pads = processor.pads
        statesPadding = processor.statesPadding
        resizes = processor.resizes
        size = processor.size
        filter = processor.filter
        crops = processor.crops
        crop = processor.crop
        rescales = processor.rescales
        rescaleFactor = processor.rescaleFactor
        normalizes = processor.normalizes
        mean = processor.mean
        deviation = processor.deviation
    }

    fileprivate mutating func resize(to side: Int) {
        func scaled(_ length: Int, _ old: Int) -> Int {
            Int((Double(length) * Double(side) / Double(old)).rounded())
        }
        switch size {
        case .exact(let width, let height) where crops:
            size = .exact(width: scaled(width, crop.width), height: scaled(height, crop.height))
        case .exact: size = .exact(width: side, height: side)
        case .shortestEdge(let edge):
            size = .shortestEdge(scaled(edge, min(crop.width, crop.height)))
        }
        if crops { crop = ImageProcessor.Crop(width: side, height: side) }
    }
}
