public import MiphaTorch

/// Samples for one pass through the model.
public struct MiphaBatch {
    /// Ids with image markers, one list per sample.
    public var ids: [[Int]]
    /// Labels, one per id; `nil` when nothing is learned.
    public var labels: [[Int]]?
    /// Images of all samples in order, `[images, channels, height, width]` float32; where an image has
    /// several blocks of pixels, `[images, values]`, of each image the blocks one after the other; `nil`
    /// without images.
    public var pixels: Tensor?
    /// The tower's output for the images, `[images, patches, width]`, where it is known already;
    /// then `pixels` is not read.
    public var features: Tensor?
    /// For each marker of the batch in order the number of the image it stands for, where rows
    /// share images; `nil`: the markers take the images one after another.
    public var pictures: [Int]?
    /// Masks over ids as the reference makes them; `nil` for causal attention over all real tokens.
    public var idMasks: [[Bool]]?
    /// The samples of each row, where several stand in one row one after another; `nil`: a row
    /// each.
    ///
    /// Samples of one row do not see each other and each begins at position 0.
    public var packing: [[Int]]?

    /// Creates a batch.
    public init(
        ids: [[Int]], labels: [[Int]]? = nil, pixels: Tensor? = nil, pictures: [Int]? = nil,
        idMasks: [[Bool]]? = nil, packing: [[Int]]? = nil
    ) {
        self.ids = ids
        self.labels = labels
        self.pixels = pixels
        self.pictures = pictures
        self.idMasks = idMasks
        self.packing = packing
    }

    /// Number of images.
    public var imageCount: Int { features?.size(0) ?? pixels?.size(0) ?? 0 }

    /// Bytes that a pass over so many positions sends to the model's device at most, besides images.
    package static func sentBytes(positions: Int) -> Int {
        PassIndices.byteCount(positions: positions)
    }

    /// The same batch with its images, or their features, on a device.
    ///
    /// Ids, labels and masks stay lists: a pass sends what it needs of them.
    func moved(to device: Device) throws(TensorError) -> MiphaBatch {
        var batch = self
        if let features {
            batch.features = try features.uploaded(to: device)
        } else {
            batch.pixels = try pixels?.uploaded(to: device)
        }
        return batch
    }
}
