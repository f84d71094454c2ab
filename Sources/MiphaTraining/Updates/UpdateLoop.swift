import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

/// Does the updates of a run: for each a loop of passes over its micro-batches, then one step of
/// the optimiser.
final class UpdateLoop {
    private let run: RunConfiguration
    private let schedule: LearningRateSchedule
    private let learner: Learner
    private let batches: RunBatches
    private let objective: any Objective
    private let exchange: RankExchange
    private let recorder: Recorder
    private let idle: IdleSamples
    private var spikes: SpikeDetector
    /// Updates in a row that were not finite.
    private(set) var skippedInARow: Int
    /// Samples that this process has asked for, and those that could not be used as they are; those
    /// of all processes at earlier starts are counted by rank 0.
    private var usability: SampleUsability

    /// Updates that are not finite, in a row, after which even the policy `skip` gives up.
    private static var patience: Int { 10 }

    /// - Parameters:
    ///   - state: what the updates before left.
    init(
        _ run: RunConfiguration, _ schedule: LearningRateSchedule, _ learner: Learner,
        _ batches: RunBatches, _ objective: any Objective, _ exchange: RankExchange,
        _ idle: IdleSamples, resuming state: RunState
    ) {
        (self.run, self.schedule) = (run, schedule)
        (self.learner, self.batches, self.objective) = (learner, batches, objective)
        (self.exchange, recorder, self.idle) = (exchange, exchange.recorder, idle)
        spikes = SpikeDetector(factor: run.spikeFactor, recent: state.recentLosses)
        skippedInARow = state.skippedInARow
        usability = learner.rank == 0 ? state.usability : SampleUsability()
    }

    /// The last losses, for spikes.
    var recentLosses: [Double] { spikes.recent }

    /// The objective's means over an update.
    func means(of result: UpdateResult) -> [TrainingProgress.Figure] {
        TrainingProgress.Figure.means(
            objective.figures, result.figures, weight: result.weight)
    }

    /// Forward and backward over the micro-batches of an update, then one optimiser step.
    ///
    /// - Returns: `nil` when the run is to stop; nothing was changed then, generators included.
    func update(_ step: Int, shouldStop: () -> Bool) throws -> UpdateResult? {
        let before = try learner.dropout.state()
        do {
            if let result = try attempt(step, shouldStop: shouldStop) { return result }
        } catch {
            if !learner.isUnsound { try learner.dropout.restore(before) }
            throw error
        }
        try learner.dropout.restore(before)
        return nil
    }

    private func attempt(_ step: Int, shouldStop: () -> Bool) throws -> UpdateResult? {
        let loaded = Result { try batches.loader.microBatches(step: step) }
        let (micro, failure) =
            switch loaded {
            case .success(let micro): (micro, (any Error)?.none)
            case .failure(let error): ([], error)
            }
        recorder.take(batches.loader, step: step + 1)
        usability.add(micro)
        for batch in micro { idle.record(batch, of: .training, step: step + 1) }
        defer { recorder.take(batches.features, step: step + 1) }
        let counts = micro.map { objective.weight(of: $0.samples) }
        var result = UpdateResult(
            weight: counts.reduce(0, +),
            supervised: micro.reduce(0) { $0 + $1.samples.supervisedCount },
            figures: objective.figures.map { _ in 0 })
        if try exchange.agree(
            on: &result, usability, step: step, failure: failure, shouldStop: shouldStop)
        {
            return nil
        }
        learner.beginUpdate()
        switch try runPasses(micro, counts, step, shouldStop: shouldStop, into: &result) {
        case .done: break
        case .stopped: return nil
        case .notFinite(let loss): return try skip(step, result, "the loss is \(loss)")
        }
        if !run.optimizerInBackward {
            result.norm = try learner.step(
                learningRate: schedule.factor(step), clippingAt: run.maximumGradientNorm)
            guard result.norm.isFinite else {
                return try skip(step, result, "the norm of the gradients is \(result.norm)")
            }
        }
        try learner.completeUpdate()
        skippedInARow = 0
        guard result.weight > 0 else {
            result.loss = .nan
            return result
        }
        recordSpike(result, step)
        return result
    }

    // MARK: Passes

    /// The way the passes over an update's micro-batches ended.
    private enum Passes {
        case done
        /// The run is to stop.
        case stopped
        /// The loss, which is not a finite number.
        case notFinite(Double)
    }

    /// Forward and backward passes over the micro-batches, whose results of all processes are
    /// joined.
    ///
    /// - Parameter counts: the weight of each.
    private func runPasses(
        _ micro: [SampleLoader.MicroBatch], _ counts: [Int], _ step: Int, shouldStop: () -> Bool,
        into result: inout UpdateResult
    ) throws -> Passes {
        let parallel = learner.parallel
        var losses = WaitingLosses()
        var upcoming = UpdateBatches(batches, on: learner.model.device)
        for (index, batch) in micro.enumerated() {
            parallel?.begin(isLast: index == micro.count - 1)
            guard counts[index] > 0 else {
                try parallel?.didEndPass()
                continue
            }
            if parallel == nil && shouldStop() {
                try learner.abandonUpdate()
                return .stopped
            }
            let scale =
                switch run.lossReduction {
                case .token: 1 / Double(result.weight)
                case .microBatch:
                    1 / Double(counts[index] * batches.plan.microBatchCount(ofStep: step))
                }
            let pass = try accumulate(
                upcoming.batch(batch), of: batch, step, scale: scale, into: &result)
            losses.append(pass.loss, scale, pass.figures)
            if let next = micro.indices.first(where: { $0 > index && counts[$0] > 0 }) {
                try upcoming.announce(micro[next])
            }
            guard losses.isReadAtOnce else { continue }
            if let broken = try losses.read(into: &result), parallel == nil {
                return .notFinite(broken)
            }
        }
        if let broken = try losses.read(into: &result), parallel == nil {
            return .notFinite(broken)
        }
        guard let parallel else { return .done }
        try parallel.finishGradients()
        try result.join(parallel, own: counts.reduce(0, +))
        return result.loss.isFinite ? .done : .notFinite(result.loss)
    }

    /// Forward and backward pass of a micro-batch; with `optimizer_in_backward` the update too.
    ///
    /// - Returns: the loss, a sum in nats, not scaled, and the objective's figures.
    private func accumulate(
        _ batch: MiphaBatch, of micro: SampleLoader.MicroBatch, _ step: Int, scale: Double,
        into result: inout UpdateResult
    ) throws -> (loss: Tensor?, figures: PassFigures) {
        let (optimizer, parallel) = (learner.optimizer, learner.parallel)
        let pass = try objective.pass(
            batch, numbers: micro.indices, of: .training, dropout: learner.dropout)
        let backward = SegmentedBackward(
            checkpointing: run.checkpointing, stopsAtNonFiniteLoss: run.optimizerInBackward)
        let inBackward =
            run.optimizerInBackward
            ? OptimizerInBackward(
                optimizer, factor: schedule.factor(step), segments: pass.chain.segments,
                trainable: learner.model.store.facts(of: learner.trainable),
                stepping: learner.step) : nil
        let loss: Tensor?
        do {
            loss = try backward.run(
                pass.chain, scale: scale, dropout: learner.dropout,
                observer: inBackward ?? parallel)
        } catch let error as OptimizerInBackward.NonFiniteGradient {
            learner.distrustWeights()
            throw TrainingError(
                .failed,
                "update \(step + 1): the norm of the gradients of \(error.segment) is \(error.norm), "
                    + "and with optimizer_in_backward later parts of the model have been updated "
                    + "already; no checkpoint of this state is written, the command with --resume auto "
                    + "goes on from the last one; samples: \(listed(batches.names(step: step, of: nil)))"
            )
        }
        if let inBackward { result.norm = inBackward.norm }
        if run.accumulation > 1 && parallel == nil { try optimizer.collectGradients() }
        result.tokens += pass.chain.positionCount
        return (loss, try pass.figures())
    }

    // MARK: Losses that are not as they should be

    /// Records a loss that is far above those before.
    private func recordSpike(_ result: UpdateResult, _ step: Int) {
        guard let median = spikes.spike(result.loss) else { return }
        var incident = Incident(
            .lossSpike, step: step + 1, samples: batches.names(step: step, of: result.ranks),
            message: "loss \(result.loss), the median of the updates before is \(median)")
        incident.rank = result.ranks?.first
        recorder.record(incident)
    }

    /// Deals with an update that is not finite, as the run's policy says.
    private func skip(
        _ step: Int, _ result: UpdateResult, _ reason: String
    ) throws -> UpdateResult {
        let ranks = result.loss.isFinite ? nil : result.ranks
        let names = batches.names(step: step, of: ranks)
        try learner.optimizer.dropGradients()
        skippedInARow += 1
        guard run.nonFinite == .skip, skippedInARow < Self.patience else {
            let again =
                run.nonFinite == .skip ? "; the \(skippedInARow)th such update in a row" : ""
            learner.distrustWeights()
            throw TrainingError(
                .failed,
                "update \(step + 1): \(reason)\(again); no weight was changed; samples: "
                    + listed(names))
        }
        var incident = Incident(
            .skippedUpdate, step: step + 1, samples: names,
            message: "\(reason); the update changed no weight")
        incident.rank = ranks?.count == 1 ? ranks?.first : nil
        recorder.record(incident)
        var skipped = result
        skipped.isSkipped = true
        skipped.norm = .nan
        skipped.loss = .nan
        return skipped
    }

    /// The first of the names.
    private func listed(_ names: [String]) -> String {
        let more = names.count > 20 ? " and \(names.count - 20) more" : ""
        return names.prefix(20).joined(separator: ", ") + more
    }
}
