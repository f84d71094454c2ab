/// One sample ready for a batch.
public struct TrainingSample: Sendable, Equatable {
    /// Ids with picture markers.
    public let ids: [Int]
    /// Labels, one per id.
    public let labels: [Int]
    /// Pixels of each picture, `[3, height, width]` in row-major order.
    public let pixels: [[Float]]

    /// Makes a sample.
    public init(ids: [Int], labels: [Int], pixels: [[Float]]) {
        self.ids = ids
        self.labels = labels
        self.pixels = pixels
    }

    /// The memory that ids, labels and pixels take, in bytes.
    public var byteCount: Int {
        (ids.count + labels.count) * MemoryLayout<Int>.size
            + pixels.reduce(0) { $0 + $1.count * MemoryLayout<Float>.size }
    }
}
