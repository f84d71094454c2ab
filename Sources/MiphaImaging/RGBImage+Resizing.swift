import CMiphaImage

extension RGBImage {
    /// Returns the picture at another size, with the bytes of Pillow's `Image.resize`.
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

    /// Returns the picture at another size, computed with a chosen instruction set.
    package func resized(
        width: Int, height: Int, filter: ResampleFilter, instructions: ResampleInstructions
    ) throws(ImagingError) -> RGBImage {
        _ = try Self.pixelCount(width: width, height: height, what: "resized picture")
        if width == self.width && height == self.height { return self }
        if filter == .nearest { return nearest(width: width, height: height) }
        let plan = try ResamplePlan(
            from: (self.width, self.height), to: (width, height), filter: filter)
        return try resampled(plan, canvas: nil, instructions: instructions)
    }

    /// Returns what resizing ``paddedToSquare(fill:)`` gives, mostly without making that picture.
    ///
    /// - Throws: `ImagingError` when the result or the canvas would be too large.
    package func resizedOnSquare(
        fill: (UInt8, UInt8, UInt8), width: Int, height: Int, filter: ResampleFilter,
        instructions: ResampleInstructions = .best
    ) throws(ImagingError) -> RGBImage {
        _ = try Self.pixelCount(width: width, height: height, what: "resized picture")
        let side = max(self.width, self.height)
        guard side <= Self.maximumCanvasSide else {
            throw ImagingError(
                .limit,
                "a picture of \(self.width) x \(self.height) pixels cannot be padded to a square, "
                    + "the limit is \(Self.maximumCanvasSide) pixels a side")
        }
        let canvas = mi_canvas(
            size: mi_size(width: Int32(side), height: Int32(side)),
            left: Int32((side - self.width) / 2), top: Int32((side - self.height) / 2),
            fill: fill)
        if filter != .nearest, width != side {
            let plan = try ResamplePlan(from: (side, side), to: (width, height), filter: filter)
            if plan.order == MI_HORIZONTAL_FIRST {
                return try resampled(plan, canvas: canvas, instructions: instructions)
            }
        }
        return try paddedToSquare(fill: fill).resized(
            width: width, height: height, filter: filter, instructions: instructions)
    }

    private func resampled(
        _ plan: ResamplePlan, canvas: mi_canvas?, instructions: ResampleInstructions
    ) throws(ImagingError) -> RGBImage {
        let count = 3 * plan.width * plan.height
        var status = MI_MEMORY
        var failure = mi_failure()
        let samples = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            guard let base = target.baseAddress else { return }
            status = unsafe resample(
                plan, canvas: canvas, instructions: instructions, into: base, failure: &failure)
            initialized = status == MI_OK ? count : 0
        }
        guard status == MI_OK else {
            throw ImagingError(
                status, failure, name: "resizing to \(plan.width) x \(plan.height) pixels",
                subject: "")
        }
        return RGBImage(uncheckedWidth: plan.width, height: plan.height, pixels: samples)
    }

    private func resample(
        _ plan: ResamplePlan, canvas: mi_canvas?, instructions: ResampleInstructions,
        into target: UnsafeMutablePointer<UInt8>, failure: inout mi_failure
    ) -> mi_status {
        let size = mi_size(width: Int32(width), height: Int32(height))
        return unsafe pixels.withUnsafeBufferPointer { source in
            unsafe plan.withAxes { columns, rows in
                guard var canvas else {
                    return unsafe mi_resample(
                        source.baseAddress, size, nil, columns, rows, plan.order,
                        instructions.code, target, &failure)
                }
                return unsafe mi_resample(
                    source.baseAddress, size, &canvas, columns, rows, plan.order,
                    instructions.code, target, &failure)
            }
        }
    }

    private func nearest(width: Int, height: Int) -> RGBImage {
        let columns = Self.nearestIndices(from: self.width, to: width)
        let rows = Self.nearestIndices(from: self.height, to: height)
        var samples = [UInt8]()
        samples.reserveCapacity(3 * width * height)
        for row in rows {
            let start = row * self.width
            for column in columns {
                let index = 3 * (start + column)
                samples.append(pixels[index])
                samples.append(pixels[index + 1])
                samples.append(pixels[index + 2])
            }
        }
        return RGBImage(uncheckedWidth: width, height: height, pixels: samples)
    }

    /// The input index of every output element; the position accumulates as in Pillow.
    private static func nearestIndices(from input: Int, to output: Int) -> [Int] {
        let scale = Double(input) / Double(output)
        var position = scale * 0.5
        var indices = [Int]()
        indices.reserveCapacity(output)
        for _ in 0..<output {
            indices.append(min(Int(position), input - 1))
            position += scale
        }
        return indices
    }
}
