import MiphaData
import MiphaModels
import MiphaTorch

/// Pairs of answers under a preference loss; every pair counts the same.
///
/// Dropout is off, as by default in TRL (`disable_dropout`): the policy starts as the reference
/// model.
final class PreferenceObjective: Objective {
    private let model: MiphaModel
    private let loss: PreferenceLoss
    /// The likelihoods of the pairs under the reference model, once they are known.
    private var reference: ReferenceLikelihoods?

    init(_ model: MiphaModel, _ loss: PreferenceLoss) {
        self.model = model
        self.loss = loss
    }

    var unit: String { "pairs" }

    /// TRL's names.
    var figures: [String] {
        [
            "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
            "logps/chosen", "logps/rejected",
        ]
    }

    func weight(of samples: [TrainingSample]) -> Int { samples.count }

    func prepare(
        _ context: ObjectiveContext, shouldStop: () -> Bool, note: (String) -> Void
    ) throws -> Bool {
        guard loss.needsReference else { return true }
        reference = try ReferencePass(context).run(shouldStop: shouldStop, note: note)
        return reference != nil
    }

    func pass(
        _ batch: MiphaBatch, numbers: [Int], of part: DataPart, dropout: RandomGenerator?
    ) throws -> ObjectivePass {
        var known: [Double] = []
        if loss.needsReference {
            guard let reference else {
                throw TrainingError(
                    .failed, "the reference model's log-probabilities are not there")
            }
            known = try numbers.flatMap { try reference.pair($0, of: part) }
        }
        let pairs = PreferenceBatch(rows: batch, reference: known)
        return try model.device.isAccelerator ? unwaitedPass(pairs) : pass(pairs)
    }

    /// The pass on a device, whose figures are read with its loss.
    private func unwaitedPass(_ pairs: PreferenceBatch) throws -> ObjectivePass {
        let found = Found()
        let chain = try model.preferenceChain(unwaited: pairs, loss: loss) { found.figures = $0 }
        return ObjectivePass(chain: chain) { () throws(TensorError) in
            guard found.figures.count == 5 else { return .known([]) }
            let (chosen, rejected) = (found.figures[0], found.figures[1])
            return .waiting(
                [chosen, rejected, found.figures[2], try chosen - rejected]
                    + found.figures.suffix(2))
        }
    }

    /// The pass in main memory, where losses are computed in float64.
    private func pass(_ pairs: PreferenceBatch) throws -> ObjectivePass {
        let outcome = Outcome()
        let chain = try model.preferenceChain(pairs, loss: loss, dropout: nil) {
            outcome.value = $0
        }
        return ObjectivePass(chain: chain) { [loss] () throws(TensorError) in
            let value = outcome.value
            // As TRL has it: the mean of an answer's tokens where the loss is of means alone.
            let sums = value.likelihoods.map {
                loss.needsReference ? $0.logProbability : $0.mean
            }
            func sum(from first: Int) -> Double {
                stride(from: first, to: sums.count, by: 2).reduce(0) { $0 + sums[$1] }
            }
            return .known([
                value.chosenRewards, value.rejectedRewards, Double(value.preferred), value.margin,
                sum(from: 0), sum(from: 1),
            ])
        }
    }

    /// The report of the last segment of a chain.
    private final class Outcome {
        var value = PreferenceOutcome()
    }

    /// The same on a device.
    private final class Found {
        var figures: [Tensor] = []
    }
}
