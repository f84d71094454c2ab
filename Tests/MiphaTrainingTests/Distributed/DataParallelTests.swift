import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

struct DataParallelTests {
    @Test(arguments: ShardingMode.allCases, [2, 3])
    func `ten updates on several ranks are those of one process with their batches in turn`(
        mode: ShardingMode, world: Int
    ) throws {
        let job = RankJob(mode: mode)
        let expected = try alone { try RankJob(accumulation: world).run(nil) }
        let outcomes = try inGroup(world) { try job.run($0) }
        for outcome in outcomes {
            #expect(outcome.weights == expected.weights)
            for (found, expected) in zip(outcome.norms, expected.norms) {
                #expect(abs(found - expected) <= roundingOfSums * expected)
            }
            for (found, expected) in zip(outcome.losses, expected.losses) {
                #expect(abs(found - expected) <= roundingOfSums * expected)
            }
        }
    }

    @Test(arguments: [ShardingMode.zero2, .zero3])
    func `gradients shared out after every batch add up in the order of one process`(
        mode: ShardingMode
    ) throws {
        let job = RankJob(mode: mode, accumulation: 2, checkpointing: true)
        let expected = try alone { try RankJob(accumulation: 6).run(nil) }
        for outcome in try inGroup(3, { try job.run($0) }) {
            #expect(outcome.weights == expected.weights)
        }
    }

    @Test func `ranks are as near to float64 as one process`() throws {
        let truth = try RankJob().truth()
        let rounding = largestDistance(try alone { try RankJob().run(nil).weights }, truth)
        #expect(rounding.distance > 1e-7, "the truth is no other computation: \(rounding)")
        for world in [2, 3] {
            let ranks = try inGroup(world) { try RankJob(mode: .zero3).run($0) }[0]
            let found = largestDistance(ranks.weights, truth)
            let limit =
                Device.underTest.isAccelerator ? 1.25 * rounding.distance : rounding.distance
            #expect(found.distance <= limit, "\(world) ranks: \(found), \(rounding)")
        }
    }

    @Test(arguments: ShardingMode.allCases)
    func `accumulation, recomputation and rows without images change nothing`(
        mode: ShardingMode
    ) throws {
        var job = RankJob(mode: mode, mixesText: true)
        let expected = try job.run(nil)
        job.accumulation = 3
        job.checkpointing = true
        let changed = job
        for outcome in try inGroup(2, { try changed.run($0) }) {
            let found = relativeDistance(outcome.weights, expected.weights)
            #expect(found <= 1e-6, "\(found)")
        }
    }

    @Test(arguments: ShardingMode.allCases)
    func `parts of the model that are frozen or never run are left alone`(
        mode: ShardingMode
    ) throws {
        let job = RankJob(
            mode: mode, steps: 3,
            trains: { $0.hasPrefix("model.mm_projector.") || $0.contains(".layers.1.") })
        var cut = job
        cut.accumulation = 2
        let inTurn = cut
        let expected = try alone { try inTurn.run(nil) }
        for outcome in try inGroup(2, { try job.run($0) }) {
            #expect(outcome.weights == expected.weights)
        }
    }

    @Test func `frozen parameters are shared out too`() throws {
        let job = RankJob(mode: .zero3, steps: 1, trains: { $0.contains("mm_projector.") })
        let outcome = try inGroup(3) { try job.run($0) }[0]
        let all = outcome.weights.values.reduce(0) { $0 + 4 * $1.count }
        #expect(outcome.peakBytes <= outcome.predictedBytes)
        #expect(outcome.peakBytes >= outcome.predictedBytes / 2)
        #expect(outcome.sharedBytes >= all)
        #expect(Double(outcome.predictedBytes) <= 0.8 * Double(all))
    }

    @Test func `what a rank holds falls from mode to mode as predicted`() throws {
        var peaks: [Int] = []
        var states: [Int] = []
        for mode in ShardingMode.allCases {
            let job = RankJob(mode: mode, accumulation: 2, steps: 1)
            let outcome = try inGroup(3) { try job.run($0) }[0]
            #expect(outcome.peakBytes <= outcome.predictedBytes, "\(mode)")
            #expect(Double(outcome.peakBytes) >= 0.7 * Double(outcome.predictedBytes), "\(mode)")
            peaks.append(outcome.peakBytes)
            states.append(outcome.stateBytes)
        }
        #expect(peaks[2] < peaks[1])
        #expect(peaks[3] < peaks[2])
        for state in states.dropFirst() {
            #expect(Double(state) <= Double(states[0]) / 3 * 1.1)
        }
    }

    @Test func `a rank that ends early fails the others with its name on the message`() throws {
        let errors = try inGroup(2) { group -> String in
            do {
                _ = try RankJob(mode: .zero3, failingStep: 2).run(group)
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(errors[0].hasPrefix("rank 0 of 2: "), "\(errors[0])")
    }
}
