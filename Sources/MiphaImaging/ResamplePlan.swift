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

    /// Plans the part of a resampling that a window shows; an axis whose size stays is not cut.
    init(
        from input: (width: Int, height: Int), to output: (width: Int, height: Int),
        window: PixelWindow, filter: ResampleFilter
    ) throws(ImagingError) {
        width = output.width == input.width ? input.width : window.columns.count
        height = output.height == input.height ? input.height : window.rows.count
        horizontal =
            output.width == input.width
            ? nil
            : try ResampleAxis(
                input: input.width, output: output.width, part: window.columns, filter: filter)
        vertical =
            output.height == input.height
            ? nil
            : try ResampleAxis(
                input: input.height, output: output.height, part: window.rows, filter: filter)
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
