import MiphaData
import MiphaModels
import MiphaTorch

extension Trainer {
    /// Measures the validation loss after the updates done, when it is due.
    ///
    /// - Returns: whether it is the lowest so far and its checkpoint is to be kept.
    func validate(_ recorder: Recorder) throws -> Bool {
        recorder.validationLoss = nil
        guard let validation,
            state.step % run.evaluationSteps == 0 || state.step == plan.totalSteps,
            let loss = try Self.loss(
                model, validation, collator: collator, batchSize: run.batchSize,
                parallel: parallel)
        else { return false }
        recorder.validationLoss = loss
        let isBest = loss.isFinite && loss < state.best?.loss ?? .infinity
        recorder.say(
            "update \(state.step): validation loss \(loss)\(isBest ? ", the lowest so far" : "")")
        if isBest && run.keepsBest {
            state.best = RunFolder.State.Best(step: state.step, loss: loss)
        }
        return isBest && run.keepsBest
    }

    /// Mean cross-entropy over the supervised positions of a data set, without dropout.
    ///
    /// - Parameter parallel: processes that share the batches; all run the same number of passes.
    /// - Returns: nats; `nil` when no position is supervised.
    static func loss(
        _ model: MiphaModel, _ data: TrainingDataSet, collator: Collator, batchSize: Int,
        parallel: DataParallel? = nil
    ) throws -> Double? {
        var (sum, count) = (0.0, 0)
        let (rank, world) = (parallel?.group.rank ?? 0, parallel?.group.worldSize ?? 1)
        let total = data.count
        for round in stride(from: 0, to: total, by: batchSize * world) {
            let start = min(round + rank * batchSize, total)
            let samples = try (start..<min(start + batchSize, total)).map(data.sample)
            parallel?.begin(isLast: false)
            if supervisedCount(samples) > 0 {
                let chain = try model.lossChain(try collator.batch(samples), dropout: nil)
                var state = chain.input
                for segment in chain.segments {
                    try parallel?.willRun(segment)
                    state = try withoutGradients { () throws(TensorError) in try segment(state) }
                    try parallel?.didRun(segment)
                }
                sum += try state.item()
                count += chain.supervisedCount
            }
            try parallel?.didEndForward()
        }
        if let parallel {
            let totals = try parallel.sum([sum, Double(count)])
            (sum, count) = (totals[0], Int(totals[1]))
        }
        return count > 0 ? sum / Double(count) : nil
    }
}
