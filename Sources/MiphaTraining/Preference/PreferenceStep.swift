public import MiphaModels
public import MiphaTorch

/// Pairs of answers for one pass: rows chosen, rejected, chosen, rejected, ...
public struct PreferenceBatch {
    /// The rows with labels over the answers.
    public var rows: MiphaBatch
    /// The reference model's log-probability of each row; empty where the loss needs none.
    public var reference: [Double]

    /// Creates a batch.
    public init(rows: MiphaBatch, reference: [Double] = []) {
        self.rows = rows
        self.reference = reference
    }

    /// The reference model's log-probability of each row; 0 where the loss needs none.
    ///
    /// - Throws: `TrainingError` for rows that are not pairs, or without them.
    func checkedReference(_ loss: PreferenceLoss) throws(TrainingError) -> [Double] {
        let count = rows.ids.count
        let expected = loss.needsReference ? count : 0
        guard count > 0, count.isMultiple(of: 2),
            reference.count == expected || !loss.needsReference
        else {
            throw TrainingError(
                .invalidRun,
                "a preference batch needs pairs of rows and \(expected) reference values, found "
                    + "\(count) rows and \(reference.count) values")
        }
        return loss.needsReference ? reference : Array(repeating: 0, count: count)
    }
}

/// The result of a pass over pairs.
public struct PreferenceOutcome: Sendable, Equatable {
    /// Sum of the losses of the pairs.
    public var loss = 0.0
    /// Number of pairs whose chosen answer is rewarded more than the rejected one.
    public var preferred = 0
    /// Sum of the rewards of the chosen answers.
    public var chosenRewards = 0.0
    /// Sum of the rewards of the rejected answers.
    public var rejectedRewards = 0.0
    /// The likelihood of each row under the policy.
    public var likelihoods: [AnswerLikelihood] = []

    /// Sum of the reward margins.
    public var margin: Double { chosenRewards - rejectedRewards }
    /// Log-probability of each row under the policy.
    public var logProbabilities: [Double] { likelihoods.map(\.logProbability) }

    /// An outcome of no pairs.
    public init() {}
}

extension MiphaModel {
    /// The log-probability of the supervised tokens of every row, without gradients or dropout.
    ///
    /// This is what a frozen reference model contributes; it is computed once and kept.
    public func answerLikelihoods(_ batch: MiphaBatch) throws -> [AnswerLikelihood] {
        var found: [AnswerLikelihood] = []
        let chain = try answerChain(batch, dropout: nil) { likelihoods in
            found = likelihoods
            return (0, nil)
        }
        _ = try withoutGradients { () throws(TensorError) in
            try chain.segments.run(chain.input)
        }
        return found
    }

    /// The chain from pairs of answers to the sum of their losses; see ``PreferenceLoss``.
    ///
    /// - Parameters:
    ///   - dropout: generator of dropout masks; `nil` turns dropout off.
    ///   - report: receives the result of the pass; twice when the last segment runs twice.
    /// - Throws: `SpliceError`; `TensorError`; `TrainingError` for rows that are not pairs.
    public func preferenceChain(
        _ batch: PreferenceBatch, loss: PreferenceLoss, dropout: RandomGenerator?,
        report: @escaping (PreferenceOutcome) -> Void = { _ in }
    ) throws -> LossChain {
        let reference = try batch.checkedReference(loss)
        let count = reference.count
        return try answerChain(batch.rows, dropout: dropout) { likelihoods in
            var outcome = PreferenceOutcome()
            var slopes: [Double] = []
            for pair in stride(from: 0, to: count, by: 2) {
                let value = loss(
                    chosen: likelihoods[pair], rejected: likelihoods[pair + 1],
                    reference: (reference[pair], reference[pair + 1]))
                slopes += [value.chosenSlope, value.rejectedSlope]
                outcome.loss += value.loss
                outcome.chosenRewards += value.chosenReward
                outcome.rejectedRewards += value.rejectedReward
                if value.margin > 0 { outcome.preferred += 1 }
            }
            outcome.likelihoods = likelihoods
            report(outcome)
            return (outcome.loss, slopes)
        }
    }

    /// A chain whose last segment weighs the rows' log-probabilities by slopes that depend on all
    /// of them.
    ///
    /// The value of the last segment is `objective`'s, its gradient that of the log-probabilities
    /// times the slopes: the outer derivative is taken by hand, in double precision. The head runs
    /// over the answers' positions twice, some at a time: for the log-probabilities, and once the
    /// slopes are known for the gradient.
    ///
    /// - Parameter objective: gives a value and the slopes, which are `nil` where nothing learns.
    private func answerChain(
        _ batch: MiphaBatch, dropout: RandomGenerator?,
        objective: @escaping ([AnswerLikelihood]) -> (value: Double, slopes: [Double]?)
    ) throws -> LossChain {
        let chain = try lossChain(batch, dropout: dropout)
        let plan = try plan(for: batch)
        guard let supervised = chain.supervised else {
            preconditionFailure("the chain of a batch knows what is supervised")
        }
        batch.requireOrder()
        let counts = plan.supervisedCounts
        let (positions, targets) = (supervised.positions, supervised.targets)
        let (head, width) = (language.head, language.shape.width)
        let last = Segment("preference", reads: head.places) { (hidden) throws(TensorError) in
            let chosen = try hidden.reshaped([-1, width]).selecting(positions)
            let states = try head.normalize(chosen)
            let likelihoods = try withoutGradients { () throws(TensorError) in
                try head.likelihoods(states, targets: targets, counts: counts)
            }
            let (value, slopes) = objective(likelihoods)
            let total = try Tensor.full([], value, device: hidden.device)
            guard let slopes else { return total }
            let weights = zip(slopes, counts).flatMap { slope, count in
                Array(repeating: Float(-slope), count: count)
            }
            let sum = try head.crossEntropySum(
                states, targets: targets, weights: Tensor(weights).uploaded(to: hidden.device),
                zLoss: 0, dropout: nil)
            // Zero in value: only the gradient of the sum goes through.
            return try total + (sum - sum.detached())
        }
        return chain.endingIn(last)
    }
}

extension MiphaBatch {
    /// Makes sure that what is supervised stands in the order of the samples.
    func requireOrder() {
        precondition(
            packing.map { Array($0.joined()) == Array(ids.indices) } ?? true,
            "samples are packed in their order")
    }
}

extension LanguageHead {
    /// The log-probability of each of several answers whose states stand one after another.
    fileprivate func likelihoods(
        _ states: Tensor, targets: Tensor, counts: [Int]
    ) throws(TensorError) -> [AnswerLikelihood] {
        // Read together: each reading waits for all that a device has to do.
        let values: [Double] = try answerSums(states, targets: targets, counts: counts).values()
        return zip(values, counts).map { AnswerLikelihood(logProbability: -$0, tokens: $1) }
    }

    /// The cross-entropies of the same answers, `[answers]`.
    func answerSums(
        _ states: Tensor, targets: Tensor, counts: [Int]
    ) throws(TensorError) -> Tensor {
        var sums: [Tensor] = []
        var start = 0
        for count in counts {
            let sum = try crossEntropySum(
                states.narrowed(0, from: start, length: count),
                targets: targets.narrowed(0, from: start, length: count))
            sums.append(try sum.reshaped([1]))
            start += count
        }
        return try Tensor.concatenating(sums, along: 0)
    }
}
