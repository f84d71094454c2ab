import MiphaData
import MiphaFiles
import Testing

@Suite struct PackingPlanTests {
    private static let methods: [PackingPlan.Method] = [
        .sequential, .firstFitDecreasing(window: 1), .firstFitDecreasing(window: 64),
        .firstFitDecreasing(window: .max),
    ]

    private func lengths(_ count: Int, longest: Int32, seed: UInt64) -> [Int32] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Int32.random(in: 1...longest, using: &random) }
    }

    private func rows(_ plan: PackingPlan) -> [[Int]] { (0..<plan.count).map(plan.row) }

    @Test(arguments: methods)
    func `every sample is in one row and no row is too long`(_ method: PackingPlan.Method) throws {
        for (count, longest) in [(0, 9), (1, 100), (500, 100), (500, 7), (333, 51)]
            as [(Int, Int32)]
        {
            let lengths = lengths(count, longest: longest, seed: 2)
            var random = SplitMix64(seed: 9)
            let order = (0..<count).shuffled(using: &random)
            let plan = try PackingPlan(
                order: order, lengths: lengths, capacity: 100, method: method)
            let rows = rows(plan)
            #expect(rows.flatMap { $0 }.sorted() == Array(0..<count))
            for row in rows {
                #expect(!row.isEmpty)
                #expect(row.reduce(0) { $0 + Int(lengths[$1]) } <= 100)
            }
            #expect(plan.usedPositions == lengths.reduce(0) { $0 + Int($1) })
            #expect(
                try plan
                    == PackingPlan(order: order, lengths: lengths, capacity: 100, method: method))
        }
    }

    @Test func `sequential keeps the order`() throws {
        let plan = try PackingPlan(
            order: [3, 1, 0, 2], lengths: [4, 5, 6, 2], capacity: 10, method: .sequential)
        #expect(rows(plan) == [[3, 1], [0, 2]])
        #expect(plan.fill == 0.85)
    }

    @Test func `the longest go first, each into the first row with room`() throws {
        let plan = try PackingPlan(
            order: [0, 1, 2, 3, 4, 5], lengths: [2, 6, 5, 4, 3, 10], capacity: 10,
            method: .firstFitDecreasing(window: 100))
        // 10 | 6 4 | 5 3 2, then by the first place in the order.
        #expect(rows(plan) == [[0, 2, 4], [1, 3], [5]])
        #expect(plan.fill == 1)
    }

    @Test func `first fit agrees with a search row by row`() throws {
        for seed in 0..<20 as Range<UInt64> {
            let lengths = lengths(200, longest: 60, seed: seed)
            let plan = try PackingPlan(
                order: Array(0..<200), lengths: lengths, capacity: 64,
                method: .firstFitDecreasing(window: 1_000))
            var expected: [[Int]] = []
            var free: [Int] = []
            for sample in lengths.indices.sorted(by: {
                lengths[$0] == lengths[$1] ? $0 < $1 : lengths[$0] > lengths[$1]
            }) {
                let length = Int(lengths[sample])
                if let row = free.firstIndex(where: { $0 >= length }) {
                    free[row] -= length
                    expected[row].append(sample)
                } else {
                    free.append(64 - length)
                    expected.append([sample])
                }
            }
            expected = expected.map { $0.sorted() }.sorted { $0[0] < $1[0] }
            #expect(rows(plan) == expected)
        }
    }

    @Test func `rows hardly follow the lengths, and are nearly full`() throws {
        let lengths = lengths(8_000, longest: 800, seed: 4)
        let plan = try PackingPlan(order: Array(0..<8_000), lengths: lengths, capacity: 2_048)
        #expect(plan.fill > 0.98)
        let firsts = (0..<plan.count / 4).map { Int(lengths[plan.row($0)[0]]) }
        let mean = firsts.reduce(0, +) / firsts.count
        #expect((250...550).contains(mean))
        let sequential = try PackingPlan(
            order: Array(0..<8_000), lengths: lengths, capacity: 2_048, method: .sequential)
        #expect(plan.count < sequential.count)
    }

    @Test func `a sample longer than a row is refused, or left out and reported`() throws {
        let error = try #require(throws: DataError.self) {
            try PackingPlan(order: [0, 1, 2], lengths: [5, 11, 10], capacity: 10)
        }
        #expect(error.code == .overlongSample)
        #expect(error.message.contains("sample 1") && error.message.contains("11"))
        let plan = try PackingPlan(
            order: [2, 1, 0], lengths: [5, 11, 10], capacity: 10, leavesOutOverlong: true)
        #expect(plan.leftOut == [1])
        #expect(rows(plan) == [[2], [0]])
        #expect(plan.usedPositions == 15)
    }

    @Test func `a sample shown twice is packed twice`() throws {
        let plan = try PackingPlan(order: [0, 0, 1], lengths: [5, 5], capacity: 10)
        #expect(rows(plan).flatMap { $0 }.sorted() == [0, 0, 1])
        #expect(plan.count == 2)
    }

    @Test func `settings and lengths out of range are refused`() throws {
        for capacity in [0, -1, .max] {
            #expect(throws: DataError.self) {
                try PackingPlan(order: [0], lengths: [1], capacity: capacity)
            }
        }
        #expect(throws: DataError.self) {
            try PackingPlan(
                order: [0], lengths: [1], capacity: 4, method: .firstFitDecreasing(window: 0))
        }
        for order in [[1], [-1], [0, 5]] {
            #expect(throws: DataError.self) {
                try PackingPlan(order: order, lengths: [1], capacity: 4)
            }
        }
        #expect(throws: DataError.self) {
            try PackingPlan(order: [0], lengths: [-1], capacity: 4)
        }
    }
}
