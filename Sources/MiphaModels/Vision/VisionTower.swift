public import MiphaTorch

/// A network that turns images into feature vectors.
public protocol VisionTower {
    /// Sizes of one image.
    var input: ImageShape { get }
    /// The features of one image.
    var grid: FeatureGrid { get }

    /// The chain from pixels `[images, channels, height, width]` to features `[images, tokens, width]`.
    ///
    /// The first segment makes the embedding output, each further one runs a block.
    ///
    /// - Parameter dropout: source of dropout masks; `nil` outside training.
    func segments(dropout: RandomGenerator?) -> [Segment]
}

extension VisionTower {
    /// Features of images.
    public func callAsFunction(_ pixels: Tensor) throws(TensorError) -> Tensor {
        try segments(dropout: nil).run(pixels)
    }
}
