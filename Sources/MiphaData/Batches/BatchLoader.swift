import Synchronization

/// Prepares the samples of coming updates on background threads while the engine works.
///
/// The order of samples is fixed by the plan alone, whatever the threads do.
package final class BatchLoader: Sendable {
    private struct State: Sendable {
        var loader: SampleLoader?
        var nextStep = 0
        /// The waits and bad samples of loaders that were given up.
        var secondsWaited = 0.0
        var badSamples: [BadSample] = []
    }

    private let data: TrainingDataSet
    private let plan: BatchPlan
    private let order: @Sendable (Int) -> [Int]
    private let rank: Int
    private let settings: SampleLoader.Settings
    private let state = Mutex(State())

    /// Creates a loader; nothing is prepared yet.
    ///
    /// - Parameters:
    ///   - order: the samples of an epoch in order; `nil`: the plan's own.
    ///   - rank: number of this process among those of the plan.
    package init(
        _ data: TrainingDataSet, _ plan: BatchPlan, order: (@Sendable (Int) -> [Int])? = nil,
        rank: Int = 0,
        settings: SampleLoader.Settings = SampleLoader.Settings()
    ) {
        self.order = order ?? { plan.order(epoch: $0) }
        self.data = data
        self.plan = plan
        self.rank = rank
        self.settings = settings
    }

    /// The micro-batches of an update; those of later updates are prepared meanwhile.
    ///
    /// Updates in order are cheapest: another one begins anew.
    package func microBatches(step: Int) throws -> [SampleLoader.MicroBatch] {
        guard (0..<plan.totalSteps).contains(step) else {
            throw DataError(
                .invalidRequest,
                "update \(step + 1) is not one of the \(plan.totalSteps) of the run")
        }
        let loader = state.withLock { state in
            if let loader = state.loader, state.nextStep == step {
                state.nextStep += 1
                return loader
            }
            if let old = state.loader {
                state.secondsWaited += old.secondsWaited
                state.badSamples += old.badSamples
            }
            let loader = newLoader(from: step)
            state.loader = loader
            state.nextStep = step + 1
            return loader
        }
        return try loader.next(plan.microBatchNumbers(ofStep: step).count)
    }

    /// How long the caller had to wait for samples, in seconds.
    package var secondsWaited: Double {
        state.withLock { $0.secondsWaited + ($0.loader?.secondsWaited ?? 0) }
    }

    /// The samples that could not be used as they are, in the order of the plan.
    package var badSamples: [BadSample] {
        state.withLock { $0.badSamples + ($0.loader?.badSamples ?? []) }
    }

    private func newLoader(from step: Int) -> SampleLoader {
        let (plan, rank) = (plan, rank)
        let orders = EpochOrders(order)
        let first = plan.microBatchNumbers(ofStep: step).lowerBound
        return SampleLoader(data, settings: settings, from: first) { number in
            let (step, index) = plan.place(ofMicroBatch: number)
            guard step < plan.totalSteps else { return nil }
            let order = orders[plan.epoch(ofStep: step)]
            return plan.microBatches(step: step, order: order, rank: rank)[index]
        }
    }
}

/// The order of the samples of an epoch, kept until another one is asked for.
private final class EpochOrders: Sendable {
    private let order: @Sendable (Int) -> [Int]
    private let kept: Mutex<(epoch: Int, order: [Int])?> = Mutex(nil)

    init(_ order: @escaping @Sendable (Int) -> [Int]) {
        self.order = order
    }

    subscript(epoch: Int) -> [Int] {
        kept.withLock { kept in
            if let kept, kept.epoch == epoch { return kept.order }
            let samples = order(epoch)
            kept = (epoch, samples)
            return samples
        }
    }
}
