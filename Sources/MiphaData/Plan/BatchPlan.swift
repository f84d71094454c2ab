/// Which samples each update of a run learns from, on each rank.
///
/// Every epoch is an order of the samples, cut into batches that go to the ranks in turn. With one
/// rank the last batch of an epoch may be smaller; with several the end is filled up with samples
/// from the beginning of the epoch, so that all ranks have batches of the same size. An update takes
/// `accumulation` batches of each rank; what is left over at the end of an epoch is dropped, as in
/// the reference's step count.
///
/// With packs a pack of samples takes the place of a sample in all of this: it is the packs that are
/// put in order, counted and dealt to the ranks.
///
/// Reference for ranks: Hugging Face accelerate, `data_loader.BatchSamplerShard` with even batches.
public struct BatchPlan: Sendable, Equatable {
    /// Number of samples of an epoch, or of packs.
    public let sampleCount: Int
    /// What takes the place of samples; `nil`: nothing does.
    public let packs: PackingPlan?
    /// Samples of one micro-batch of one rank.
    public let batchSize: Int
    /// Micro-batches of one update of one rank.
    public let accumulation: Int
    /// Number of ranks.
    public let world: Int
    /// Seed of all orders.
    public let seed: UInt64
    /// Number of updates of the run.
    public let totalSteps: Int

    /// Micro-batches of one epoch of one rank.
    public var microBatchesPerEpoch: Int {
        let size = batchSize * world
        return sampleCount / size + (sampleCount % size > 0 ? 1 : 0)
    }

    /// Updates of one epoch.
    public var stepsPerEpoch: Int { max(1, microBatchesPerEpoch / accumulation) }

    /// Plans a run of a number of epochs, or of exactly `steps` updates.
    ///
    /// - Parameters:
    ///   - sampleCount: samples of an epoch.
    ///   - batchSize: samples of one micro-batch of one rank, at least 1.
    ///   - accumulation: micro-batches of one update, at least 1.
    ///   - world: number of ranks, at least 1.
    ///   - seed: of all orders.
    ///   - epochs: length of the run, rounded up to whole updates.
    ///   - steps: length of the run in updates; goes before `epochs`.
    ///   - packs: `sampleCount` rows that take the place of samples.
    public init(
        sampleCount: Int, batchSize: Int, accumulation: Int, world: Int = 1, seed: UInt64,
        epochs: Double, steps: Int?, packs: PackingPlan? = nil
    ) {
        precondition(
            batchSize > 0 && accumulation > 0 && world > 0,
            "batch size, accumulation and ranks are at least one")
        precondition(packs.map { $0.count == sampleCount } ?? true, "a pack is a sample")
        self.sampleCount = sampleCount
        self.batchSize = batchSize
        self.accumulation = accumulation
        self.world = world
        self.seed = seed
        self.packs = packs
        let size = batchSize * world
        let micro = sampleCount / size + (sampleCount % size > 0 ? 1 : 0)
        let perEpoch = max(1, micro / accumulation)
        totalSteps = steps ?? Int((epochs * Double(perEpoch)).rounded(.up))
    }

    /// The epoch of an update, from 0.
    public func epoch(ofStep step: Int) -> Int { step / stepsPerEpoch }

    /// The plain order of all samples, or packs, in an epoch; ``EpochSampler`` knows others.
    public func order(epoch: Int) -> [Int] {
        var generator = SeededGenerator(seed: seed, epoch: epoch)
        return generator.permutation(sampleCount)
    }

    /// The micro-batches of one update of one rank, as numbers of samples.
    ///
    /// - Parameters:
    ///   - step: the update, from 0.
    ///   - order: the order of the update's epoch, of `sampleCount` samples or packs.
    ///   - rank: below `world`.
    public func microBatches(step: Int, order: [Int], rank: Int = 0) -> [[Int]] {
        let first = (step % stepsPerEpoch) * accumulation
        let last = min(first + accumulation, microBatchesPerEpoch)
        return (first..<max(first, last)).map { micro in
            let start = (micro * world + rank) * batchSize
            guard world > 1 else {
                return samples(order[start..<min(start + batchSize, sampleCount)])
            }
            return samples((start..<start + batchSize).map { order[$0 % sampleCount] })
        }
    }

    private func samples(_ numbers: some Sequence<Int>) -> [Int] {
        packs.map { numbers.flatMap($0.row) } ?? Array(numbers)
    }
}
