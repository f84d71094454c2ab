package import MiphaTorch

/// Puts squares of patches together, so that an image has fewer tokens.
public enum TokenReduction: Sendable, Equatable {
    /// The vectors of `side` x `side` patches one after another, row by row; as `pixel_shuffle` of Idefics3
    /// and SmolVLM in transformers (space to depth).
    case pixelShuffle(side: Int)
    /// The mean of `side` x `side` patches.
    case averagePool(side: Int)

    /// Reads `pixel_shuffle{R}` or `avg_pool{R}`, `R` from 2 to 16.
    init?(_ name: String) {
        let known = (2...16).flatMap { side -> [TokenReduction] in
            [.pixelShuffle(side: side), .averagePool(side: side)]
        }
        guard let found = known.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// The beginning of `mm_projector_type`.
    var name: String {
        switch self {
        case .pixelShuffle(let side): "pixel_shuffle\(side)"
        case .averagePool(let side): "avg_pool\(side)"
        }
    }

    /// Patches along a side of a square.
    public var side: Int {
        switch self {
        case .pixelShuffle(let side), .averagePool(let side): side
        }
    }

    /// Number of patches whose widths a vector has.
    var widening: Int {
        switch self {
        case .pixelShuffle(let side): side * side
        case .averagePool: 1
        }
    }

    /// Puts patches together.
    ///
    /// - Parameters:
    ///   - features: `[images, rows * columns, width]`.
    ///   - rows: a multiple of ``side``, as `columns` is.
    /// - Returns: `[images, squares, width or that of all patches of a square]`.
    package func callAsFunction(
        _ features: Tensor, rows: Int, columns: Int
    ) throws(TensorError) -> Tensor {
        let (images, width, count) = (features.size(0), features.size(2), side * side)
        let squares = rows / side * (columns / side)
        // [images, square rows, square columns, rows, columns, width]
        let sorted =
            try features
            .reshaped([images, rows / side, side, columns / side, side, width])
            .permuted([0, 1, 3, 2, 4, 5])
        switch self {
        case .pixelShuffle: return try sorted.reshaped([images, squares, count * width])
        case .averagePool:
            // Sums are in float32, as those of PyTorch's pooling.
            let patches = try sorted.reshaped([images, squares, count, width])
                .to(dtype: .float32)
            var sum = try patches.narrowed(2, from: 0, length: 1)
            for place in 1..<count {
                sum = try sum + patches.narrowed(2, from: place, length: 1)
            }
            return try (sum * (1 / Double(count))).reshaped([images, squares, width])
                .to(dtype: features.dtype)
        }
    }
}
