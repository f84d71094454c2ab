import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct PythonRandomTests {
    @Test func `numbers are those of Python's random module for every seed`() throws {
        let oracle = try JSONValue(
            contentsOf: PackagePaths.fixture("oracles/python_random.json"))
        let rows = try #require(oracle["rows"]?.arrayValue)
        #expect(rows.count >= 50)
        for row in rows {
            let seed = try #require(row["seed"]?.integerValue)
            var random = PythonRandom(seed: seed)
            func integers(_ key: String) -> [Int] {
                (row[key]?.arrayValue ?? []).compactMap(\.integerValue)
            }
            let bits = [1, 2, 5, 31, 32, 33, 48, 62, 63].map { Int(random.bits($0)) }
            #expect(bits == integers("bits"), "seed \(seed)")
            #expect((1...12).map { random.below($0) } == integers("choices"), "seed \(seed)")
            let bounds = [100, 1000, 12726, 1 << 31, 1 << 33, 1 << 62]
            #expect(bounds.map { random.below($0) } == integers("large"), "seed \(seed)")
            let fractions = (row["random"]?.arrayValue ?? []).compactMap(\.doubleValue)
            #expect((0..<3).map { _ in random.random() } == fractions, "seed \(seed)")
            let sizes = [(5, 5), (21, 2), (22, 2), (12726, 2), (80, 6), (100, 20), (400, 20)]
            let samples = sizes.map { random.sample($0.0, $0.1) }
            let expected = (row["samples"]?.arrayValue ?? []).map {
                ($0.arrayValue ?? []).compactMap(\.integerValue)
            }
            #expect(samples == expected, "seed \(seed)")
        }
    }

    @Test func `three thousand choices later the state is still Python's`() throws {
        let oracle = try JSONValue(
            contentsOf: PackagePaths.fixture("oracles/python_random.json"))
        for row in try #require(oracle["rows"]?.arrayValue) {
            var random = PythonRandom(seed: try #require(row["seed"]?.integerValue))
            for _ in 0..<3000 { _ = random.choice(["A", "B", "C", "D", "E"]) }
            #expect(Int(random.next()) == row["next"]?.integerValue)
        }
    }

    @Test func `without elements there is no choice and nothing is drawn`() {
        var (left, right) = (PythonRandom(seed: 1), PythonRandom(seed: 1))
        #expect(left.choice([Int]()) == nil)
        #expect(left.below(0) == 0)
        #expect(left.sample(0, 3) == [])
        #expect(left.next() == right.next())
    }
}
