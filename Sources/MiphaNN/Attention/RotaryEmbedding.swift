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
    /// The change of the frequencies; `nil`: none.
    public let scaling: RotaryScaling?

    /// Describes an embedding; `width` is even.
    public init(width: Int, theta: Double, scaling: RotaryScaling? = nil) {
        self.width = width
        self.theta = theta
        self.scaling = scaling
    }

    /// Angles of the tokens of a pass.
    ///
    /// Frequencies that depend on the length of a text are those of each token's text; keys that are
    /// kept stay as they were turned, as in transformers.
    public func angles(_ pass: any AttentionPass) throws(TensorError) -> RotaryAngles {
        let positions = pass.positions
        guard let scaling else {
            let frequencies = try Functions.rotaryFrequencies(
                rotary: width, theta: theta, device: positions.device)
            return try angles(positions, frequencies, magnitude: 1)
        }
        let lengths = pass.lengths.map(scaling.representative)
        var rows: [Int: [Float]] = [:]
        for length in lengths where rows[length] == nil {
            rows[length] = try scaling.frequencies(width: width, theta: theta, length: length)
        }
        let isSame = rows.count == 1
        let all = isSame ? rows.values.flatMap { $0 } : lengths.flatMap { rows[$0] ?? [] }
        let shape = isSame ? [width / 2] : [positions.size(0), positions.size(1), width / 2]
        return try angles(
            positions, Tensor(all, shape: shape).uploaded(to: positions.device),
            magnitude: scaling.magnitude)
    }

    private func angles(
        _ positions: Tensor, _ frequencies: Tensor, magnitude: Double
    ) throws(TensorError) -> RotaryAngles {
        let angles = try Functions.rotaryAngles(positions: positions, frequencies: frequencies)
        guard magnitude != 1 else { return RotaryAngles(cos: angles.cos, sin: angles.sin) }
        return RotaryAngles(cos: try angles.cos * magnitude, sin: try angles.sin * magnitude)
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
