import CMiphaImage

extension RGBImage {
    /// Returns the image at another size, with the bytes of Pillow's `Image.resize`.
    ///
    /// The filter widens with the reduction (antialiasing). The result of the first pass is rounded
    /// to 8 bits; weights have 22 fractional bits. As in Pillow 13 the vertical pass runs first when
    /// the height shrinks by more than twice as many pixels as the width, otherwise the horizontal
    /// one, which Pillow before 13 always runs first. Reference: python-pillow/Pillow,
    /// `src/libImaging/Resample.c` and, for `nearest`, `src/libImaging/Geometry.c`. The inner passes
    /// use AVX-512 VNNI or AVX2 where the processor has them; the bytes do not depend on it.
    ///
    /// - Parameters:
    ///   - width: columns of the result, at least 1.
    ///   - height: rows of the result, at least 1.
    ///   - filter: the filter.
    /// - Throws: `ImagingError` when a size is not positive or too large.
    public func resized(
        width: Int, height: Int, filter: ResampleFilter = .bicubic
    ) throws(ImagingError) -> RGBImage {
        try resized(width: width, height: height, filter: filter, instructions: .best)
    }

    /// Returns the image at another size, computed with a chosen instruction set.
    package func resized(
        width: Int, height: Int, filter: ResampleFilter, instructions: ResampleInstructions
    ) throws(ImagingError) -> RGBImage {
        _ = try Self.pixelCount(width: width, height: height, what: "resized image")
        return try resized(
            to: (width, height), window: PixelWindow(width: width, height: height),
            filter: filter, instructions: instructions)
    }

    /// Returns what resizing ``paddedToSquare(fill:)`` gives, mostly without making that image.
    ///
    /// - Throws: `ImagingError` when the result or the canvas would be too large.
    package func resizedOnSquare(
        fill: (UInt8, UInt8, UInt8), width: Int, height: Int, filter: ResampleFilter,
        instructions: ResampleInstructions = .best
    ) throws(ImagingError) -> RGBImage {
        _ = try Self.pixelCount(width: width, height: height, what: "resized image")
        return try resized(
            to: (width, height), window: PixelWindow(width: width, height: height),
            on: SquareCanvas(around: self, fill: fill), filter: filter,
            instructions: instructions)
    }

    /// Returns a part of the image at another size; only what it needs is computed, so that the
    /// whole may be larger than any image can be.
    ///
    /// - Parameters:
    ///   - size: columns and rows of the whole.
    ///   - window: the part.
    ///   - canvas: a canvas that is resized with the image on it.
    func resized(
        to size: (width: Int, height: Int), window: PixelWindow, on canvas: SquareCanvas? = nil,
        filter: ResampleFilter, instructions: ResampleInstructions = .best
    ) throws(ImagingError) -> RGBImage {
        _ = try Self.pixelCount(
            width: window.columns.count, height: window.rows.count, what: "resized image")
        let source = canvas.map { ($0.side, $0.side) } ?? (width, height)
        if size.width == source.0, size.height == source.1 {
            guard let canvas else { return part(window) }
            return picked(columns: window.columns, rows: Array(window.rows), on: canvas)
        }
        if filter == .nearest {
            return picked(
                columns: ResampleAxis.nearest(from: source.0, to: size.width, window.columns),
                rows: ResampleAxis.nearest(from: source.1, to: size.height, window.rows), on: canvas
            )
        }
        let plan = try ResamplePlan(from: source, to: size, window: window, filter: filter)
        let result: RGBImage
        if let canvas, plan.horizontal == nil || plan.order != MI_HORIZONTAL_FIRST {
            guard canvas.side <= Self.maximumCanvasSide else {
                throw ImagingError(
                    .limit,
                    "an image of \(width) x \(height) pixels on a square cannot be resized to "
                        + "\(size.width) x \(size.height) pixels, the limit for such proportions is "
                        + "\(Self.maximumCanvasSide) pixels a side")
            }
            result = try Resampler(instructions: instructions)
                .resample(paddedToSquare(fill: canvas.fill), plan)
        } else {
            result = try Resampler(instructions: instructions).resample(self, on: canvas, plan)
        }
        var rest = PixelWindow(width: result.width, height: result.height)
        if plan.horizontal == nil { rest.columns = window.columns }
        if plan.vertical == nil { rest.rows = window.rows }
        return result.part(rest)
    }
}
