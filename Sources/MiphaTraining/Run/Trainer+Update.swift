import MiphaChat
import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    struct UpdateResult {
        /// Not a number when nothing was supervised.
        var loss = 0.0
        var norm = 0.0
        /// What the means of the update divide by, as the objective counts.
        var weight = 0
        var supervised = 0
        var tokens = 0
        /// Sums of the objective's figures.
        var figures: [Double] = []
        var isSkipped = false
        /// Samples of all processes until now.
        var usability = SampleUsability()
        /// Of several processes, those whose losses are not finite, or the one with the highest.
        var ranks: [Int]?
    }

    /// Updates that are not finite, in a row, after which even the policy `skip` gives up.
    private static var patience: Int { 10 }

    /// Forward and backward over the micro-batches of an update, then one optimiser step.
    ///
    /// - Returns: `nil` when the run is to stop; nothing was changed then, generators included.
    func update(
        _ step: Int, _ recorder: Recorder, shouldStop: () -> Bool
    ) throws -> UpdateResult? {
        let before = try dropout.state()
        do {
            if let result = try attempt(step, recorder, shouldStop: shouldStop) { return result }
        } catch {
            if !weightsAreUnsound { try dropout.restore(before) }
            throw error
        }
        try dropout.restore(before)
        return nil
    }

    private func attempt(
        _ step: Int, _ recorder: Recorder, shouldStop: () -> Bool
    ) throws -> UpdateResult? {
        let loaded = Result { try loader.microBatches(step: step) }
        let (micro, failure) =
            switch loaded {
            case .success(let micro): (micro, (any Error)?.none)
            case .failure(let error): ([], error)
            }
        recorder.take(loader, step: step + 1)
        usability.add(micro)
        for batch in micro { record(idleOf: batch, of: .training, step: step + 1, recorder) }
        defer { recorder.take(features, step: step + 1) }
        let counts = micro.map { objective.weight(of: $0.samples) }
        var result = UpdateResult(
            weight: counts.reduce(0, +),
            supervised: micro.reduce(0) { $0 + $1.samples.supervisedCount },
            figures: objective.figures.map { _ in 0 })
        if try agree(on: &result, step: step, failure: failure, shouldStop, recorder) { return nil }
        weightsAreUnsound = run.optimizerInBackward
        switch try runPasses(micro, counts, step, shouldStop: shouldStop, into: &result) {
        case .done: break
        case .stopped: return nil
        case .notFinite(let loss):
            return try skip(step, result, "the loss is \(loss)", recorder)
        }
        if !run.optimizerInBackward {
            result.norm = try stepOptimizer(step)
            guard result.norm.isFinite else {
                return try skip(
                    step, result, "the norm of the gradients is \(result.norm)", recorder)
            }
        }
        if let average { try average.update(optimizer.weights()) }
        weightsAreUnsound = false
        state.skippedInARow = 0
        guard result.weight > 0 else {
            result.loss = .nan
            return result
        }
        recordSpike(result, step, recorder)
        return result
    }

    /// How the passes over an update's micro-batches ended.
    private enum Passes {
        case done
        /// The run is to stop.
        case stopped
        /// The loss, which is not a finite number.
        case notFinite(Double)
    }

    /// Forward and backward passes over the micro-batches, whose results of all processes are joined.
    ///
    /// - Parameter counts: the weight of each.
    private func runPasses(
        _ micro: [SampleLoader.MicroBatch], _ counts: [Int], _ step: Int, shouldStop: () -> Bool,
        into result: inout UpdateResult
    ) throws -> Passes {
        for (index, batch) in micro.enumerated() {
            parallel?.begin(isLast: index == micro.count - 1)
            guard counts[index] > 0 else {
                try parallel?.didEndPass()
                continue
            }
            if parallel == nil && shouldStop() {
                try optimizer.dropGradients()
                weightsAreUnsound = false
                return .stopped
            }
            let scale =
                switch run.lossReduction {
                case .token: 1 / Double(result.weight)
                case .microBatch:
                    1 / Double(counts[index] * plan.microBatchCount(ofStep: step))
                }
            let loss = try accumulate(batch, step, scale: scale, into: &result)
            guard loss.isFinite || parallel != nil else { return .notFinite(loss) }
        }
        guard let parallel else { return .done }
        try join(parallel, &result, own: counts.reduce(0, +))
        return result.loss.isFinite ? .done : .notFinite(result.loss)
    }

    /// Records a loss that is far above those before.
    private func recordSpike(_ result: UpdateResult, _ step: Int, _ recorder: Recorder) {
        guard let median = spikes.spike(result.loss) else { return }
        var incident = Incident(
            .lossSpike, step: step + 1, samples: sampleNames(step, of: result.ranks),
            message: "loss \(result.loss), the median of the updates before is \(median)")
        incident.rank = result.ranks?.first
        recorder.record(incident)
    }

    /// Clips the gradients and updates the weights.
    ///
    /// - Returns: the norm of the gradients; where it is not finite no weight was changed.
    private func stepOptimizer(_ step: Int) throws -> Double {
        let gradients = try optimizer.gradients()
        let norm = try parallel?.norm(of: gradients) ?? Tensor.norm(of: gradients)
        guard norm.isFinite else { return norm }
        if run.maximumGradientNorm > 0 && norm > run.maximumGradientNorm {
            let factor = run.maximumGradientNorm / (norm + 1e-6)
            for gradient in gradients { try gradient.scale(by: factor) }
        }
        weightsAreUnsound = true
        try optimizer.step(learningRate: schedule.factor(step))
        try parallel?.finishStep()
        return norm
    }

    /// Forward and backward pass of a micro-batch; with `optimizer_in_backward` the update too.
    ///
    /// - Returns: the loss, a sum in nats, not scaled.
    private func accumulate(
        _ micro: SampleLoader.MicroBatch, _ step: Int, scale: Double,
        into result: inout UpdateResult
    ) throws -> Double {
        let pass = try objective.pass(
            batch(micro.samples), numbers: micro.indices, of: .training, dropout: dropout)
        let backward = SegmentedBackward(
            checkpointing: run.checkpointing, stopsAtNonFiniteLoss: run.optimizerInBackward)
        let inBackward =
            run.optimizerInBackward
            ? OptimizerInBackward(
                optimizer, factor: schedule.factor(step), segments: pass.chain.segments,
                trainable: model.store.facts(of: trainable)) : nil
        let loss: Double
        do {
            loss = try backward(
                pass.chain, scale: scale, dropout: dropout,
                observer: inBackward ?? parallel)
        } catch let error as OptimizerInBackward.NonFiniteGradient {
            throw TrainingError(
                .failed,
                "update \(step + 1): the norm of the gradients of \(error.segment) is \(error.norm), "
                    + "and with optimizer_in_backward later parts of the model have been updated "
                    + "already; no checkpoint of this state is written, the same command goes on from "
                    + "the last one; samples: \(listed(sampleNames(step, of: nil)))")
        }
        if let inBackward { result.norm = inBackward.norm }
        if run.accumulation > 1 && parallel == nil { try optimizer.collectGradients() }
        result.loss += loss * scale
        result.tokens += pass.chain.positionCount
        result.figures = zip(result.figures, pass.figures()).map { $0 + $1 }
        return loss
    }

    /// Deals with an update that is not finite, as the run's policy says.
    private func skip(
        _ step: Int, _ result: UpdateResult, _ reason: String, _ recorder: Recorder
    ) throws -> UpdateResult {
        let ranks = result.loss.isFinite ? nil : result.ranks
        let names = sampleNames(step, of: ranks)
        try optimizer.dropGradients()
        state.skippedInARow += 1
        guard run.nonFinite == .skip, state.skippedInARow < Self.patience else {
            let again =
                run.nonFinite == .skip ? "; the \(state.skippedInARow)th such update in a row" : ""
            weightsAreUnsound = true
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

    /// Ids of the samples of an update, of all processes or of some.
    private func sampleNames(_ step: Int, of ranks: [Int]?) -> [String] {
        let order = order(plan.epoch(ofStep: step))
        return (ranks ?? Array(0..<plan.world)).flatMap { rank in
            plan.microBatches(step: step, order: order, rank: rank).joined().map(data.name)
        }
    }
}
