extension ImageProcessor {
    /// The colour of the canvas of ``ImageAspectRatio/pad``: `int(mean * 255)` of each channel.
    public var padColour: (UInt8, UInt8, UInt8) {
        let levels = mean.map { UInt8(min(max($0 * 255, 0), 255)) }
        return (levels[0], levels[1], levels[2])
    }

    /// Returns the image as it is just before rescaling and normalising.
    ///
    /// - Parameters:
    ///   - image: any image.
    ///   - aspectRatio: whether an image that is not square is padded first.
    /// - Returns: `[outputHeight, outputWidth, 3]` samples.
    /// - Throws: `ImagingError` when an intermediate image would be too large.
    public func resized(
        _ image: RGBImage, aspectRatio: ImageAspectRatio
    ) throws(ImagingError) -> RGBImage {
        let isPadded = aspectRatio == .pad && image.width != image.height
        let canvas = isPadded ? SquareCanvas(around: image, fill: padColour) : nil
        let source = canvas.map { ($0.side, $0.side) } ?? (image.width, image.height)
        let size: (width: Int, height: Int) =
            resizes ? target(width: source.0, height: source.1) : source
        let window =
            crops
            ? PixelWindow(centre: crop, width: size.width, height: size.height)
            : PixelWindow(width: size.width, height: size.height)
        let result = try image.resized(to: size, window: window, on: canvas, filter: filter)
        return crops ? result.centred(on: crop) : result
    }

    /// Returns the tensor of an image.
    ///
    /// Rescaling multiplies in double precision and rounds to single; normalising subtracts and
    /// divides in single precision, which is the arithmetic of transformers' `image_transforms.py`.
    ///
    /// - Parameters:
    ///   - image: any image.
    ///   - aspectRatio: whether an image that is not square is padded first.
    /// - Returns: `[3, outputHeight, outputWidth]` values, row-major.
    /// - Throws: `ImagingError` when an intermediate image would be too large.
    public func pixelValues(
        _ image: RGBImage, aspectRatio: ImageAspectRatio
    ) throws(ImagingError) -> [Float] {
        let resized = try resized(image, aspectRatio: aspectRatio)
        let area = resized.width * resized.height
        let table = (0..<3).flatMap(valueTable)
        return unsafe [Float](unsafeUninitializedCapacity: 3 * area) { target, initialized in
            unsafe resized.pixels.withUnsafeBufferPointer { pixels in
                unsafe table.withUnsafeBufferPointer { table in
                    for index in 0..<area {
                        unsafe target[index] = table[Int(pixels[3 * index])]
                        unsafe target[area + index] = table[256 + Int(pixels[3 * index + 1])]
                        unsafe target[2 * area + index] = table[512 + Int(pixels[3 * index + 2])]
                    }
                }
            }
            initialized = 3 * area
        }
    }

    /// The value of each of the 256 levels of a channel.
    private func valueTable(channel: Int) -> [Float] {
        let mean = Float(mean[channel])
        let deviation = Float(deviation[channel])
        return (0..<256).map { level in
            let value = rescales ? Float(Double(level) * rescaleFactor) : Float(level)
            return normalizes ? (value - mean) / deviation : value
        }
    }

    private func target(width: Int, height: Int) -> (width: Int, height: Int) {
        switch size {
        case .exact(let width, let height):
            return (width, height)
        case .shortestEdge(let edge):
            let short = min(width, height)
            let long = max(width, height)
            let scaled = Double(edge * long) / Double(short)
            return width <= height ? (edge, Int(scaled)) : (Int(scaled), edge)
        }
    }
}

extension RGBImage {
    /// Returns the image in the centre of a black one that is nowhere smaller.
    ///
    /// A fill starts at half the difference, rounded up. Reference: huggingface/transformers,
    /// `image_transforms.py`, `center_crop`, whose crop ``PixelWindow`` has.
    func centred(on crop: ImageProcessor.Crop) -> RGBImage {
        if crop.width == width && crop.height == height { return self }
        var samples = [UInt8](repeating: 0, count: 3 * crop.width * crop.height)
        let left = (crop.width - width + 1) / 2
        let top = (crop.height - height + 1) / 2
        for row in 0..<height {
            let target = 3 * ((top + row) * crop.width + left)
            samples.replaceSubrange(
                target..<target + 3 * width, with: pixels[3 * row * width..<3 * (row + 1) * width])
        }
        return RGBImage(uncheckedWidth: crop.width, height: crop.height, pixels: samples)
    }
}
