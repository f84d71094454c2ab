package import MiphaModels
import MiphaNN
package import MiphaTorch

extension MiphaModel {
    /// The chain from pairs of answers to the sum of their losses, which the host neither computes nor
    /// waits for.
    ///
    /// It is ``preferenceChain(_:loss:dropout:report:)`` without dropout and with losses in float32:
    /// likelihoods, slopes and figures stay on the model's device.
    ///
    /// - Parameter report: receives the figures of the pass; see `PairLosses`.
    /// - Throws: `SpliceError`; `TensorError`; `TrainingError` for rows that are not pairs.
    package func preferenceChain(
        unwaited batch: PreferenceBatch, loss: PreferenceLoss,
        report: @escaping ([Tensor]) -> Void
    ) throws -> LossChain {
        let reference = try batch.checkedReference(loss)
        batch.rows.requireOrder()
        var counts: [Int] = []
        let chain = try lossChain(batch.rows, dropout: nil) { plan in
            counts = plan.supervisedCounts
            let rows = counts.enumerated().flatMap { Array(repeating: $0, count: $1) }
            return [rows, PairLosses.facts(reference: reference, counts: counts)]
        }
        guard let supervised = chain.supervised else {
            preconditionFailure("the chain of a batch knows what is supervised")
        }
        let (positions, targets) = (supervised.positions, supervised.targets)
        let (rows, facts) = (supervised.lists[0], supervised.lists[1])
        let (head, width, answers) = (language.head, language.shape.width, counts)
        let last = Segment("preference", reads: head.places) { (hidden) throws(TensorError) in
            let chosen = try hidden.reshaped([-1, width]).selecting(positions)
            let states = try head.normalize(chosen)
            let (found, weights) = try withoutGradients { () throws(TensorError) in
                let sums = try head.answerSums(states, targets: targets, counts: answers)
                let found = try Functions.pairLosses(sums, facts: facts, loss.kind)
                return (found, try (found.slopes * -1).selecting(rows))
            }
            report(found.figures)
            let sum = try head.crossEntropySum(
                states, targets: targets, weights: weights, zLoss: 0, dropout: nil)
            // Zero in value: only the gradient of the sum goes through.
            return try found.loss + (sum - sum.detached())
        }
        return chain.endingIn(last)
    }
}

extension PreferenceLoss {
    /// The loss as the engine knows it.
    fileprivate var kind: PairLosses.Kind {
        switch self {
        case .dpo(let beta, let smoothing): .dpo(beta: beta, smoothing: smoothing)
        case .ipo(let beta): .ipo(beta: beta)
        case .simpo(let beta, let gamma, let smoothing):
            .simpo(beta: beta, gamma: gamma, smoothing: smoothing)
        }
    }
}
