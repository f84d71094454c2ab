/// Which samples each update of a run learns from.
///
/// Every epoch is a fresh permutation fixed by seed and epoch, cut into micro-batches; the last one of
/// an epoch may be smaller. An update takes `accumulation` micro-batches; what is left over at the end
/// of an epoch is dropped, as in the reference's step count.
public struct BatchPlan: Sendable, Equatable {
    /// Number of samples.
    public let sampleCount: Int
    /// Samples of one micro-batch.
    public let batchSize: Int
    /// Micro-batches of one update.
    public let accumulation: Int
    /// Seed of all orders.
    public let seed: UInt64
    /// Number of updates of the run.
    public let totalSteps: Int

    /// Updates of one epoch.
    public var stepsPerEpoch: Int {
        max(1, ((sampleCount + batchSize - 1) / batchSize) / accumulation)
    }

    /// Plans a run of a number of epochs, or of exactly `steps` updates.
    public init(
        sampleCount: Int, batchSize: Int, accumulation: Int, seed: UInt64, epochs: Double,
        steps: Int?
    ) {
        self.sampleCount = sampleCount
        self.batchSize = batchSize
        self.accumulation = accumulation
        self.seed = seed
        let micro = (sampleCount + batchSize - 1) / batchSize
        let perEpoch = max(1, micro / accumulation)
        totalSteps = steps ?? Int((epochs * Double(perEpoch)).rounded(.up))
    }

    /// The order of all samples in an epoch.
    public func order(epoch: Int) -> [Int] {
        var generator = SeededGenerator(seed: seed &+ UInt64(epoch) &* 0xD134_2543_DE82_EF95)
        return generator.permutation(sampleCount)
    }

    /// The micro-batches of one update, as indices of samples.
    ///
    /// - Parameter order: the order of the update's epoch.
    public func microBatches(step: Int, order: [Int]) -> [[Int]] {
        let first = (step % stepsPerEpoch) * accumulation
        return (first..<first + accumulation).compactMap { micro in
            let start = micro * batchSize
            guard start < sampleCount else { return nil }
            return Array(order[start..<min(start + batchSize, sampleCount)])
        }
    }
}
