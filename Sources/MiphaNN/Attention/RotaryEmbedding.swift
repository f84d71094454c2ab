public import MiphaTorch

/// Rotary position embedding: how far the features of a head turn at each position.
///
/// A scaling for longer contexts changes the frequencies and, in some families, the magnitude; both
/// are made here only, once for a pass.
public struct RotaryEmbedding: Sendable, Equatable {
    /// Number of rotated features of a head; those after them pass unchanged.
    public let width: Int
    /// Base of the frequencies `theta^(-2i / width)`.
    public let theta: Double

    /// Describes an embedding; `width` is even.
    public init(width: Int, theta: Double) {
        self.width = width
        self.theta = theta
    }

    /// Angles of the positions of a pass.
    ///
    /// - Parameter positions: `[rows or 1, tokens]` int64.
    public func angles(_ positions: Tensor) throws(TensorError) -> RotaryAngles {
        let frequencies = try Functions.rotaryFrequencies(
            rotary: width, theta: theta, device: positions.device)
        let angles = try Functions.rotaryAngles(positions: positions, frequencies: frequencies)
        return RotaryAngles(cos: angles.cos, sin: angles.sin)
    }
}

/// The rotation of each token of a pass.
public struct RotaryAngles {
    /// Cosines, `[rows or 1, tokens, rotated features / 2]` float32.
    public let cos: Tensor
    /// Sines, like `cos`.
    public let sin: Tensor

    /// Rotates the heads of `x` `[rows, tokens, heads, width]`, halves paired ("NeoX" order).
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try Functions.rotary(x, cos: cos, sin: sin)
    }
}
