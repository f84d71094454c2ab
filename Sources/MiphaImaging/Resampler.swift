import CMiphaImage

/// Runs the passes of a plan over the samples of an image.
struct Resampler {
    /// The instruction set of the inner passes; the bytes do not depend on it.
    let instructions: ResampleInstructions

    /// Returns the image that a plan makes of another one.
    ///
    /// - Parameters:
    ///   - image: the image whose size the plan takes.
    ///   - canvas: a canvas of that size on which the image lies; not with the vertical pass first.
    ///   - plan: the weights of both passes and their order.
    /// - Throws: `ImagingError` when memory runs out.
    func resample(
        _ image: RGBImage, on canvas: SquareCanvas? = nil, _ plan: ResamplePlan
    ) throws(ImagingError) -> RGBImage {
        let count = 3 * plan.width * plan.height
        var status = MI_MEMORY
        var failure = mi_failure()
        let samples = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            guard let base = target.baseAddress else { return }
            status = unsafe run(plan, on: image, canvas: canvas, into: base, failure: &failure)
            initialized = status == MI_OK ? count : 0
        }
        guard status == MI_OK else {
            throw ImagingError(
                status, failure, name: "resizing to \(plan.width) x \(plan.height) pixels",
                subject: "")
        }
        return RGBImage(uncheckedWidth: plan.width, height: plan.height, pixels: samples)
    }

    private func run(
        _ plan: ResamplePlan, on image: RGBImage, canvas: SquareCanvas?,
        into target: UnsafeMutablePointer<UInt8>, failure: inout mi_failure
    ) -> mi_status {
        let size = mi_size(width: Int32(image.width), height: Int32(image.height))
        return unsafe image.pixels.withUnsafeBufferPointer { source in
            unsafe plan.withAxes { columns, rows in
                guard let canvas else {
                    return unsafe mi_resample(
                        source.baseAddress, size, nil, columns, rows, plan.order,
                        instructions.code, target, &failure)
                }
                var square = mi_canvas(
                    size: mi_size(width: Int32(canvas.side), height: Int32(canvas.side)),
                    left: Int32(canvas.left), top: Int32(canvas.top), fill: canvas.fill)
                return unsafe mi_resample(
                    source.baseAddress, size, &square, columns, rows, plan.order,
                    instructions.code, target, &failure)
            }
        }
    }
}
