import Dispatch
package import MiphaData
import MiphaModels
import MiphaTorch
import Synchronization

/// Prepares the samples of coming updates on background threads while the engine works.
///
/// The order of samples is fixed by the plan alone, whatever the threads do.
package final class BatchLoader: Sendable {
    private typealias Prepared = Result<[[TrainingSample]], any Error>

    private struct State {
        var epoch = -1
        var order: [Int] = []
        var pending: [Int: DispatchGroup] = [:]
        var ready: [Int: Prepared] = [:]
    }

    private let data: TrainingDataSet
    private let plan: BatchPlan
    private let queue = DispatchQueue(label: "mipha.batches")
    private let state = Mutex(State())

    /// Creates a loader; nothing is prepared yet.
    package init(_ data: TrainingDataSet, _ plan: BatchPlan) {
        self.data = data
        self.plan = plan
    }

    /// Starts preparing an update, if the run has it and nobody has started it.
    package func prefetch(step: Int) {
        guard step < plan.totalSteps else { return }
        let group = DispatchGroup()
        let isNew = state.withLock { state in
            guard state.pending[step] == nil else { return false }
            state.pending[step] = group
            return true
        }
        guard isNew else { return }
        queue.async(group: group) { [self] in
            let indices = microBatches(step: step)
            let result = Prepared { try indices.map { try $0.map(data.sample) } }
            state.withLock { $0.ready[step] = result }
        }
    }

    /// The micro-batches of an update, with the next update started behind it.
    package func samples(step: Int) throws -> [[TrainingSample]] {
        prefetch(step: step)
        prefetch(step: step + 1)
        state.withLock { $0.pending[step] }?.wait()
        let result = state.withLock { state in
            state.pending[step] = nil
            return state.ready.removeValue(forKey: step)
        }
        guard let result else {
            throw TrainingError(
                .failed, "update \(step + 1) is not one of the \(plan.totalSteps) of the run")
        }
        return try result.get()
    }

    private func microBatches(step: Int) -> [[Int]] {
        let epoch = step / plan.stepsPerEpoch
        return state.withLock { state in
            if state.epoch != epoch {
                state.epoch = epoch
                state.order = plan.order(epoch: epoch)
            }
            return plan.microBatches(step: step, order: state.order)
        }
    }
}

/// Makes batches of samples.
struct Collator {
    /// Masks attention keys that equal this id, as the reference does; `nil` masks none.
    let maskedKeyID: Int?
    /// Channels, height and width of a picture.
    let pixelShape: [Int]

    func batch(_ samples: [TrainingSample]) throws -> MiphaBatch {
        let pictures = samples.flatMap(\.pixels)
        let pixels =
            try pictures.isEmpty
            ? nil : Tensor(pictures.flatMap { $0 }, shape: [pictures.count] + pixelShape)
        let masks = maskedKeyID.map { id in samples.map { $0.ids.map { $0 != id } } }
        return MiphaBatch(
            ids: samples.map(\.ids), labels: samples.map(\.labels), pixels: pixels, idMasks: masks)
    }
}
