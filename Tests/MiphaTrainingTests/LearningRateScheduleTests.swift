import MiphaData
import MiphaTraining
import Testing

@Suite struct LearningRateScheduleTests {
    /// The updates that transformers 4.38 counts.
    private func plan(_ samples: Int, _ batch: Int, _ accumulation: Int, epochs: Double = 1)
        -> BatchPlan
    {
        BatchPlan(
            sampleCount: samples, batchSize: batch, accumulation: accumulation, seed: 1,
            epochs: epochs, steps: nil, end: .former)
    }

    @Test func `warm-up of both stages is the reference's`() {
        #expect(plan(558_128, 256, 1).totalSteps == 2_181)
        #expect(plan(665_298, 32, 4, epochs: 2).totalSteps == 10_394)
        #expect(LearningRateSchedule.warmupSteps(ratio: 0.03, totalSteps: 2_181) == 66)
        #expect(LearningRateSchedule.warmupSteps(ratio: 0.03, totalSteps: 10_394) == 312)
    }

    @Test func `the warm-up ends at the base rate and the cosine at zero`() {
        let rate = LearningRateSchedule(base: 1e-3, warmupSteps: 66, totalSteps: 2_181)
        #expect(rate(0) == 0)
        #expect(rate(33) == 0.5e-3)
        #expect(rate(66) == 1e-3)
        #expect(rate(2_181) < 1e-12)
        #expect(abs(rate(66 + 705) - 1e-3 * 0.75) < 1e-9)
    }

    @Test func `linear falls in a straight line and constant not at all`() {
        let linear = LearningRateSchedule(
            shape: .linear, base: 2, warmupSteps: 10, totalSteps: 110)
        #expect(linear(60) == 1)
        #expect(linear(110) == 0)
        let constant = LearningRateSchedule(
            shape: .constant, base: 2, warmupSteps: 10, totalSteps: 110)
        #expect(constant(5) == 1)
        #expect(constant(109) == 2)
    }

    @Test func `wsd grows, stays and falls in a line`() {
        let schedule = LearningRateSchedule(
            shape: .wsd, base: 4, warmupSteps: 2, totalSteps: 10, decaySteps: 4)
        #expect((0..<10).map { schedule($0) } == [0, 2, 4, 4, 4, 4, 4, 3, 2, 1])
    }

    @Test(arguments: LearningRateSchedule.Shape.allCases)
    func `no shape leaves the range`(shape: LearningRateSchedule.Shape) {
        for (warmup, total, decay) in [(0, 1, 0), (5, 3, 9), (0, 4, 4), (2, 6, 6), (1, 1, 1)] {
            let schedule = LearningRateSchedule(
                shape: shape, base: 1, warmupSteps: warmup, totalSteps: total, decaySteps: decay)
            for step in 0..<total { #expect((0...1).contains(schedule(step))) }
        }
    }
}
