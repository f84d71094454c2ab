import CMiphaImage

/// The weights of both axes of a resampling and the order of the passes.
struct ResamplePlan {
    /// Columns and rows of the result.
    let width: Int
    let height: Int
    /// `nil` where the size stays.
    let horizontal: ResampleAxis?
    let vertical: ResampleAxis?
    let order: mi_order

    init(
        from input: (width: Int, height: Int), to output: (width: Int, height: Int),
        filter: ResampleFilter
    ) throws(ImagingError) {
        width = output.width
        height = output.height
        horizontal =
            output.width == input.width
            ? nil : try ResampleAxis(input: input.width, output: output.width, filter: filter)
        vertical =
            output.height == input.height
            ? nil : try ResampleAxis(input: input.height, output: output.height, filter: filter)
        let lostColumns = input.width - output.width
        let lostRows = input.height - output.height
        order = lostRows > 0 && lostRows > 2 * lostColumns ? MI_VERTICAL_FIRST : MI_HORIZONTAL_FIRST
    }

    /// Calls `body` with the axes in the form of the C layer.
    func withAxes<Result>(
        _ body: (UnsafePointer<mi_axis>?, UnsafePointer<mi_axis>?) -> Result
    ) -> Result {
        unsafe Self.withAxis(horizontal) { columns in
            unsafe Self.withAxis(vertical) { rows in unsafe body(columns, rows) }
        }
    }

    private static func withAxis<Result>(
        _ axis: ResampleAxis?, _ body: (UnsafePointer<mi_axis>?) -> Result
    ) -> Result {
        guard let axis else { return body(nil) }
        return unsafe axis.withAxis { unsafe body($0) }
    }
}
