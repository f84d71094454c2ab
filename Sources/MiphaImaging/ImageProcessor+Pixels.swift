extension ImageProcessor {
    /// The colour of the canvas of ``ImageAspectRatio/pad``: `int(mean * 255)` of each channel.
    public var padColour: (UInt8, UInt8, UInt8) {
        let levels = mean.map { UInt8(min(max($0 * 255, 0), 255)) }
        return (levels[0], levels[1], levels[2])
    }

    /// Returns the picture as it is just before rescaling and normalising.
    ///
    /// - Parameters:
    ///   - image: any picture.
    ///   - aspectRatio: whether a picture that is not square is padded first.
    /// - Returns: `[outputHeight, outputWidth, 3]` samples.
    /// - Throws: `ImagingError` when an intermediate picture would be too large.
    public func resized(
        _ image: RGBImage, aspectRatio: ImageAspectRatio
    ) throws(ImagingError) -> RGBImage {
        var result = image
        if aspectRatio == .pad, image.width != image.height {
            let side = max(image.width, image.height)
            let target = resizes ? try target(width: side, height: side) : (side, side)
            result = try image.resizedOnSquare(
                fill: padColour, width: target.0, height: target.1, filter: filter)
        } else if resizes {
            let target = try target(width: image.width, height: image.height)
            result = try image.resized(
                width: target.width, height: target.height, filter: filter)
        }
        return crops ? result.centreCropped(to: crop) : result
    }

    /// Returns the tensor of a picture.
    ///
    /// Rescaling multiplies in double precision and rounds to single; normalising subtracts and
    /// divides in single precision, which is the arithmetic of transformers' `image_transforms.py`.
    ///
    /// - Parameters:
    ///   - image: any picture.
    ///   - aspectRatio: whether a picture that is not square is padded first.
    /// - Returns: `[3, outputHeight, outputWidth]` values, row-major.
    /// - Throws: `ImagingError` when an intermediate picture would be too large.
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

    private func target(
        width: Int, height: Int
    ) throws(ImagingError) -> (width: Int, height: Int) {
        switch size {
        case .exact(let width, let height):
            return (width, height)
        case .shortestEdge(let edge):
            let short = min(width, height)
            let long = max(width, height)
            let scaled = Double(edge * long) / Double(short)
            guard scaled * Double(edge) <= Double(RGBImage.maximumPixels) else {
                throw ImagingError(
                    .limit,
                    "a picture of \(width) x \(height) pixels is too narrow: its shorter edge at "
                        + "\(edge) pixels makes more than \(RGBImage.maximumPixels) pixels")
            }
            return width <= height ? (edge, Int(scaled)) : (Int(scaled), edge)
        }
    }
}

extension RGBImage {
    /// Returns the centre of the picture; a side that is too short is filled with black.
    ///
    /// The crop starts at half the difference, rounded down; a fill starts at half the difference,
    /// rounded up. Reference: huggingface/transformers, `image_transforms.py`, `center_crop`.
    func centreCropped(to crop: ImageProcessor.Crop) -> RGBImage {
        if crop.width == width && crop.height == height { return self }
        var samples = [UInt8](repeating: 0, count: 3 * crop.width * crop.height)
        let (sourceX, targetX, columns) = Self.overlap(width, crop.width)
        let (sourceY, targetY, rows) = Self.overlap(height, crop.height)
        for row in 0..<rows {
            let source = 3 * ((sourceY + row) * width + sourceX)
            let target = 3 * ((targetY + row) * crop.width + targetX)
            samples.replaceSubrange(
                target..<target + 3 * columns, with: pixels[source..<source + 3 * columns])
        }
        return RGBImage(uncheckedWidth: crop.width, height: crop.height, pixels: samples)
    }

    /// Where the kept elements of one axis start in the source and the target, and how many they are.
    private static func overlap(
        _ side: Int, _ crop: Int
    ) -> (source: Int, target: Int, count: Int) {
        if side >= crop { return ((side - crop) / 2, 0, crop) }
        return (0, (crop - side + 1) / 2, side)
    }
}
