import MiphaData
import MiphaTestSupport
import Testing

@Suite struct MixtureTests {
    @Test func `weights of one show every sample once, in order`() throws {
        let mixture = try Mixture(counts: [3, 4], weights: [1, 1], seed: 5)
        #expect(mixture.count == 7)
        #expect(mixture.samples(epoch: 0) == Array(0..<7))
        #expect(mixture.samples(epoch: 9) == Array(0..<7))
    }

    @Test func `a weight is whole copies and a part that moves on`() throws {
        let mixture = try Mixture(counts: [10, 100, 8], weights: [2, 1.25, 0.5], seed: 5)
        #expect(mixture.count == 20 + 125 + 4)
        let epochs = (0..<4).map(mixture.samples)
        var total = [Int](repeating: 0, count: 118)
        for epoch in epochs {
            #expect(epoch.count == mixture.count)
            let counts = occurrences(epoch, count: 118)
            #expect(counts[..<10].allSatisfy { $0 == 2 })
            #expect(counts[10..<110].allSatisfy { $0 == 1 || $0 == 2 })
            #expect(counts[110...].allSatisfy { $0 <= 1 })
            for (sample, count) in counts.enumerated() { total[sample] += count }
        }
        #expect(total[..<10].allSatisfy { $0 == 8 })
        #expect(total[10..<110].allSatisfy { $0 == 5 })
        #expect(total[110...].allSatisfy { $0 == 2 })
        #expect(epochs[0] != epochs[1])
        #expect(epochs[0] == mixture.samples(epoch: 0))
    }

    @Test func `after any number of epochs two samples of a file differ by one at most`() throws {
        for weight in [0.1, 0.37, 0.5, 0.999, 1.7, 3.33] {
            let mixture = try Mixture(counts: [17], weights: [weight], seed: 1)
            var seen: [Int] = []
            for epoch in 0..<40 {
                seen += mixture.samples(epoch: epoch)
                let counts = occurrences(seen, count: 17)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(weight), \(epoch)")
            }
        }
    }

    @Test func `another seed picks another part`() throws {
        let parts = try (0..<4).map { seed in
            try Mixture(counts: [100], weights: [0.2], seed: UInt64(seed)).samples(epoch: 0)
        }
        #expect(Set(parts).count == 4)
    }

    @Test func `a weight of zero leaves a file out`() throws {
        let mixture = try Mixture(counts: [3, 2], weights: [0, 1], seed: 0)
        #expect(mixture.samples(epoch: 0) == [3, 4])
    }

    @Test func `samplers order the copies too`() throws {
        let mixture = try Mixture(counts: [40, 20], weights: [1.5, 2], seed: 2)
        for order in SamplingOrder.allCases {
            let sampler = EpochSampler(
                lengths: (0..<60).map { Int32($0) }, hasPictures: (0..<60).map { $0 < 40 },
                mixture: mixture, order: order, batchSize: 2, world: 2, seed: 2)
            #expect(sampler.count == 100)
            for epoch in 0..<2 {
                #expect(
                    sampler.samples(epoch: epoch).sorted()
                        == mixture.samples(epoch: epoch).sorted())
            }
        }
    }

    @Test(arguments: [-1, .nan, .infinity, 1e300, 1e9, -.infinity])
    func `a weight out of range is refused`(_ weight: Double) throws {
        let error = try #require(throws: DataError.self) {
            try Mixture(counts: [5, 5], weights: [1, weight], seed: 0)
        }
        #expect(error.code == .invalidOption)
        #expect(error.message.contains("weight of file 1"))
    }

    @Test func `an epoch without samples or with too few weights is refused`() throws {
        for weights in [[0.0], [0.01]] {
            let error = try #require(throws: DataError.self) {
                try Mixture(counts: [5], weights: weights, seed: 0)
            }
            #expect(error.code == .noSamples)
        }
        #expect(throws: DataError.self) { try Mixture(counts: [5, 5], weights: [1], seed: 0) }
        #expect(throws: DataError.self) {
            try Mixture(counts: [1 << 30, 1 << 30, 1 << 30], weights: [1, 1, 1], seed: 0)
        }
    }
}
