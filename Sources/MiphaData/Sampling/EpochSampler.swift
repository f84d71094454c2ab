import MiphaFiles

/// The order of samples in each epoch of a run, fixed by its settings and the epoch's number.
public struct EpochSampler: Sendable {
    /// How samples are put in order.
    public let order: SamplingOrder
    /// How often each sample is shown.
    public let mixture: Mixture
    /// Seed of all orders.
    public let seed: UInt64

    private let lengths: [Int32]
    private let hasPictures: [Bool]
    private let batchSize: Int
    private let accumulation: Int
    private let world: Int

    /// The number of samples of an epoch.
    public var count: Int { mixture.count }

    /// Samples from an index, by its word counts.
    ///
    /// - Parameters:
    ///   - index: all samples.
    ///   - mixture: how often each is shown.
    ///   - order: how they are put in order.
    ///   - batchSize: samples of one micro-batch of one rank.
    ///   - accumulation: micro-batches of one update.
    ///   - world: number of ranks.
    ///   - seed: of all orders.
    public init(
        _ index: SampleIndex, mixture: Mixture, order: SamplingOrder, batchSize: Int,
        accumulation: Int = 1, world: Int = 1, seed: UInt64
    ) {
        let grouped = order == .plain ? 0..<0 : 0..<index.count
        self.init(
            lengths: grouped.map { Int32(clamping: index.wordCount($0)) },
            hasPictures: grouped.map { index.pictureCount($0) > 0 }, mixture: mixture,
            order: order, batchSize: batchSize, accumulation: accumulation, world: world,
            seed: seed)
    }

    /// Samples by lengths that the caller knows; the plain order looks at neither list.
    ///
    /// - Parameters:
    ///   - lengths: a length of each sample, in any unit, not negative.
    ///   - hasPictures: whether each sample has images.
    ///   - mixture: how often each is shown.
    ///   - order: how they are put in order.
    ///   - batchSize: samples of one micro-batch of one rank.
    ///   - accumulation: micro-batches of one update.
    ///   - world: number of ranks.
    ///   - seed: of all orders.
    public init(
        lengths: [Int32], hasPictures: [Bool], mixture: Mixture, order: SamplingOrder,
        batchSize: Int, accumulation: Int = 1, world: Int = 1, seed: UInt64
    ) {
        self.lengths = lengths
        self.hasPictures = hasPictures
        self.mixture = mixture
        self.order = order
        self.batchSize = batchSize
        self.accumulation = accumulation
        self.world = world
        self.seed = seed
    }

    /// The numbers of the samples of an epoch in order.
    public func samples(epoch: Int) -> [Int] {
        let samples = mixture.samples(epoch: epoch)
        var generator = SplitMix64(seed: seed, epoch: epoch)
        let places: [Int] =
            switch order {
            case .plain: generator.permutation(samples.count)
            case .length:
                // Positions of an image, in words, as the reference counts them.
                LengthGrouping(batchSize: batchSize * accumulation).order(
                    samples.map { Int(lengths[$0]) + (hasPictures[$0] ? 128 : 0) },
                    permutation: { generator.permutation($0) })
            case .modalityLength:
                MegabatchGrouping(batchSize: batchSize, world: world).order(
                    samples.map { Int(lengths[$0]) }, hasPictures: samples.map { hasPictures[$0] },
                    permutation: { generator.permutation($0) })
            }
        return places.map { samples[$0] }
    }
}
