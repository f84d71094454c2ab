import MiphaData
import MiphaModels
import MiphaTorch

extension Trainer {
    /// Measures the validation loss after the updates done, when it is due.
    ///
    /// - Returns: whether it is the lowest so far and its checkpoint is to be kept.
    func validate(_ recorder: Recorder) throws -> Bool {
        recorder.validationLoss = nil
        recorder.validationFigures = []
        guard let validation,
            state.step % run.evaluationSteps == 0 || state.step == plan.totalSteps,
            let (loss, figures) = try measure(validation)
        else { return false }
        recorder.validationLoss = loss
        recorder.validationFigures = figures
        let isBest = loss.isFinite && loss < state.best?.loss ?? .infinity
        recorder.say(
            "update \(state.step): validation loss \(loss)\(isBest ? ", the lowest so far" : "")")
        if isBest && run.keepsBest {
            state.best = RunFolder.State.Best(step: state.step, loss: loss)
        }
        return isBest && run.keepsBest
    }

    /// Mean loss over the validation data, without dropout, and the objective's figures.
    ///
    /// Processes share the batches; all run the same number of passes.
    ///
    /// - Returns: `nil` when nothing counts in the mean, such as no supervised position.
    private func measure(
        _ data: TrainingDataSet
    ) throws -> (loss: Double, figures: [TrainingProgress.Figure])? {
        var (sum, weight) = (0.0, 0)
        var figures = objective.figures.map { _ in 0.0 }
        let (rank, world) = (parallel?.group.rank ?? 0, parallel?.group.worldSize ?? 1)
        for round in stride(from: 0, to: data.count, by: run.batchSize * world) {
            let start = min(round + rank * run.batchSize, data.count)
            let numbers = Array(start..<min(start + run.batchSize, data.count))
            let samples = try numbers.map(data.sample)
            let own = objective.weight(of: samples)
            parallel?.begin(isLast: false)
            if own > 0 {
                let pass = try objective.pass(
                    collator.batch(samples), numbers: numbers, of: .validation, dropout: nil)
                sum += try forward(pass.chain).item()
                weight += own
                figures = zip(figures, pass.figures()).map { $0 + $1 }
            }
            try parallel?.didEndForward()
        }
        if let parallel {
            let totals = try parallel.sum([sum, Double(weight)] + figures)
            (sum, weight) = (totals[0], Int(totals[1]))
            figures = Array(totals.dropFirst(2))
        }
        guard weight > 0 else { return nil }
        return (sum / Double(weight), self.figures(figures, weight: weight))
    }

    /// Runs a chain without gradients; processes give each other the weights on the way.
    private func forward(_ chain: LossChain) throws -> Tensor {
        var state = chain.input
        for segment in chain.segments {
            try parallel?.willRun(segment)
            state = try withoutGradients { () throws(TensorError) in try segment(state) }
            try parallel?.didRun(segment)
        }
        return state
    }
}
