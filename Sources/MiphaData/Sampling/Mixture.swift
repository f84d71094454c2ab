import MiphaFiles

/// How often an epoch shows the samples of each file.
///
/// With a weight of 2.25 an epoch shows every sample of the file twice and a quarter of them once
/// more. That quarter is the next one of a permutation fixed by the seed, so after four epochs each
/// sample was shown nine times. All epochs have the same number of samples.
public struct Mixture: Sendable, Hashable {
    /// One file's part of an epoch.
    struct Part: Sendable, Hashable {
        let samples: Range<Int>
        /// How many times all samples are shown.
        let copies: Int
        /// How many samples are shown once more.
        let extra: Int
    }

    let parts: [Part]
    let seed: UInt64
    /// The number of samples of an epoch.
    public let count: Int

    /// Mixes files.
    ///
    /// - Parameters:
    ///   - counts: the number of samples of each file; they are numbered through.
    ///   - weights: one per file; 0 leaves a file out.
    ///   - seed: fixes which samples are shown more often in which epoch.
    /// - Throws: `DataError` for a weight that is negative or not finite, an epoch without a sample,
    ///   or one of more than 2,147,483,647.
    public init(counts: [Int], weights: [Double], seed: UInt64) throws(DataError) {
        guard counts.count == weights.count else {
            throw DataError(
                .invalidOption,
                "weights: expected one for each of \(counts.count) files, found \(weights.count)")
        }
        var parts: [Part] = []
        var first = 0
        var total = 0
        for (file, (count, weight)) in zip(counts, weights).enumerated() {
            guard weight.isFinite, weight >= 0 else {
                throw DataError(
                    .invalidOption,
                    "weight of file \(file): expected a number of at least 0, found \(weight)")
            }
            guard weight * Double(count) < Double(Int32.max - 1) else {
                throw DataError(
                    .invalidOption,
                    "weight of file \(file): expected at most \(Int32.max) samples in an epoch, "
                        + "found \(weight) x \(count)")
            }
            let copies = weight.rounded(.down)
            let extra = Int(((weight - copies) * Double(count)).rounded())
            // An empty file, whatever its weight, has no copies to make.
            let part = Part(
                samples: first..<first + count, copies: count == 0 ? 0 : Int(copies), extra: extra)
            parts.append(part)
            first += count
            total += part.copies * count + extra
        }
        guard (1...Int(Int32.max)).contains(total) else {
            throw DataError(
                total == 0 ? .noSamples : .invalidOption,
                "weights: expected 1 to \(Int32.max) samples in an epoch, found \(total)")
        }
        self.parts = parts
        self.seed = seed
        count = total
    }

    /// Mixes the files of an index by the weights of their sources.
    ///
    /// - Throws: as the other initialiser.
    public init(_ index: SampleIndex, seed: UInt64) throws(DataError) {
        try self.init(
            counts: index.files.map(\.samples.count), weights: index.files.map(\.source.weight),
            seed: seed)
    }

    /// The samples of an epoch, file by file, those shown several times as often in the list.
    public func samples(epoch: Int) -> [Int] {
        var samples: [Int] = []
        samples.reserveCapacity(count)
        for (file, part) in parts.enumerated() {
            for _ in 0..<part.copies { samples += part.samples }
            guard part.extra > 0 else { continue }
            var generator = SplitMix64(
                seed: seed ^ (UInt64(file) &+ 1) &* 0x9FB2_1C65_1E98_DF25)
            let order = generator.permutation(part.samples.count)
            let start = epoch * part.extra
            samples += (start..<start + part.extra).map {
                part.samples.lowerBound + order[$0 % order.count]
            }
        }
        return samples
    }
}
