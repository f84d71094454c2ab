import MiphaTraining
import Testing

@Suite struct ScheduleTests {
    private func rates(_ shape: LearningRateSchedule.Shape) -> [Double] {
        let schedule = LearningRateSchedule(
            shape: shape, base: 4, warmupSteps: 2, totalSteps: 10, decaySteps: 4)
        return (0..<10).map { schedule($0) }
    }

    @Test func `wsd grows, stays and falls in a line`() {
        #expect(rates(.wsd) == [0, 2, 4, 4, 4, 4, 4, 3, 2, 1])
    }

    @Test func `a constant rate stays after the warm-up`() {
        #expect(rates(.constant) == [0, 2, 4, 4, 4, 4, 4, 4, 4, 4])
    }

    @Test func `a linear rate falls from the warm-up to the end`() {
        #expect(rates(.linear) == [0, 2, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5])
    }

    @Test func `half a cosine is at half in the middle`() {
        let schedule = LearningRateSchedule(base: 4, warmupSteps: 2, totalSteps: 10)
        #expect(abs(schedule(6) - 2) < 1e-12)
        #expect(schedule.factor(2) == 1)
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
