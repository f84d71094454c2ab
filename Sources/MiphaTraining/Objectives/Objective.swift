import MiphaData
import MiphaModels
import MiphaTorch

/// The objective that a run minimises.
///
/// An update asks how much its samples weigh, runs their passes, and divides by the weight of all.
protocol Objective {
    /// The name of samples, in the plural.
    var unit: String { get }
    /// Names of the means that are reported beside the loss.
    var figures: [String] { get }

    /// The weight of samples in a mean.
    func weight(of samples: [TrainingSample]) -> Int

    /// The pass over a batch.
    ///
    /// - Parameters:
    ///   - numbers: of the batch's samples in their data set.
    ///   - dropout: generator of dropout masks; `nil` turns dropout off.
    func pass(
        _ batch: MiphaBatch, numbers: [Int], of part: DataPart, dropout: RandomGenerator?
    ) throws -> ObjectivePass

    /// Does what has to be done before the first update; every process takes part.
    ///
    /// - Parameters:
    ///   - context: the run.
    ///   - shouldStop: whether the run is to stop.
    ///   - note: receives progress.
    /// - Returns: false when the run is to stop.
    func prepare(
        _ context: ObjectiveContext, shouldStop: () -> Bool, note: (String) -> Void
    ) throws -> Bool
}

/// One pass over a batch.
struct ObjectivePass {
    /// The chain to the sum of the losses.
    let chain: LossChain
    /// Sums of the objective's figures; there when the chain has run.
    var figures: () throws(TensorError) -> PassFigures = { .known([]) }
}

/// The sums of an objective's figures over a batch.
enum PassFigures {
    /// Numbers.
    case known([Double])
    /// Scalars on a device, which nobody has waited for.
    case waiting([Tensor])

    /// The scalars that are to be read.
    var scalars: [Tensor] {
        if case .waiting(let scalars) = self { scalars } else { [] }
    }

    /// The numbers.
    ///
    /// - Parameter values: the values of scalars that were read; those of ``scalars`` are taken from its
    ///   beginning.
    func numbers(taking values: inout ArraySlice<Double>) -> [Double] {
        switch self {
        case .known(let numbers): return numbers
        case .waiting(let scalars):
            defer { values = values.dropFirst(scalars.count) }
            return Array(values.prefix(scalars.count))
        }
    }
}

/// Cross-entropy of the supervised positions.
struct TokenObjective: Objective {
    let model: MiphaModel
    /// Weight of the z-loss in training.
    let zLoss: Double

    var unit: String { "samples" }
    var figures: [String] { [] }

    func weight(of samples: [TrainingSample]) -> Int { samples.supervisedCount }

    func pass(
        _ batch: MiphaBatch, numbers: [Int], of part: DataPart, dropout: RandomGenerator?
    ) throws -> ObjectivePass {
        ObjectivePass(
            chain: try model.lossChain(
                batch, dropout: dropout, zLoss: part == .training ? zLoss : 0))
    }

    func prepare(
        _ context: ObjectiveContext, shouldStop: () -> Bool, note: (String) -> Void
    ) throws -> Bool { true }
}
