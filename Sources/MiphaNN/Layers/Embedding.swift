public import MiphaTorch

/// A table of learned vectors.
public struct Embedding {
    /// `[rows, width]`.
    public let weight: Tensor
    /// The trainable update, if the table has one.
    public let adapter: LowRankAdapter?

    /// Registers `weight` and the adapter's parameters.
    ///
    /// - Parameter isAdaptable: whether the table may have an adapter: one that is looked up, not one
    ///   whose `weight` is used as a whole.
    public init(
        _ scope: ParameterScope, rows: Int, width: Int, deviation: Double = 0.02,
        isAdaptable: Bool = false
    ) throws {
        weight = try scope.parameter(
            "weight", .embedding, shape: [rows, width],
            initializer: .normal(deviation: deviation))
        adapter = isAdaptable ? try scope.adapter(forTable: weight) : nil
    }

    /// Looks rows up.
    ///
    /// - Parameter indices: int64, any shape.
    /// - Returns: the shape of `indices` with `width` appended.
    public func callAsFunction(_ indices: Tensor) throws(TensorError) -> Tensor {
        let rows = try Functions.embedding(indices, weight: weight)
        return try adapter?(rows: rows, indices: indices) ?? rows
    }
}

/// Non-overlapping square patches of an image, each mapped to a vector.
///
/// Pixels to the right and below that do not fill a patch are ignored ("valid" padding).
public struct PatchEmbedding {
    let weight: Tensor
    let bias: Tensor?
    let patch: Int

    /// Registers `weight` `[width, channels, patch, patch]` and `bias` `[width]`.
    public init(
        _ scope: ParameterScope, channels: Int, patch: Int, width: Int, bias hasBias: Bool = true
    ) throws {
        weight = try scope.parameter(
            "weight", .kernel, shape: [width, channels, patch, patch],
            initializer: .normal(deviation: 0.02))
        bias =
            hasBias
            ? try scope.parameter("bias", .bias, shape: [width], initializer: .zeros) : nil
        self.patch = patch
    }

    /// Embeds images.
    ///
    /// - Parameter pixels: `[images, channels, height, width]`.
    /// - Returns: `[images, patches, width]`, patches in row-major order.
    public func callAsFunction(_ pixels: Tensor) throws(TensorError) -> Tensor {
        let grid = try Functions.convolution(pixels, weight: weight, bias: bias, stride: patch)
        let (images, width) = (grid.size(0), grid.size(1))
        return try grid.reshaped([images, width, -1]).transposed(1, 2).contiguous()
    }
}
