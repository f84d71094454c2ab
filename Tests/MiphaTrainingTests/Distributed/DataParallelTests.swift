import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

struct DataParallelTests {
    /// Largest difference of weights after ten updates, relative to a tensor's largest value: sums
    /// over ranks are rounded in another order, which makes up to 1.1e-6.
    private let rounding = 2e-6

    @Test(arguments: ShardingMode.allCases, [2, 3])
    func `ten updates on several ranks end with the weights of one process`(
        mode: ShardingMode, world: Int
    ) throws {
        let job = RankJob(mode: mode)
        let alone = try job.run(nil)
        let outcomes = try inGroup(world) { try job.run($0) }
        for (rank, outcome) in outcomes.enumerated() {
            let worst = largestDistance(outcome.weights, alone.weights)
            #expect(worst.distance <= rounding, "rank \(rank): \(worst)")
            for (found, expected) in zip(outcome.norms, alone.norms) {
                #expect(abs(found - expected) <= 1e-6 * expected)
            }
            for (found, expected) in zip(outcome.losses, alone.losses) {
                #expect(abs(found - expected) <= 1e-6 * expected)
            }
            #expect(outcome.weights == outcomes[0].weights)
        }
    }

    @Test(arguments: ShardingMode.allCases)
    func `accumulation, recomputation and rows without pictures change nothing`(
        mode: ShardingMode
    ) throws {
        var job = RankJob(mode: mode, mixesText: true)
        let alone = try job.run(nil)
        job.accumulation = 3
        job.checkpointing = true
        let changed = job
        for outcome in try inGroup(2, { try changed.run($0) }) {
            let worst = largestDistance(outcome.weights, alone.weights)
            #expect(worst.distance <= rounding, "\(worst)")
        }
    }

    @Test(arguments: ShardingMode.allCases)
    func `parts of the model that are frozen or never run are left alone`(
        mode: ShardingMode
    ) throws {
        let job = RankJob(
            mode: mode, steps: 3,
            trains: { $0.hasPrefix("model.mm_projector.") || $0.contains(".layers.1.") })
        let alone = try job.run(nil)
        for outcome in try inGroup(2, { try job.run($0) }) {
            let worst = largestDistance(outcome.weights, alone.weights)
            #expect(worst.distance <= rounding, "\(worst)")
        }
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
