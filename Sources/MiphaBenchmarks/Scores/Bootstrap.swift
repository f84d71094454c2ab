import MiphaFiles

/// Confidence intervals by drawing clusters anew with replacement (percentile bootstrap).
///
/// Questions on one image are not independent, so images are drawn, not questions
/// (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, chapters 8 and 13).
public struct Bootstrap: Sendable {
    /// Number of draws.
    public var draws: Int
    /// Seed; the same evidence and seed give the same interval.
    public var seed: UInt64

    /// Makes a bootstrap.
    public init(draws: Int = 1000, seed: UInt64 = 20_240_311) {
        self.draws = draws
        self.seed = seed
    }

    /// The 95 % interval of each statistic.
    ///
    /// - Returns: one for each statistic; nil with fewer than two clusters.
    public func intervals(
        of statistics: [Statistic], _ evidence: Evidence
    ) -> [Figure.Interval?] {
        let grouped = evidence.grouped()
        guard grouped.clusterCount > 1, draws > 1 else { return statistics.map { _ in nil } }
        var values = [[Double]](repeating: [], count: statistics.count)
        var generator = SplitMix64(seed: seed)
        var weights = [[UInt16]](
            repeating: [UInt16](repeating: 0, count: grouped.clusterCount), count: Self.batch)
        for start in stride(from: 0, to: draws, by: Self.batch) {
            let count = min(Self.batch, draws - start)
            for draw in 0..<count {
                Self.draw(&weights[draw], grouped.clusterCount, &generator)
            }
            let sums = Self.sums(grouped, weights)
            for draw in 0..<count {
                let drawn = sums.map { $0[draw] }
                for (index, statistic) in statistics.enumerated() {
                    values[index].append(statistic.value(drawn))
                }
            }
        }
        return values.map { Self.interval($0) }
    }

    /// How many draws are added up at once.
    private static let batch = 8

    /// How often each of `count` clusters comes in one draw of as many.
    private static func draw(
        _ weights: inout [UInt16], _ count: Int, _ generator: inout SplitMix64
    ) {
        for cluster in weights.indices { weights[cluster] = 0 }
        for _ in 0..<count { weights[generator.below(count)] &+= 1 }
    }

    /// The sums of every column under each of the weightings.
    private static func sums(
        _ evidence: GroupedEvidence, _ weights: [[UInt16]]
    ) -> [SIMD8<Double>] {
        var sums = [SIMD8<Double>](repeating: .zero, count: evidence.columnCount)
        for cluster in 0..<evidence.clusterCount {
            var weight = SIMD8<UInt16>()
            for draw in 0..<batch { weight[draw] = weights[draw][cluster] }
            let factor = SIMD8<Double>(weight)
            for place in evidence.starts[cluster]..<evidence.starts[cluster + 1] {
                sums[Int(evidence.columns[place])] += factor * evidence.values[place]
            }
        }
        return sums
    }

    /// The 2.5 % and 97.5 % points, with linear interpolation.
    static func interval(_ values: [Double]) -> Figure.Interval {
        let sorted = values.sorted()
        func point(_ share: Double) -> Double {
            let place = share * Double(sorted.count - 1)
            let low = Int(place)
            let high = min(low + 1, sorted.count - 1)
            return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
        }
        return Figure.Interval(low: point(0.025), high: point(0.975))
    }
}
