public import MiphaTorch

/// A network that turns pictures into patch features.
public protocol VisionTower {
    /// Side of the square input in pixels.
    var imageSize: Int { get }
    /// Number of feature vectors for one picture.
    var patchCount: Int { get }
    /// Width of a feature vector.
    var width: Int { get }

    /// The chain from pixels `[images, channels, side, side]` to features `[images, patches, width]`.
    ///
    /// The first segment makes the embedding output, each further one runs a block.
    ///
    /// - Parameter dropout: source of dropout masks; `nil` outside training.
    func segments(dropout: RandomGenerator?) -> [Segment]
}

extension VisionTower {
    /// Features of pictures.
    public func callAsFunction(_ pixels: Tensor) throws(TensorError) -> Tensor {
        try segments(dropout: nil).run(pixels)
    }
}
