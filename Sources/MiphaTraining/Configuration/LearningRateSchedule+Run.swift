extension LearningRateSchedule {
    /// The schedule of a run.
    init(_ run: RunConfiguration, totalSteps: Int) {
        self.init(
            shape: run.schedule, base: run.learningRate,
            // The only update of a run would have the rate 0, and the run would change nothing.
            warmupSteps: totalSteps == 1
                ? 0 : Self.warmupSteps(ratio: run.warmupRatio, totalSteps: totalSteps),
            totalSteps: totalSteps,
            decaySteps: Self.warmupSteps(ratio: run.decayRatio, totalSteps: totalSteps))
    }
}
