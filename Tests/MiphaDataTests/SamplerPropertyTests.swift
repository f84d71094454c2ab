import MiphaData
import MiphaFiles
import Testing

@Suite struct SamplerPropertyTests {
    private func sampler(
        _ order: SamplingOrder, count: Int, textOnly: Double, batch: Int, world: Int,
        seed: UInt64 = 3
    ) throws -> (EpochSampler, [Int32], [Bool]) {
        var random = SplitMix64(seed: seed)
        let lengths = (0..<count).map { _ in Int32.random(in: 0...500, using: &random) }
        let pictures = (0..<count).map { _ in Double.random(in: 0..<1, using: &random) >= textOnly }
        let mixture = try Mixture(counts: [count], weights: [1], seed: seed)
        let sampler = EpochSampler(
            lengths: lengths, hasPictures: pictures, mixture: mixture, order: order,
            batchSize: batch, world: world, seed: seed)
        return (sampler, lengths, pictures)
    }

    @Test(arguments: SamplingOrder.allCases, [(1, 1), (4, 1), (4, 8), (3, 5), (16, 2)])
    func `every sample comes once an epoch, in an order of the epoch's own`(
        _ order: SamplingOrder, _ shape: (Int, Int)
    ) throws {
        for count in [1, 2, 31, 32, 33, 257, 1_000] {
            let (sampler, _, _) = try sampler(
                order, count: count, textOnly: 0.3, batch: shape.0, world: shape.1)
            let epochs = (0..<3).map(sampler.samples)
            for epoch in epochs { #expect(epoch.sorted() == Array(0..<count)) }
            #expect(sampler.samples(epoch: 1) == epochs[1])
            if count == 1_000 { #expect(Set(epochs).count == 3) }
        }
    }

    @Test(arguments: [0.0, 1.0])
    func `one modality alone is not an error`(_ textOnly: Double) throws {
        let (sampler, _, _) = try sampler(
            .modalityLength, count: 101, textOnly: textOnly, batch: 4, world: 2)
        #expect(sampler.samples(epoch: 0).sorted() == Array(0..<101))
    }

    @Test func `the plain order of a sampler is the plan's`() throws {
        let (sampler, _, _) = try sampler(
            .plain, count: 99, textOnly: 0, batch: 2, world: 1, seed: 8)
        let plan = BatchPlan(
            sampleCount: 99, batchSize: 2, accumulation: 1, seed: 8, epochs: 1, steps: nil)
        for epoch in 0..<4 {
            #expect(sampler.samples(epoch: epoch) == plan.order(epoch: epoch))
        }
    }

    @Test func `all megabatches but two are of one modality`() throws {
        let (sampler, _, pictures) = try sampler(
            .modalityLength, count: 3_001, textOnly: 0.2, batch: 4, world: 8)
        for epoch in 0..<3 {
            let order = sampler.samples(epoch: epoch)
            let mixed = stride(from: 0, to: order.count, by: 32).filter { start in
                Set(order[start..<min(start + 32, order.count)].map { pictures[$0] }).count > 1
            }
            #expect(mixed.count <= 2)
            #expect(mixed.allSatisfy { $0 == 0 || $0 + 32 >= order.count }, "\(mixed)")
        }
    }

    @Test func `the ranks of a megabatch get like sums of lengths`() throws {
        let (sampler, lengths, _) = try sampler(
            .modalityLength, count: 4_096, textOnly: 0.25, batch: 8, world: 4)
        let order = sampler.samples(epoch: 0)
        let plan = BatchPlan(
            sampleCount: 4_096, batchSize: 8, accumulation: 1, world: 4, seed: 0, epochs: 1,
            steps: nil)
        func spread(_ order: [Int]) -> Int {
            (0..<plan.stepsPerEpoch).reduce(0) { total, step in
                let sums = (0..<4).map { rank in
                    plan.microBatches(step: step, order: order, rank: rank)[0]
                        .reduce(0) { $0 + Int(lengths[$1]) }
                }
                return total + (sums.max() ?? 0) - (sums.min() ?? 0)
            }
        }
        let plain = try self.sampler(.plain, count: 4_096, textOnly: 0.25, batch: 8, world: 4).0
        #expect(spread(order) * 5 < spread(plain.samples(epoch: 0)))
    }

    @Test func `dealing gives every rank as many and never the fullest more`() {
        var random = SplitMix64(seed: 5)
        for world in 1...8 {
            let lengths = (0..<world * 6).map { _ in Int.random(in: 0...1_000, using: &random) }
            let places = lengths.indices.sorted { lengths[$0] > lengths[$1] }
            let chunks = MegabatchGrouping(batchSize: 6, world: world).chunks(places, lengths)
            #expect(chunks.map(\.count) == [Int](repeating: 6, count: world))
            #expect(chunks.flatMap { $0 }.sorted() == Array(lengths.indices))
            let sums = chunks.map { $0.reduce(0) { $0 + lengths[$1] } }
            #expect((sums.max() ?? 0) - (sums.min() ?? 0) <= lengths.max() ?? 0)
        }
    }

    @Test func `the length order puts the longest first and neighbours together`() throws {
        let (sampler, lengths, pictures) = try sampler(
            .length, count: 2_000, textOnly: 0.5, batch: 8, world: 1)
        let order = sampler.samples(epoch: 0).map { Int(lengths[$0]) + (pictures[$0] ? 128 : 0) }
        #expect(order.first == order.max())
        let gaps = zip(order, order.dropFirst()).reduce(0) { $0 + abs($1.0 - $1.1) }
        #expect(gaps / order.count < 20)
    }
}
