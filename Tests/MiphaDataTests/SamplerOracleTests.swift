import MiphaData
import Testing

/// What the reference's samplers gave for permutations that were written down.
struct SamplerOracle: Decodable {
    struct Megabatches: Decodable {
        let batch: Int
        let world: Int
        let lengths: [Int]
        let textual: [Int]?
        let permutations: [[Int]]
        let order: [Int]
    }

    struct Lengths: Decodable {
        let batch: Int
        let lengths: [Int]
        let permutations: [[Int]]
        let order: [Int]
    }

    struct Shards: Decodable {
        let samples: Int
        let batch: Int
        let world: Int
        /// With the last batches filled up.
        let ranks: [[[Int]]]
        /// With the last batches as they are; ranks after the last one have a batch less.
        let uneven: [[[Int]]]
        /// Without batches that are not full on all ranks.
        let dropped: [[[Int]]]
    }

    let modality: [Megabatches]
    let grouped: [Megabatches]
    let length: [Lengths]
    let shards: [Shards]
}

/// Gives permutations in turn and notes when another size is asked for.
private struct Replay {
    var rest: [[Int]]
    var isRight = true

    mutating func next(_ count: Int) -> [Int] {
        guard let first = rest.first, first.count == count else {
            isRight = false
            return Array(0..<count)
        }
        rest.removeFirst()
        return first
    }
}

@Suite struct SamplerOracleTests {
    private let oracle: SamplerOracle

    init() throws {
        oracle = try MiphaDataTests.oracle(SamplerOracle.self, "samplers.json")
    }

    @Test func `the modality order is the reference's for its permutations`() throws {
        #expect(oracle.modality.count >= 17)
        for row in oracle.modality {
            var replay = Replay(rest: row.permutations)
            let texts = Set(try #require(row.textual))
            let order = MegabatchGrouping(batchSize: row.batch, world: row.world).order(
                row.lengths, hasPictures: row.lengths.indices.map { !texts.contains($0) },
                permutation: { replay.next($0) })
            #expect(order == row.order, "\(row.lengths.count), \(row.batch), \(row.world)")
            #expect(replay.isRight)
            #expect(replay.rest.isEmpty)
        }
    }

    @Test func `with one modality the order is the reference's by length`() {
        for row in oracle.grouped {
            for pictures in [true, false] {
                var replay = Replay(rest: row.permutations)
                let order = MegabatchGrouping(batchSize: row.batch, world: row.world).order(
                    row.lengths, hasPictures: row.lengths.map { _ in pictures },
                    permutation: { replay.next($0) })
                #expect(order == row.order)
                #expect(replay.isRight)
            }
        }
    }

    @Test func `the length order is transformers' for its permutations`() {
        for row in oracle.length {
            var replay = Replay(rest: row.permutations)
            let order = LengthGrouping(batchSize: row.batch).order(
                row.lengths, permutation: { replay.next($0) })
            #expect(order == row.order, "\(row.lengths.count), \(row.batch)")
            #expect(replay.isRight)
        }
    }

    @Test(arguments: EpochEnd.allCases)
    func `ranks get the batches that accelerate gives them`(_ end: EpochEnd) {
        for row in oracle.shards {
            let plan = BatchPlan(
                sampleCount: row.samples, batchSize: row.batch, accumulation: 1, world: row.world,
                seed: 0, epochs: 1, steps: nil, end: end)
            let order = Array(0..<row.samples)
            for rank in 0..<row.world {
                let batches = (0..<plan.stepsPerEpoch).flatMap {
                    plan.microBatches(step: $0, order: order, rank: rank)
                }
                let expected =
                    switch end {
                    case .kept: row.uneven[rank]
                    case .dropped: row.dropped[rank]
                    case .former: row.ranks[rank]
                    }
                #expect(
                    batches.filter { !$0.isEmpty } == expected,
                    "\(row.samples), \(row.batch), \(row.world)")
                #expect(batches.count == plan.microBatchesPerEpoch, "alike on all ranks")
            }
        }
    }
}
