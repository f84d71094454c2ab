import MiphaFiles

/// Which samples each update of a run learns from, on each rank.
///
/// Every epoch is an order of the samples, cut into batches that go to the ranks in turn. An update
/// takes `accumulation` batches of each rank. So an update is a stretch of the order, whatever ranks
/// and accumulation share it out, and the last of an epoch is what is left: it has as many
/// micro-batches as its samples need, the same number on each rank, of which some may be empty.
/// ``EpochEnd`` has the other rules.
///
/// With packs a pack of samples takes the place of a sample in all of this: it is the packs that are
/// put in order, counted and dealt to the ranks.
///
/// Reference for ranks: Hugging Face accelerate, `data_loader.BatchSamplerShard`, without even batches;
/// for updates: transformers 5, `Trainer._run_epoch`.
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
    /// What becomes of samples that do not fill an update.
    public let end: EpochEnd
    /// Number of updates of the run.
    public let totalSteps: Int
    /// Micro-batches of one epoch of one rank, those that are empty on this rank alone included.
    public let microBatchesPerEpoch: Int

    /// Updates of one epoch; 0 when all samples are dropped.
    public var stepsPerEpoch: Int { Self.quotientUp(microBatchesPerEpoch, accumulation) }

    /// Samples, or packs, of a whole update.
    public var updateSize: Int { batchSize * accumulation * world }

    /// Different samples, or packs, that an epoch shows.
    public var shownPerEpoch: Int { min(sampleCount, microBatchesPerEpoch * batchSize * world) }

    /// Samples, or packs, that an epoch shows once more, to fill up micro-batches.
    public var repeatedPerEpoch: Int {
        guard end == .former, world > 1 else { return 0 }
        return max(0, microBatchesPerEpoch * batchSize * world - sampleCount)
    }

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
    ///   - end: what becomes of samples that do not fill an update.
    public init(
        sampleCount: Int, batchSize: Int, accumulation: Int, world: Int = 1, seed: UInt64,
        epochs: Double, steps: Int?, packs: PackingPlan? = nil, end: EpochEnd = .kept
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
        self.end = end
        let micro = Self.quotientUp(sampleCount, batchSize * world)
        microBatchesPerEpoch =
            switch end {
            case .kept: micro
            case .dropped: sampleCount / (batchSize * accumulation * world) * accumulation
            case .former: micro < accumulation ? micro : micro / accumulation * accumulation
            }
        let perEpoch = Self.quotientUp(microBatchesPerEpoch, accumulation)
        totalSteps =
            perEpoch == 0 ? 0 : steps ?? Int((epochs * Double(perEpoch)).rounded(.up))
    }

    private static func quotientUp(_ number: Int, _ divisor: Int) -> Int {
        number / divisor + (number % divisor > 0 ? 1 : 0)
    }

    /// The epoch of an update, from 0.
    public func epoch(ofStep step: Int) -> Int { step / stepsPerEpoch }

    /// Passes over the data after a number of updates: whole ones, and the share of an epoch's samples
    /// that were shown of the next.
    public func epochs(after steps: Int) -> Double {
        guard stepsPerEpoch > 0 else { return 0 }
        let shown = min(steps % stepsPerEpoch * updateSize, shownPerEpoch)
        return Double(steps / stepsPerEpoch) + Double(shown) / Double(shownPerEpoch)
    }

    /// The plain order of all samples, or packs, in an epoch; ``EpochSampler`` knows others.
    public func order(epoch: Int) -> [Int] {
        var generator = SplitMix64(seed: seed, epoch: epoch)
        return generator.permutation(sampleCount)
    }

    /// The micro-batches of an update, the same on each rank, as numbers within its epoch.
    private func numbers(ofStep step: Int) -> Range<Int> {
        let first = step % stepsPerEpoch * accumulation
        return first..<min(first + accumulation, microBatchesPerEpoch)
    }

    /// Micro-batches of an update that have samples, of all ranks.
    public func microBatchCount(ofStep step: Int) -> Int {
        let numbers = numbers(ofStep: step)
        guard end == .kept else { return numbers.count * world }
        return min(
            numbers.count * world,
            Self.quotientUp(sampleCount, batchSize) - numbers.lowerBound * world)
    }

    /// The micro-batches of one update of one rank, as numbers of samples.
    ///
    /// - Parameters:
    ///   - step: the update, from 0.
    ///   - order: the order of the update's epoch, of `sampleCount` samples or packs.
    ///   - rank: below `world`.
    public func microBatches(step: Int, order: [Int], rank: Int = 0) -> [[Int]] {
        numbers(ofStep: step).map { samples(ofMicroBatch: $0, order: order, rank: rank) }
    }

    /// The update of a micro-batch and its place there; micro-batches are counted from the start of the
    /// run, on each rank alike.
    public func place(ofMicroBatch number: Int) -> (step: Int, index: Int) {
        let (epoch, own) = number.quotientAndRemainder(dividingBy: microBatchesPerEpoch)
        return (epoch * stepsPerEpoch + own / accumulation, own % accumulation)
    }

    /// The number of an update's first micro-batch, and how many it has on each rank.
    public func microBatchNumbers(ofStep step: Int) -> Range<Int> {
        let numbers = numbers(ofStep: step)
        let first = epoch(ofStep: step) * microBatchesPerEpoch
        return first + numbers.lowerBound..<first + numbers.upperBound
    }

    private func samples(ofMicroBatch number: Int, order: [Int], rank: Int) -> [Int] {
        let start = (number * world + rank) * batchSize
        let numbers =
            end == .former && world > 1
            ? (start..<start + batchSize).map { order[$0 % sampleCount] }
            : Array(order[min(start, sampleCount)..<min(start + batchSize, sampleCount)])
        return packs.map { numbers.flatMap($0.row) } ?? numbers
    }
}
