import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct StatisticsTests {
    /// Independent items with success probability `share`.
    private func recorder(
        _ share: Double, count: Int, seed: UInt64, clusters: Int? = nil
    ) throws -> ScoreRecorder {
        var generator = SplitMix64(seed: seed)
        var recorder = ScoreRecorder(keepsItems: true)
        for index in 0..<count {
            let isRight = Double.random(in: 0..<1, using: &generator) < share
            try recorder.record(
                ScoredItem(
                    id: QuestionID(index), score: isRight ? 1 : 0, prediction: "x",
                    cluster: clusters.map { "c\(index % $0)" } ?? "",
                    groups: [ScoredItem.Group("kind", index % 2 == 0 ? "even" : "odd")]))
        }
        recorder.addMeans("accuracy", by: ["kind"])
        return recorder
    }

    @Test func `the interval of a proportion is the binomial one`() throws {
        var recorder = try recorder(0.7, count: 400, seed: 1)
        recorder.addIntervals(Bootstrap(draws: 2000))
        let figure = recorder.figures[0]
        let share = figure.value / 100
        let half = 1.96 * (share * (1 - share) / 400).squareRoot() * 100
        let interval = try #require(figure.interval)
        #expect(abs(interval.low - (figure.value - half)) < 1)
        #expect(abs(interval.high - (figure.value + half)) < 1)
        #expect(recorder.figures.map(\.label).contains("accuracy (kind odd)"))
    }

    @Test func `questions that share pictures widen the interval`() throws {
        func width(cluster: (Int) -> String) throws -> Double {
            var recorder = ScoreRecorder()
            for index in 0..<1000 {
                try recorder.record(
                    ScoredItem(
                        id: QuestionID(index), score: (index / 20) % 2 == 0 ? 1 : 0,
                        prediction: "", cluster: cluster(index)))
            }
            recorder.addMeans("accuracy")
            recorder.addIntervals(Bootstrap())
            let interval = try #require(recorder.figures[0].interval)
            return interval.high - interval.low
        }
        let independent = try width { "\($0)" }
        let clustered = try width { "\($0 / 20)" }
        #expect(clustered > 3 * independent)
    }

    @Test func `the same seed gives the same interval`() throws {
        var first = try recorder(0.5, count: 100, seed: 2)
        var second = first
        first.addIntervals(Bootstrap())
        second.addIntervals(Bootstrap())
        #expect(first.figures[0].interval == second.figures[0].interval)
    }

    @Test func `sides that do not differ get a large p-value, sides that do a small one`() throws {
        let base = try recorder(0.6, count: 500, seed: 5)
        let alike = try recorder(0.6, count: 500, seed: 6)
        let better = try recorder(0.8, count: 500, seed: 7)
        let same = try PairedComparison(base, alike, draws: 500)
        let other = try PairedComparison(base, better, draws: 500)
        #expect(try #require(same.differences[0].pValue) > 0.05)
        #expect(try #require(other.differences[0].pValue) < 0.01)
        let interval = try #require(other.differences[0].interval)
        #expect(interval.low > 0)
        #expect(interval.low < other.differences[0].difference)
        #expect(other.differences[0].difference < interval.high)
    }

    @Test func `flips are the items whose score changed`() throws {
        let first = try recorder(0.6, count: 50, seed: 5)
        let second = try recorder(0.6, count: 50, seed: 6)
        let comparison = try PairedComparison(first, second, draws: 10)
        let expected = zip(first.items, second.items).filter { $0.score != $1.score }.map(\.0.id)
        #expect(comparison.flips.map(\.first.id) == expected)
    }

    @Test func `different questions cannot be compared`() throws {
        let first = try recorder(0.6, count: 50, seed: 5)
        let second = try recorder(0.6, count: 51, seed: 5)
        #expect(throws: EvaluationError.self) { try PairedComparison(first, second, draws: 10) }
    }
}
