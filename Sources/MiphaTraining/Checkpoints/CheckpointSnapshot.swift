import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch

/// The contents of one checkpoint.
///
/// `@unchecked Sendable`: with ``copied()`` every tensor that training changes is a copy that
/// nothing else refers to, and the rest of the model (frozen parameters, names, config) is only
/// read from then on, by training and writer alike. Without the copy it must not leave the thread.
struct CheckpointSnapshot: @unchecked Sendable {
    /// Number of updates done.
    let step: Int
    /// The model; the values of what learns are in `weights`.
    let model: MiphaModel
    /// Parameters that learn, by name.
    var weights: [String: Tensor]
    /// Their names, in the model's order.
    let trained: [String]
    /// State of optimiser and generators.
    var optimizer: [(name: String, tensor: Tensor)]
    /// Moving averages, if there are any.
    var average: [(name: String, tensor: Tensor)]
    /// Content of `trainer_state.json`.
    let state: JSONValue
    /// The checkpoint that must not be removed, besides the newest ones.
    let bestStep: Int?

    /// The same with copies of all tensors that training goes on to change.
    func copied() throws -> CheckpointSnapshot {
        var copy = self
        copy.weights = try weights.mapValues { try $0.detached().cloned() }
        copy.optimizer = try optimizer.map { ($0.name, try $0.tensor.cloned()) }
        copy.average = try average.map { ($0.name, try $0.tensor.cloned()) }
        return copy
    }
}
