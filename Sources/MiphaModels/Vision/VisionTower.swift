public import MiphaTorch

/// A network that turns images into feature vectors.
public protocol VisionTower {
    /// Sizes of the blocks of pixels of one image.
    var inputs: [ImageShape] { get }
    /// The features of one image.
    var grid: FeatureGrid { get }
    /// Number of vectors between blocks, those among them that are no features, as a class token.
    var tokenCount: Int { get }

    /// The chain from pixels to features `[images, tokens, width]`.
    ///
    /// Pixels are `[images, channels, height, width]`; where an image has several blocks they are
    /// `[images, values]`, of each image the blocks one after the other. The first segment makes the
    /// embedding output, each further one runs a block.
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
