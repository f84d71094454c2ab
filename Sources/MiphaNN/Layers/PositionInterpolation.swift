public import MiphaTorch

/// How learned positions of a square grid of patches become those of another grid: cubic interpolation, as
/// transformers' `interpolate_pos_encoding` of a family of towers does it.
public struct PositionInterpolation: Sendable, Equatable {
    /// What places in one grid are divided by to get those in the other.
    public enum Scale: String, Sendable, CaseIterable {
        /// The ratio of the sides.
        case size
        /// The ratio after 0.1 is added to the new side, as in DINOv2's own code and in transformers
        /// before 4.45.
        case scaleFactor = "scale_factor"
    }

    /// Whether the kernel widens with the reduction.
    public var antialiases: Bool
    /// Whether float32 is computed in, whatever the type of the table.
    public var isInFloat32: Bool
    /// What places are divided by.
    public var scale: Scale

    /// Creates a rule.
    public init(antialiases: Bool = false, isInFloat32: Bool = false, scale: Scale = .size) {
        self.antialiases = antialiases
        self.isInFloat32 = isInFloat32
        self.scale = scale
    }

    /// The positions of a grid of `side` x `side` patches; the table itself where it is of that grid.
    ///
    /// - Parameters:
    ///   - table: `[..., leading + n * n, width]`, the rows of the patches after `leading` others.
    ///   - leading: rows that stay as they are.
    /// - Returns: the shape of `table` with `leading + side * side` rows, in its dtype.
    public func callAsFunction(
        _ table: Tensor, leading: Int, side: Int
    ) throws(TensorError) -> Tensor {
        let rank = table.shape.count
        let (count, width) = (table.size(rank - 2) - leading, table.size(rank - 1))
        let old = Int(Double(count).squareRoot().rounded())
        guard old != side else { return table }
        let rows = try table.reshaped([-1, width])
        let grid = try rows.narrowed(0, from: leading, length: old * old)
            .reshaped([1, old, old, width]).permuted([0, 3, 1, 2])
        let factor = scale == .size ? nil : (Double(side) + 0.1) / Double(old)
        let resized = try Functions.resampleBicubic(
            grid.to(dtype: isInFloat32 ? .float32 : table.dtype), height: side, width: side,
            scale: factor, antialiases: antialiases
        ).to(dtype: table.dtype)
        let patches = try resized.permuted([0, 2, 3, 1]).reshaped([side * side, width])
        let all =
            leading == 0
            ? patches
            : try .concatenating(
                [rows.narrowed(0, from: 0, length: leading), patches], along: 0)
        return try all.reshaped(table.shape.dropLast(2) + [leading + side * side, width])
    }
}
