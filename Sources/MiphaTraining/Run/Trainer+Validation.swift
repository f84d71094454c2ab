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
                model, validation, collator: collator, batchSize: run.batchSize)
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
    /// - Returns: nats; `nil` when no position is supervised.
    static func loss(
        _ model: MiphaModel, _ data: TrainingDataSet, collator: Collator, batchSize: Int
    ) throws -> Double? {
        var (sum, count) = (0.0, 0)
        let total = data.count
        for start in stride(from: 0, to: total, by: batchSize) {
            let samples = try (start..<min(start + batchSize, total)).map(data.sample)
            guard supervisedCount(samples) > 0 else { continue }
            let chain = try model.lossChain(try collator.batch(samples), dropout: nil)
            let loss = try withoutGradients { () throws(TensorError) in
                try chain.segments.run(chain.input)
            }
            sum += try loss.item()
            count += chain.supervisedCount
        }
        return count > 0 ? sum / Double(count) : nil
    }
}
