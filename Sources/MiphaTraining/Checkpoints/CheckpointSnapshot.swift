import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch

/// The contents of one checkpoint.
///
/// `@unchecked Sendable`: with ``copied()`` every tensor that training changes is a copy in main memory
/// that nothing else refers to, and the rest of the model (frozen parameters, names, config) is only
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

    /// The same with copies, in main memory, of all tensors that training goes on to change.
    func copied() throws -> CheckpointSnapshot {
        var copy = self
        let learned = try Self.copies(of: weights.map { (name: $0.key, tensor: $0.value) })
        copy.weights = Dictionary(uniqueKeysWithValues: learned.map { ($0.name, $0.tensor) })
        copy.optimizer = try Self.copies(of: optimizer)
        copy.average = try Self.copies(of: average)
        return copy
    }

    /// Copies in main memory, without gradients, under the same names.
    ///
    /// A device takes no memory for them.
    static func copies(
        of tensors: [(name: String, tensor: Tensor)]
    ) throws(TensorError) -> [(name: String, tensor: Tensor)] {
        let sources = try tensors.map { item throws(TensorError) in try item.tensor.detached() }
        let copies = try Tensors.hostCopies(of: sources)
        return zip(tensors, copies).map { (name: $0.name, tensor: $1) }
    }
}
