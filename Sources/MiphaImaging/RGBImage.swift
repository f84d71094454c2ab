/// An image of 8-bit RGB pixels.
public struct RGBImage: Sendable, Equatable {
    /// The number of columns, at least 1.
    public let width: Int

    /// The number of rows, at least 1.
    public let height: Int

    /// The samples, `[height, width, 3]` row-major, red first.
    public let pixels: [UInt8]

    /// The largest number of pixels any image of this module may have.
    ///
    /// Twice 89,478,485, the number beyond which Pillow refuses a file as a decompression bomb.
    public static let maximumPixels = 178_956_970

    /// The longest side that an image of this module may have.
    ///
    /// It bounds the time and memory that any processor needs, whatever canvas it asks for.
    public static let maximumSide = 1 << 20

    /// The longest side of an image that ``paddedToSquare(fill:)`` pads; its canvas takes 1.07 GB.
    ///
    /// `ImageProcessor` needs no such canvas, and so has no such limit.
    public static let maximumCanvasSide = 18_918

    /// Wraps samples that are already in memory.
    ///
    /// - Parameters:
    ///   - width: columns, at least 1.
    ///   - height: rows, at least 1.
    ///   - pixels: `3 * width * height` samples, row-major.
    /// - Throws: `ImagingError` when the sizes are not positive, too large or do not fit the samples.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(ImagingError) {
        let count = try Self.pixelCount(width: width, height: height, what: "image")
        guard pixels.count == 3 * count else {
            throw ImagingError(
                .argument,
                "an image of \(width) x \(height) pixels needs \(3 * count) samples, "
                    + "found \(pixels.count)")
        }
        self.init(uncheckedWidth: width, height: height, pixels: pixels)
    }

    init(uncheckedWidth width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Checks a size and returns its number of pixels.
    static func pixelCount(
        width: Int, height: Int, what: String
    ) throws(ImagingError) -> Int {
        guard width > 0, height > 0 else {
            throw ImagingError(
                .argument, "the \(what) must have a positive size, found \(width) x \(height)")
        }
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, count <= maximumPixels, max(width, height) <= maximumSide else {
            throw ImagingError(
                .limit,
                "the \(what) of \(width) x \(height) pixels is larger than the limit of "
                    + "\(maximumPixels) pixels, \(maximumSide) a side")
        }
        return count
    }
}

extension RGBImage {
    /// Returns the image centred on a square canvas of its longer side.
    ///
    /// The offset on the shorter axis is `(longer - shorter) / 2`, rounded down; a square image
    /// is returned unchanged. Reference: zhuyiche/llava-phi, `mipha/mm_utils.py`,
    /// `expand2square`. An image with a side beyond ``maximumCanvasSide`` is returned unchanged
    /// too.
    ///
    /// - Parameter fill: the colour of the canvas.
    public func paddedToSquare(fill: (UInt8, UInt8, UInt8)) -> RGBImage {
        let canvas = SquareCanvas(around: self, fill: fill)
        let side = canvas.side
        guard width != height, side <= Self.maximumCanvasSide else { return self }
        let rowBytes = 3 * width
        var blank = [UInt8]()
        blank.reserveCapacity(3 * side)
        for _ in 0..<side {
            blank.append(fill.0)
            blank.append(fill.1)
            blank.append(fill.2)
        }
        var samples = [UInt8]()
        samples.reserveCapacity(3 * side * side)
        for y in 0..<side {
            guard y >= canvas.top, y - canvas.top < height else {
                samples.append(contentsOf: blank)
                continue
            }
            let start = (y - canvas.top) * rowBytes
            samples.append(contentsOf: blank[..<(3 * canvas.left)])
            samples.append(contentsOf: pixels[start..<start + rowBytes])
            samples.append(contentsOf: blank[(3 * canvas.left + rowBytes)...])
        }
        return RGBImage(uncheckedWidth: side, height: side, pixels: samples)
    }
}
