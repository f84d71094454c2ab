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
    /// The images, or their features, on their way to a device.
    private var arriving: PendingUpload?

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

    /// Begins to send the images, or their features, to a device, beside what it computes.
    ///
    /// A pass waits for them there. Nothing is sent that is there already, nor to the CPU. Neither may
    /// be set anew from then on.
    public mutating func send(to device: Device) throws(TensorError) {
        guard device.isAccelerator, let images = features ?? pixels, images.device == .cpu else {
            return
        }
        arriving = try PendingUpload(of: images, to: device)
    }

    /// The same batch with its images, or their features, on a device.
    ///
    /// Ids, labels and masks stay lists: a pass sends what it needs of them.
    func moved(to device: Device) throws(TensorError) -> MiphaBatch {
        var batch = self
        let images: Tensor?
        if let arriving {
            images = try arriving.tensor()
        } else {
            images = try (features ?? pixels)?.uploaded(to: device)
        }
        if features == nil {
            batch.pixels = images
        } else {
            batch.features = images
        }
        batch.arriving = nil
        return batch
    }
}
