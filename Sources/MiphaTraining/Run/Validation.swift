import MiphaData
import MiphaModels
import MiphaTorch

/// Measures the loss on the validation data between updates.
struct Validation {
    /// The result of a validation.
    struct Measurement {
        let loss: Double
        /// The objective's means.
        let figures: [TrainingProgress.Figure]
        /// Whether the loss is the lowest so far and its checkpoint is to be kept.
        let isKept: Bool
    }

    /// The way a validation ended.
    enum Outcome {
        case measured(Measurement)
        /// No sample has anything to learn from.
        case nothingToMeasure
        /// The run is to stop, and the loss is still due then.
        case stopped

        /// The measurement, if there is one.
        var measurement: Measurement? {
            if case .measured(let found) = self { found } else { nil }
        }
    }

    private let data: TrainingDataSet
    private let run: RunConfiguration
    private let learner: Learner
    private let batches: RunBatches
    private let objective: any Objective
    private let exchange: RankExchange
    private let idle: IdleSamples
    private var recorder: Recorder { exchange.recorder }

    init(
        _ data: TrainingDataSet, _ run: RunConfiguration, _ learner: Learner,
        _ batches: RunBatches, _ objective: any Objective, _ exchange: RankExchange,
        _ idle: IdleSamples
    ) {
        (self.data, self.run) = (data, run)
        (self.learner, self.batches, self.objective) = (learner, batches, objective)
        (self.exchange, self.idle) = (exchange, idle)
    }

    /// Whether the loss is to be measured after the updates done.
    func isDue(after step: Int) -> Bool {
        step % run.evaluationSteps == 0 || step == batches.plan.totalSteps
    }

    /// Measures the loss.
    ///
    /// - Parameter best: the lowest one before, as far as this process knows.
    func measure(
        after step: Int, best: Double?, shouldStop: () -> Bool
    ) throws -> Outcome {
        guard let own = try sums(after: step, shouldStop: shouldStop) else { return .stopped }
        let sums = try shared(own, best: best)
        guard sums.weight > 0 else { return .nothingToMeasure }
        let loss = sums.loss / Double(sums.weight)
        let isBest = loss.isFinite && loss < sums.lowest
        recorder.say(
            "update \(step): validation loss \(loss)\(isBest ? ", the lowest so far" : "")")
        return .measured(
            Measurement(
                loss: loss,
                figures: TrainingProgress.Figure.means(
                    objective.figures, sums.figures, weight: sums.weight),
                isKept: isBest && run.keepsBest))
    }

    private struct Sums {
        var loss = 0.0
        var weight = 0
        var figures: [Double]
        /// The lowest loss before.
        var lowest = Double.infinity
    }

    /// This process's sums of losses and of the objective's figures, without dropout.
    ///
    /// Processes share the batches; all run the same number of passes.
    ///
    /// - Returns: `nil` when the run is to stop.
    private func sums(after step: Int, shouldStop: () -> Bool) throws -> Sums? {
        let parallel = learner.parallel
        var sums = Sums(figures: objective.figures.map { _ in 0.0 })
        let loader = batches.loader(of: data)
        defer { loader.stop() }
        while true {
            let next = Result { try loader.next() }
            let isOver = if case .success(nil) = next { true } else { false }
            let failure: (any Error)? = if case .failure(let error) = next { error } else { nil }
            let votes = [isOver ? 1.0 : 0, shouldStop() ? 1 : 0, failure == nil ? 0 : 1]
            let ballot = try parallel?.sum(votes) ?? votes
            guard ballot[2] == 0 else { throw SharedFailure(reading: failure) }
            if ballot[1] > 0 {
                try exchange.shareIncidents()
                return nil
            }
            guard ballot[0] == 0, let batch = try next.get() else { break }
            recorder.take(batch.badSamples, ofValidationAfter: step)
            idle.record(batch, of: .validation, step: step)
            let weight = objective.weight(of: batch.samples)
            parallel?.begin(isLast: false)
            if weight > 0 {
                let pass = try objective.pass(
                    batches.batch(batch.samples), numbers: batch.indices, of: .validation,
                    dropout: nil)
                let loss = try forward(pass.chain)
                let figures = try pass.figures()
                var values = try Tensors.items(of: [loss] + figures.scalars)[...]
                sums.loss += values.removeFirst()
                sums.weight += weight
                sums.figures = zip(sums.figures, figures.numbers(taking: &values))
                    .map { $0 + $1 }
            }
            try parallel?.didEndForward()
        }
        try exchange.shareIncidents()
        return sums
    }

    /// The sums of all processes; the lowest loss before is what rank 0 knows.
    private func shared(_ own: Sums, best: Double?) throws -> Sums {
        var sums = own
        guard let parallel = learner.parallel else {
            sums.lowest = best ?? .infinity
            return sums
        }
        let known = parallel.group.rank == 0 ? best : nil
        let totals = try parallel.sum(
            [own.loss, Double(own.weight), known == nil ? 0 : 1, known ?? 0] + own.figures)
        sums.loss = totals[0]
        sums.weight = Int(totals[1])
        sums.lowest = totals[2] > 0 ? totals[3] : .infinity
        sums.figures = Array(totals.dropFirst(4))
        return sums
    }

    /// Runs a chain without gradients; processes give each other the weights on the way.
    private func forward(_ chain: LossChain) throws -> Tensor {
        var state = chain.input
        for segment in chain.segments {
            try learner.parallel?.willRun(segment)
            state = try withoutGradients { () throws(TensorError) in try segment(state) }
            try learner.parallel?.didRun(segment)
        }
        return state
    }
}
