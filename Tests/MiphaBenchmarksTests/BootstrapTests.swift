import MiphaBenchmarks
import MiphaFiles
import Testing

struct BootstrapTests {
    /// Evidence of random clusters, and the same as plain rows of column sums.
    private static func evidence(
        clusters: Int, columns: Int, _ generator: inout SplitMix64
    ) -> (evidence: Evidence, rows: [[Double]]) {
        var evidence = Evidence()
        for _ in 0..<columns { _ = evidence.makeColumn("value") }
        var rows = [[Double]](
            repeating: [Double](repeating: 0, count: columns), count: clusters)
        for cluster in 0..<clusters { _ = evidence.cluster(named: "c\(cluster)") }
        for _ in 0..<clusters * 40 {
            let cluster = Int.random(in: 0..<clusters, using: &generator)
            let column = Int.random(in: 0..<columns, using: &generator)
            let value = Double(Int.random(in: 0...3, using: &generator))
            #expect(evidence.cluster(named: "c\(cluster)") == cluster)
            evidence.add(value, to: column, cluster: cluster)
            rows[cluster][column] += value
        }
        return (evidence, rows)
    }

    @Test(arguments: [2, 3, 17, 300])
    func `intervals are those of drawing clusters one by one`(clusters: Int) throws {
        var generator = SplitMix64(seed: UInt64(clusters))
        let (evidence, rows) = Self.evidence(clusters: clusters, columns: 5, &generator)
        #expect(evidence.sums == (0..<5).map { column in rows.reduce(0) { $0 + $1[column] } })
        let statistics: [Statistic] = [
            .column(0), .quotient(.column(1), .column(2)),
            .sum([.column(3), .constant(2), .product(.column(4), .constant(0.5))]),
        ]
        let bootstrap = Bootstrap(draws: 101, seed: 9)
        let found = bootstrap.intervals(of: statistics, evidence)
        var draws = SplitMix64(seed: 9)
        var values = [[Double]](repeating: [], count: 3)
        for _ in 0..<101 {
            var sums = [Double](repeating: 0, count: 5)
            for _ in 0..<clusters {
                let high = draws.next().multipliedFullWidth(by: UInt64(clusters)).high
                for column in 0..<5 { sums[column] += rows[Int(high)][column] }
            }
            for (place, statistic) in statistics.enumerated() {
                values[place].append(statistic.value(sums))
            }
        }
        for place in statistics.indices {
            let sorted = values[place].sorted()
            let interval = try #require(found[place])
            // 2.5 % of 100 steps is halfway between the third and the fourth.
            #expect(abs(interval.low - (sorted[2] + sorted[3]) / 2) < 1e-9)
            #expect(abs(interval.high - (sorted[97] + sorted[98]) / 2) < 1e-9)
        }
    }

    @Test func `one cluster has no interval`() {
        var evidence = Evidence()
        let column = evidence.makeColumn("value")
        evidence.add(1, to: column, cluster: evidence.cluster(named: "a"))
        #expect(Bootstrap().intervals(of: [.column(column)], evidence)[0] == nil)
    }

    @Test func `names that Unicode holds for equal are two clusters`() {
        var evidence = Evidence()
        #expect(evidence.cluster(named: "\u{E9}") == 0)
        #expect(evidence.cluster(named: "e\u{301}") == 1)
        #expect(evidence.cluster(named: "\u{E9}") == 0)
    }
}
